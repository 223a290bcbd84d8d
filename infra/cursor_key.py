"""The key that cursors are signed with."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct


class CursorKey(kms.Key):
    """An HMAC key that never leaves KMS."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(
            scope,
            name,
            description="Signs the cursors of the contact search",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
