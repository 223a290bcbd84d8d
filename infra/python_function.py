"""What all functions of the stack have in common."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.log_group import LogGroup
from infra.settings import Settings

ROOT = Path(__file__).parent.parent


class Code(NamedTuple):
    """A zip that `scripts/build` makes, of which `NAME_handler.handler` is the handler; seconds it may take."""

    name: str
    timeout: int


class PythonFunction(lambda_.Function):
    """A handler of lambdas/; it may write its own log and nothing else. Callers go through `live`, its alias."""

    def __init__(
        self, scope: Construct, name: str, code: Code, settings: Settings, environment: Mapping[str, str]
    ) -> None:
        self.logs = LogGroup(scope, f"{name}Logs", retention_days=settings.log_retention_days)
        role = iam.Role(scope, f"{name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.logs.grant_write(role)
        built = ROOT / "dist" / f"{code.name}.zip"
        asset = str(built if built.is_file() else ROOT / "lambdas")
        super().__init__(
            scope,
            name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{code.name}_handler.handler",
            code=lambda_.Code.from_asset(asset, exclude=["**/__pycache__"]),
            memory_size=settings.memory_megabytes,
            timeout=cdk.Duration.seconds(code.timeout),
            role=role,
            log_group=self.logs,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS,
            tracing=lambda_.Tracing.ACTIVE,
            environment=dict(environment) | {"POWERTOOLS_SERVICE_NAME": "contact-search"},
        )
        self.live = self.add_alias("live")
        # It has: the alias's.
        cdk.Annotations.of(self).acknowledge_warning("@aws-cdk/aws-lambda:snapStartRequirePublish")
        if not built.is_file():
            cdk.Annotations.of(self).add_warning_v2(
                "ContactSearch:NotBuilt", "Run scripts/build before you deploy: this function lacks its requirements"
            )
