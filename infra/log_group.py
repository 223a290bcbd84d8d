"""Logs, which are not kept for ever."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct


class LogGroup(logs.LogGroup):
    """Goes with the stack."""

    def __init__(self, scope: Construct, name: str, *, retention_days: int) -> None:
        super().__init__(scope, name, removal_policy=cdk.RemovalPolicy.DESTROY)
        resource = self.node.default_child
        assert isinstance(resource, logs.CfnLogGroup)  # noqa: S101 - tells mypy
        resource.retention_in_days = retention_days
