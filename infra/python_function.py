"""What all functions of the stack have in common."""

from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

ROOT = Path(__file__).parent.parent


class PythonFunction(lambda_.Function):
    """A handler of lambdas/, with what `scripts/build` put beside it; it may write its own log and nothing else."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        folder: str,
        timeout: cdk.Duration,
        environment: Mapping[str, str],
    ) -> None:
        """`folder` is the one in dist/; `NAME_handler.handler` in it is the handler."""
        log_group = logs.LogGroup(
            scope,
            f"{name}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = iam.Role(scope, f"{name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        built = ROOT / "dist" / folder
        super().__init__(
            scope,
            name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{folder}_handler.handler",
            code=lambda_.Code.from_asset(
                str(built if built.is_dir() else ROOT / "lambdas"), exclude=["**/__pycache__"]
            ),
            memory_size=1024,
            timeout=timeout,
            role=role,
            log_group=log_group,
            environment=dict(environment) | {"POWERTOOLS_SERVICE_NAME": "contact-search"},
        )
        if not built.is_dir():
            cdk.Annotations.of(self).add_warning_v2(
                "ContactSearch:NotBuilt", "Run scripts/build before you deploy: this function lacks its requirements"
            )
