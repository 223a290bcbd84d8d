"""The settings of a stage: what cdk.json's context has under its name, validated before anything is synthesized."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]
_Url = Annotated[str, Field(pattern=r"^https://\S+$")]
_Text = Annotated[str, Field(min_length=1)]


class SettingsError(Exception):
    """Keys of the context that are missing or wrong, by name."""


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Oidc(_Keys):
    """The issuer whose bearer tokens are accepted."""

    issuer: _Url
    audience: _Text
    jwks_uri: _Url | None = None
    algorithms: Annotated[list[_Text], Field(min_length=1)] = ["RS256", "ES256"]
    client_claims: Annotated[list[_Text], Field(min_length=1)] = ["client_id", "azp"]


class Throttle(_Keys):
    """Requests a second, and at once after a pause."""

    rate: Annotated[float, Field(gt=0)]
    burst: Annotated[int, Field(gt=0)]


class UsagePlans(_Keys):
    """What each kind of client may send; None: as much as the stage takes."""

    internal: Throttle | None = None
    partner: Throttle | None = Throttle(rate=20, burst=200)
    frontend: Throttle | None = Throttle(rate=50, burst=500)


class Domain(_Keys):
    """A domain name of one's own, with its certificate in the same region."""

    name: _Text
    certificate_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:acm:")]


class Settings(_Keys):
    """One stage. What is None is not made."""

    connect_instance_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:connect:[a-z0-9-]+:\d{12}:instance/[\w-]+$")]
    # what callers may ask
    transcript_search: bool = True
    cors_origins: list[_Origin] = []
    oidc: Oidc | None = None
    # how often
    quota_rate: Annotated[float, Field(ge=0, le=1000)] = 0.5
    quota_burst: Annotated[int, Field(ge=1, le=10_000)] = 1
    wait_seconds: Annotated[float, Field(ge=0, le=20)] = 3
    page_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    closed_page_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    now_rounded_to_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    throttle: Throttle = Throttle(rate=100, burst=1000)
    usage_plans: UsagePlans = UsagePlans()
    requests_per_address: Annotated[int, Field(ge=10, le=2_000_000_000)] | None = 6_000
    # where
    domain: Domain | None = None
    vpc_endpoint_ids: Annotated[list[_Text], Field(min_length=1)] | None = None
    # how it runs
    memory_megabytes: Annotated[int, Field(ge=256, le=10_240)] = 1024
    rollout: Literal["all_at_once", "canary", "linear"] = "canary"
    cursor_keys: Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$")]], Field(min_length=1)] = ["A"]
    api_gateway_logs_role: bool = True
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    alarm_email: Annotated[str, Field(pattern=r"^\S+@\S+$")] | None = None
    tags: dict[str, str] = {"service": "contact-search"}

    @model_validator(mode="after")
    def _reachable(self) -> "Settings":
        if self.domain and self.vpc_endpoint_ids:
            raise ValueError("a private API (vpc_endpoint_ids) cannot have a public domain")
        return self


def settings_of(stage: str, context: Any) -> Settings:
    """Raises SettingsError, which names every key that is missing or wrong."""
    try:
        return Settings.model_validate(context)
    except ValidationError as invalid:
        faults = [f"  {'.'.join(map(str, error['loc'])) or 'it'}: {error['msg']}" for error in invalid.errors()]
        raise SettingsError("\n".join([f"cdk.json, context, stages, {stage}:", *faults])) from None
