"""The function behind the HTTP API, and what it may do."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "dist" / "search"


class SearchFunction(lambda_.Function):
    """Searches one Amazon Connect instance."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        instance_arn: str,
        cursor_key: kms.IKey,
        transient_table: dynamodb.ITable,
    ) -> None:
        log_group = logs.LogGroup(
            scope,
            f"{name}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        super().__init__(
            scope,
            name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="search_handler.handler",
            code=lambda_.Code.from_asset(
                str(BUILT if BUILT.is_dir() else ROOT / "lambdas"), exclude=["**/__pycache__"]
            ),
            memory_size=1024,
            timeout=cdk.Duration.seconds(29),
            role=_role(scope, f"{name}Role", log_group, instance_arn),
            log_group=log_group,
            environment={
                "CONNECT_INSTANCE_ID": instance_arn.rsplit("/", 1)[-1],
                "CURSOR_KEY_ID": cursor_key.key_arn,
                "TRANSIENT_TABLE_NAME": transient_table.table_name,
                "POWERTOOLS_SERVICE_NAME": "contact-search",
            },
        )
        cursor_key.grant(self, "kms:GenerateMac")
        transient_table.grant(self, "dynamodb:GetItem", "dynamodb:UpdateItem")
        if not BUILT.is_dir():
            cdk.Annotations.of(self).add_warning_v2(
                "ContactSearch:NotBuilt", "Run scripts/build before you deploy: this function lacks its requirements"
            )


def _role(scope: Construct, name: str, log_group: logs.ILogGroup, instance_arn: str) -> iam.Role:
    """Logs, and the search of this one instance. Attribute search asks for GetContactAttributes on its contacts.

    Source: service authorization reference, "Actions defined by Amazon Connect".
    """
    role = iam.Role(scope, name, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    role.add_to_policy(iam.PolicyStatement(actions=["connect:SearchContacts"], resources=[instance_arn]))
    role.add_to_policy(
        iam.PolicyStatement(actions=["connect:GetContactAttributes"], resources=[f"{instance_arn}/contact/*"])
    )
    return role
