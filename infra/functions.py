"""The two functions behind the API, and what each may do."""

from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.logs import LogGroups
from infra.settings import Oidc, Settings
from infra.storage import Storage

ROOT = Path(__file__).parent.parent
# Settings that the search function's environment has under the same name in capitals.
_SAME_IN_ENVIRONMENT = (
    *("quota_rate", "quota_burst", "describe_rate", "describe_burst", "wait_seconds", "waiting_per_caller"),
    *("page_seconds", "closed_page_seconds", "now_rounded_to_seconds"),
)


class PythonFunction(lambda_.Function):
    """Run `NAME_handler.handler` of dist/NAME.zip. Callers invoke its alias, `live`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        timeout_seconds: int,
        reserved_concurrency: int | None,
        environment: Mapping[str, str],
        settings: Settings,
        log_groups: LogGroups,
    ) -> None:
        self.logs = log_groups.add(construct_id)
        # A role of its own may write this one log; Lambda's managed policy would allow all logs.
        role = iam.Role(scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.logs.grant_write(role)
        super().__init__(
            scope,
            construct_id,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{name}_handler.handler",
            code=_code(name),
            memory_size=settings.memory_megabytes,
            timeout=cdk.Duration.seconds(timeout_seconds),
            reserved_concurrent_executions=reserved_concurrency,
            role=role,
            log_group=self.logs,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS,
            tracing=lambda_.Tracing.ACTIVE,
            environment=dict(environment) | {"POWERTOOLS_SERVICE_NAME": "contact-search"},
        )
        self.live = self.add_alias("live")
        # The alias publishes versions, but CDK warns before it sees that.
        cdk.Annotations.of(self).acknowledge_warning("@aws-cdk/aws-lambda:snapStartRequirePublish")

    def allow(self, action: str, resource: str, conditions: dict[str, dict[str, list[str]]] | None = None) -> None:
        self._add_statement(iam.Effect.ALLOW, action, resource, conditions)

    def deny(self, action: str, resource: str, conditions: dict[str, dict[str, list[str]]]) -> None:
        self._add_statement(iam.Effect.DENY, action, resource, conditions)

    def _add_statement(
        self, effect: iam.Effect, action: str, resource: str, conditions: dict[str, dict[str, list[str]]] | None
    ) -> None:
        self.add_to_role_policy(
            iam.PolicyStatement(effect=effect, actions=[action], resources=[resource], conditions=conditions)
        )


class SearchFunction(PythonFunction):
    """Search one Amazon Connect instance."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, storage: Storage, log_groups: LogGroups
    ) -> None:
        environment = {
            "CONNECT_INSTANCE_ID": settings.instance.id,
            "CORS_ORIGINS": " ".join(settings.cors_origins),
            "CURSOR_KEY_IDS": " ".join(key.key_arn for key in storage.cursor_keys),
            "DURABLE_TABLE_NAME": storage.durable_table.table_name,
            "TRANSIENT_TABLE_NAME": storage.transient_table.table_name,
            **{name.upper(): f"{getattr(settings, name):g}" for name in _SAME_IN_ENVIRONMENT},
        }
        super().__init__(
            scope,
            construct_id,
            name="search",
            timeout_seconds=29,  # API Gateway waits no longer
            reserved_concurrency=settings.reserved_concurrency.search,
            environment=environment,
            settings=settings,
            log_groups=log_groups,
        )
        for key in storage.cursor_keys:
            key.grant(self, "kms:GenerateMac")
        storage.transient_table.grant(self, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
        # It may read what clients are granted, but not the hashes of their API keys.
        self.allow(
            "dynamodb:GetItem",
            storage.durable_table.table_arn,
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["client *"]}},
        )
        self._allow_calls_of_connect(settings.connect_instance_arn, transcripts=settings.transcript_search)

    def _allow_calls_of_connect(self, instance_arn: str, *, transcripts: bool) -> None:
        """Allow what SearchContacts needs, to read single contacts, and to read the names of queues and agents.

        Source: service authorization reference, "Actions, resources, and condition keys for Amazon Connect".
        """
        self.allow("connect:SearchContacts", instance_arn)
        self.allow("connect:DescribeContact", f"{instance_arn}/contact/*")
        # Searches by contact attribute need this action on the contacts found, too.
        self.allow("connect:GetContactAttributes", f"{instance_arn}/contact/*")
        self.allow("connect:ListQueues", f"{instance_arn}/queue/*")
        self.allow("connect:ListUsers", instance_arn)
        if not transcripts:
            self.deny(
                "connect:SearchContacts",
                instance_arn,
                {"StringEquals": {"connect:SearchContactsByContactAnalysis": ["Transcript"]}},
            )


class AuthorizerFunction(PythonFunction):
    """Authenticate callers by API key or bearer token."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, storage: Storage, log_groups: LogGroups
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            name="authorizer",
            timeout_seconds=10,
            reserved_concurrency=settings.reserved_concurrency.authorizer,
            environment={
                "DURABLE_TABLE_NAME": storage.durable_table.table_name,
                **_oidc_environment(settings.oidc),
            },
            settings=settings,
            log_groups=log_groups,
        )
        storage.durable_table.grant(self, "dynamodb:GetItem")


def _oidc_environment(oidc: Oidc | None) -> dict[str, str]:
    if oidc is None:
        return {}
    return {
        "OIDC_ISSUER": oidc.issuer,
        "OIDC_AUDIENCE": oidc.audience,
        "OIDC_JWKS_URI": oidc.jwks_uri or "",
        "OIDC_ALGORITHMS": " ".join(oidc.algorithms),
        "OIDC_CLIENT_CLAIMS": " ".join(oidc.client_claims),
    }


def _code(name: str) -> lambda_.Code:
    """Return what scripts/build has made, or the bare sources where nothing was built.

    The laptop and the tests need no build: app.py refuses to synthesize any other stage without one.
    """
    built = ROOT / "dist" / f"{name}.zip"
    return lambda_.Code.from_asset(str(built if built.is_file() else ROOT / "lambdas"), exclude=["**/__pycache__"])
