"""The functions, and what each may do."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contact_search import __version__
from infra.logs import LogGroups
from infra.settings import Oidc, Settings
from infra.storage import Storage

ROOT = Path(__file__).parent.parent
# Settings that the functions' environment has under the same name in capitals.
_SAME_IN_ENVIRONMENT = (
    *("quota_rate", "quota_burst", "describe_rate", "describe_burst", "wait_seconds", "waiting_per_caller"),
    *("page_seconds", "closed_page_seconds", "now_rounded_to_seconds"),
    *("export_days", "exports_per_client"),
)
# A slice is one invocation of the export function, and one part at most.
_SLICE = {"EXPORT_SLICE_CONTACTS": "10000", "EXPORT_SLICE_SECONDS": "600"}
Conditions = Mapping[str, Mapping[str, list[str]]]
EXPORT_TIMEOUT = 900  # seconds, Lambda's most: a slice, the last call of it, and writing the part
EXPORTS_PREFIX = "exports/"


class PythonFunction(lambda_.Function):
    """Run `NAME_handler.handler` of dist/PACKAGE.zip. Callers invoke its alias, `live`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        package: str,
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
            code=_code(package),
            memory_size=settings.memory_megabytes,
            timeout=cdk.Duration.seconds(timeout_seconds),
            reserved_concurrent_executions=reserved_concurrency,
            role=role,
            log_group=self.logs,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                **environment,
                "POWERTOOLS_SERVICE_NAME": "contact-search",
                "CONTACT_SEARCH_VERSION": __version__,  # for operators: what runs says so in the console
            },
        )
        self.live = self.add_alias("live")
        # The alias publishes versions, but CDK warns before it sees that.
        cdk.Annotations.of(self).acknowledge_warning("@aws-cdk/aws-lambda:snapStartRequirePublish")

    def allow(self, action: str, resource: str, conditions: Conditions | None = None) -> None:
        self._add_statement(iam.Effect.ALLOW, action, resource, conditions)

    def deny(self, action: str, resource: str, conditions: Conditions) -> None:
        self._add_statement(iam.Effect.DENY, action, resource, conditions)

    def _add_statement(self, effect: iam.Effect, action: str, resource: str, conditions: Conditions | None) -> None:
        self.add_to_role_policy(
            iam.PolicyStatement(effect=effect, actions=[action], resources=[resource], conditions=conditions)
        )


class SearchFunction(PythonFunction):
    """Answer the API's requests: search one Amazon Connect instance, and start exports."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        storage: Storage,
        export_bucket: s3.IBucket,
        export_state_machine_arn: str,
        log_groups: LogGroups,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            name="search",
            package="search",
            timeout_seconds=29,  # API Gateway waits no longer
            reserved_concurrency=settings.reserved_concurrency.search,
            environment={
                **_environment(settings, storage, export_bucket),
                "CURSOR_KEY_IDS": " ".join(key.key_arn for key in storage.cursor_keys),
                "CORS_ORIGINS": " ".join(settings.cors_origins),
                "EXPORT_STATE_MACHINE_ARN": export_state_machine_arn,
                **_sign_in_environment(settings.oidc),
            },
            settings=settings,
            log_groups=log_groups,
        )
        _allow_searches(self, settings, storage)
        for key in storage.cursor_keys:
            key.grant(self, "kms:GenerateMac")
        self.allow("states:StartExecution", export_state_machine_arn)
        # Whoever has a presigned URL reads the part with the rights of this function.
        _allow_objects(self, export_bucket, "s3:GetObject", "s3:DeleteObject")
        _allow_bucket_key(self, export_bucket, "kms:Decrypt")


class ExportFunction(PythonFunction):
    """Export one slice of an export. The state machine invokes it until all are done."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        storage: Storage,
        export_bucket: s3.IBucket,
        log_groups: LogGroups,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            name="export",
            package="search",  # it is the same package: a search, and where its contacts go
            timeout_seconds=EXPORT_TIMEOUT,
            reserved_concurrency=settings.reserved_concurrency.export,
            environment=_environment(settings, storage, export_bucket),
            settings=settings,
            log_groups=log_groups,
        )
        _allow_searches(self, settings, storage)
        _allow_objects(self, export_bucket, "s3:PutObject", "s3:DeleteObject")
        _allow_bucket_key(self, export_bucket, "kms:GenerateDataKey")


