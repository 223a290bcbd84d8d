"""The settings of a stage: what cdk.json's context has under its name, validated before anything is synthesized."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]


class SettingsError(Exception):
    """Keys of the context that are missing or wrong, by name."""


class Oidc(BaseModel):
    """The issuer whose bearer tokens are accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[str, Field(pattern=r"^https://\S+$")]
    audience: Annotated[str, Field(min_length=1)]
    jwks_uri: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    algorithms: list[str] = ["RS256", "ES256"]
    client_claims: list[str] = ["client_id", "azp"]


class Settings(BaseModel):
    """One stage. Without `oidc` API keys are the only credentials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connect_instance_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:connect:[a-z0-9-]+:\d{12}:instance/[\w-]+$")]
    cors_origins: list[_Origin] = []
    oidc: Oidc | None = None


def settings_of(stage: str, context: Any) -> Settings:
    """Raises SettingsError, which names every key that is missing or wrong."""
    try:
        return Settings.model_validate(context)
    except ValidationError as invalid:
        faults = [f"  {'.'.join(map(str, error['loc']))}: {error['msg']}" for error in invalid.errors()]
        raise SettingsError("\n".join([f"cdk.json, context, stages, {stage}:", *faults])) from None
