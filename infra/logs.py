"""Log groups: encrypted, kept for a number of days, and kept when the stack is deleted."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct


class LogGroups(Construct):
    """Make the stack's log groups, with one KMS key for all of them.

    Both outlive the stack: after an incident, or a deletion by mistake, the logs are what is needed most.
    """

    def __init__(self, scope: Construct, construct_id: str, *, retention_days: int) -> None:
        super().__init__(scope, construct_id)
        self._retention_days = retention_days
        self._key = kms.Key(
            self,
            "Key",
            description="Encrypts the logs of the contact search",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        stack = cdk.Stack.of(self)
        # Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
        self._key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                            service="logs",
                            resource="log-group",
                            resource_name="*",
                            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                        )
                    }
                },
            )
        )

    def add(self, construct_id: str, name: str | None = None) -> logs.LogGroup:
        """Make a log group. CloudFormation names it unless a name is given."""
        group = logs.LogGroup(
            self,
            construct_id,
            log_group_name=name,
            encryption_key=self._key,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        # The property takes any number; the construct's argument takes only the members of an enumeration.
        resource = group.node.default_child
        assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 - tells mypy
        resource.retention_in_days = self._retention_days
        return group