class AuthorizerFunction(PythonFunction):
    """Authenticate callers by API key or bearer token."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, storage: Storage, log_groups: LogGroups
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            name="authorizer",
            package="authorizer",
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


def _environment(settings: Settings, storage: Storage, export_bucket: s3.IBucket) -> dict[str, str]:
    """Return what each function that searches needs."""
    return {
        "CONNECT_INSTANCE_ID": settings.instance.id,
        "DURABLE_TABLE_NAME": storage.durable_table.table_name,
        "TRANSIENT_TABLE_NAME": storage.transient_table.table_name,
        "EXPORT_BUCKET_NAME": export_bucket.bucket_name,
        **_SLICE,
        **{name.upper(): f"{getattr(settings, name):g}" for name in _SAME_IN_ENVIRONMENT},
    }


def _allow_searches(function: PythonFunction, settings: Settings, storage: Storage) -> None:
    """Allow what SearchContacts needs, to read the names of queues and agents, and to use both tables.

    Source: service authorization reference, "Actions, resources, and condition keys for Amazon Connect".
    """
    storage.transient_table.grant(function, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
    # It may read what clients are granted, but not the hashes of their API keys.
    _allow_items(function, storage, ["client *"], "dynamodb:GetItem")
    _allow_items(
        function,
        storage,
        ["export *", "exports *"],
        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"),
        *("dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    )
    instance_arn = settings.connect_instance_arn
    function.allow("connect:SearchContacts", instance_arn)
    # The reference lists this as a dependent action of SearchContacts. It shows no more than the service does.
    function.allow("connect:DescribeContact", f"{instance_arn}/contact/*")
    # Searches by contact attribute need this action on the contacts found.
    function.allow("connect:GetContactAttributes", f"{instance_arn}/contact/*")
    function.allow("connect:ListQueues", f"{instance_arn}/queue/*")
    function.allow("connect:ListUsers", instance_arn)
    if not settings.transcript_search:
        function.deny(
            "connect:SearchContacts",
            instance_arn,
            {"StringEquals": {"connect:SearchContactsByContactAnalysis": ["Transcript"]}},
        )


def _allow_items(function: PythonFunction, storage: Storage, keys: list[str], *actions: str) -> None:
    """Allow actions on the items of the durable table whose keys are like these."""
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}}
    for action in actions:
        function.allow(action, storage.durable_table.table_arn, condition)


def _allow_objects(function: PythonFunction, bucket: s3.IBucket, *actions: str) -> None:
    """Allow actions on the parts of exports, and to list them."""
    for action in actions:
        function.allow(action, bucket.arn_for_objects(f"{EXPORTS_PREFIX}*"))
    function.allow("s3:ListBucket", bucket.bucket_arn, {"StringLike": {"s3:prefix": [f"{EXPORTS_PREFIX}*"]}})


def _allow_bucket_key(function: PythonFunction, bucket: s3.IBucket, action: str) -> None:
    """Allow the bucket's key to be used, but by way of S3 alone."""
    assert bucket.encryption_key is not None  # noqa: S101 - tells mypy
    region = cdk.Stack.of(function).region
    function.allow(
        action, bucket.encryption_key.key_arn, {"StringEquals": {"kms:ViaService": [f"s3.{region}.amazonaws.com"]}}
    )


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


def _sign_in_environment(oidc: Oidc | None) -> dict[str, str]:
    if oidc is None or oidc.sign_in is None:
        return {}
    return {
        "SIGN_IN_ISSUER": oidc.issuer,
        "SIGN_IN_CLIENT_ID": oidc.sign_in.client_id,
        "SIGN_IN_AUTHORIZATION_ENDPOINT": oidc.sign_in.authorization_endpoint,
        "SIGN_IN_TOKEN_ENDPOINT": oidc.sign_in.token_endpoint,
        "SIGN_IN_END_SESSION_ENDPOINT": oidc.sign_in.end_session_endpoint or "",
        "SIGN_IN_SCOPES": " ".join(oidc.sign_in.scopes),
        "SIGN_IN_PARAMETERS": urlencode(oidc.sign_in.parameters),
    }


def _code(name: str) -> lambda_.Code:
    """Return what scripts/build has made, or the bare sources where nothing was built.

    The laptop and the tests need no build: app.py refuses to synthesize any other stage without one.
    """
    built = ROOT / "dist" / f"{name}.zip"
    return lambda_.Code.from_asset(str(built if built.is_file() else ROOT / "lambdas"), exclude=["**/__pycache__"])
