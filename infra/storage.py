"""The two tables, and the keys that sign cursors."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

_KEY = dynamodb.Attribute(name="key", type=dynamodb.AttributeType.STRING)


class Storage(Construct):
    """Hold both tables and the cursor keys. The first key signs; all of them verify."""

    def __init__(
        self, scope: Construct, construct_id: str, *, cursor_keys: Sequence[str], durable_table_name: str | None
    ) -> None:
        super().__init__(scope, construct_id)
        self.cursor_keys = [CursorKey(self, f"CursorKey{name}") for name in cursor_keys]
        self.transient_table = TransientTable(self, "TransientTable")
        self.durable_table: dynamodb.ITable = (
            dynamodb.Table.from_table_name(self, "ExistingDurableTable", durable_table_name)
            if durable_table_name
            else DurableTable(self, "DurableTable")
        )


class TransientTable(dynamodb.Table):
    """Hold what may be lost: cached pages, leases, the limiter's state. Items expire."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=_KEY,
            time_to_live_attribute="expires_at",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )


class DurableTable(dynamodb.Table):
    """Hold what must not be lost: clients and the hashes of their API keys. The table outlives the stack."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=_KEY,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


class CursorKey(kms.Key):
    """An HMAC key that never leaves KMS."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Signs the cursors of the contact search",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
