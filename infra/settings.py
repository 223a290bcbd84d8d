"""The settings of a stage: its part of cdk.json's context, validated before anything is synthesized."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError, field_validator, model_validator

# The stage that scripts/serve runs on a laptop. It cannot be deployed.
LAPTOP = "laptop"

_Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]
_Url = Annotated[str, Field(pattern=r"^https://\S+$")]
_Endpoint = Annotated[str, Field(pattern=r"^https://[^\s;,'\"]+$")]
_Text = Annotated[str, Field(min_length=1)]
_Concurrency = Annotated[int, Field(gt=0)]
_Networks = Annotated[list[IPvAnyNetwork], Field(max_length=10_000)]


class SettingsError(Exception):
    """Keys of the context are missing or wrong; the message names each."""


class Instance(NamedTuple):
    """The parts of an instance's ARN that name it, and where the stack has to go."""

    region: str
    account: str
    id: str


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignIn(_Keys):
    """What the explorer needs to sign people in. The issuer's discovery document has the endpoints."""

    client_id: _Text
    authorization_endpoint: _Endpoint
    token_endpoint: _Endpoint
    end_session_endpoint: _Endpoint | None = None
    scopes: Annotated[list[Annotated[str, Field(pattern=r"^\S+$")]], Field(min_length=1)] = ["openid"]
    parameters: dict[str, str] = {}

    @field_validator("scopes")
    @classmethod
    def _check_scopes(cls, scopes: list[str]) -> list[str]:
        if "openid" not in scopes:
            raise ValueError("must have openid: without it there is no ID token to check")
        return scopes


class Oidc(_Keys):
    """The issuer whose bearer tokens are accepted."""

    issuer: _Url
    audience: _Text
    jwks_uri: _Url | None = None
    algorithms: Annotated[list[_Text], Field(min_length=1)] = ["RS256", "ES256"]
    client_claims: Annotated[list[_Text], Field(min_length=1)] = ["client_id", "azp"]
    sign_in: SignIn | None = None


class Throttle(_Keys):
    """Requests a second, and how many at once after a pause."""

    rate: Annotated[float, Field(gt=0)]
    burst: Annotated[int, Field(gt=0)]


class UsagePlans(_Keys):
    """The throttle of each client of a plan. None is no limit below the stage's."""

    internal: Throttle | None = None
    partner: Throttle | None = Throttle(rate=20, burst=200)
    frontend: Throttle | None = Throttle(rate=50, burst=500)


class ReservedConcurrency(_Keys):
    """The environments that each function has to itself, and cannot exceed. None shares the account's."""

    search: _Concurrency | None = None
    authorizer: _Concurrency | None = None
    export: _Concurrency | None = None


class Domain(_Keys):
    """A domain name of your own, with its certificate in the same region."""

    name: _Text
    certificate_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:acm:")]


class Settings(_Keys):
    """Hold the settings of one stage."""

    connect_instance_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:connect:[a-z0-9-]+:\d{12}:instance/[\w-]+$")]
    # what callers may see
    transcript_search: bool = True
    cors_origins: list[_Origin] = []
    oidc: Oidc | None = None
    # how often
    quota_rate: Annotated[float, Field(ge=0, le=1000)] = 0.5
    quota_burst: Annotated[int, Field(ge=1, le=10_000)] = 1
    wait_seconds: Annotated[float, Field(ge=0, le=20)] = 3
    describe_rate: Annotated[float, Field(ge=0, le=1000)] = 10
    describe_burst: Annotated[int, Field(ge=1, le=10_000)] = 15
    waiting_per_caller: Annotated[int, Field(ge=1, le=1000)] = 5
    page_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    closed_page_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    now_rounded_to_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    throttle: Throttle = Throttle(rate=100, burst=1000)
    usage_plans: UsagePlans = UsagePlans()
    # bulk export
    export_days: Annotated[int, Field(ge=1, le=90)] = 7
    exports_per_client: Annotated[int, Field(ge=1, le=100)] = 3
    # who is let in
    requests_per_address: Annotated[int, Field(ge=10, le=2_000_000_000)] | None = 6_000
    allowed_addresses: _Networks = []
    blocked_addresses: _Networks = []
    domain: Domain | None = None
    vpc_endpoint_ids: Annotated[list[_Text], Field(min_length=1)] | None = None
    # how it runs
    memory_megabytes: Annotated[int, Field(ge=256, le=10_240)] = 1024
    reserved_concurrency: ReservedConcurrency = ReservedConcurrency()
    account_concurrency: _Concurrency = 1000
    rollout: Literal["all_at_once", "canary", "linear"] = "canary"
    cursor_keys: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$")]], Field(min_length=1)] = ["A"]
    durable_table_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{3,255}$")] | None = None
    termination_protection: bool = True
    # how it is watched
    api_gateway_logs_role: bool = True
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    heartbeat: bool = True
    alarm_topic_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$")] | None = None
    alarm_email: Annotated[str, Field(pattern=r"^\S+@\S+$")] | None = None
    tags: dict[str, str] = {"service": "contact-search"}

    @property
    def instance(self) -> Instance:
        _, _, _, region, account, resource = self.connect_instance_arn.split(":", 5)
        return Instance(region, account, resource.removeprefix("instance/"))

    @property
    def watches_heartbeat(self) -> bool:
        """Return whether there is a scheduled check. It runs outside of VPCs, where it cannot reach a private API."""
        return self.heartbeat and not self.vpc_endpoint_ids

    @model_validator(mode="after")
    def _check_combinations(self) -> "Settings":
        if self.domain and self.vpc_endpoint_ids:
            raise ValueError("a private API (vpc_endpoint_ids) cannot have a public domain")
        if self.requests_per_address is None and (self.allowed_addresses or self.blocked_addresses):
            raise ValueError("allowed_addresses and blocked_addresses need the firewall (requests_per_address)")
        return self


def parse_settings(stage: str, context: Any) -> Settings:
    """Validate a stage's part of the context.

    Raises:
        SettingsError: Names every key that is missing or wrong.
    """
    try:
        return Settings.model_validate(context)
    except ValidationError as invalid:
        faults = [
            f"  {'.'.join(map(str, error['loc'])) or 'together'}: {error['msg'].removeprefix('Value error, ')}"
            for error in invalid.errors()
        ]
        raise SettingsError("\n".join([f"cdk.json, context, stages, {stage}:", *faults])) from None


def find_settings(context: Any, stage: str) -> Settings:
    """Find and validate the settings of a stage in cdk.json's context.

    Raises:
        SettingsError: There is no such stage, or its settings are wrong.
    """
    stages = context["stages"]
    if stage not in stages:
        raise SettingsError(f"cdk.json, context, stages: there is no {stage!r} among {', '.join(stages)}")
    return parse_settings(stage, stages[stage])


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack in CloudFormation."""
    return f"ContactSearch-{stage}"
