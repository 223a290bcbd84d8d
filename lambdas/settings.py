"""The settings of the functions: their environment, validated at their start.

One field a variable, in capitals in the environment; lists are separated by spaces.
"""

import os
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_ASYMMETRIC = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}


def _asymmetric(algorithms: list[str]) -> list[str]:
    """With a shared secret, or none, whoever has the issuer's public keys could sign tokens."""
    if not set(algorithms) <= _ASYMMETRIC:
        raise ValueError(f"must be among {', '.join(sorted(_ASYMMETRIC))}")
    return algorithms


_Words = Annotated[list[str], BeforeValidator(str.split)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)  # each function reads its own

    durable_table_name: str = Field(min_length=1)


class SearchSettings(_Settings):
    """A quota_rate of 0 is no limiter, page_seconds of 0 is no page cache; a CORS origin of `*` is any.

    The first of the cursor_key_ids signs, all of them are good for reading.
    """

    connect_instance_id: str = Field(min_length=1, max_length=100)
    cursor_key_ids: Annotated[_Words, Field(min_length=1)]
    transient_table_name: str = Field(min_length=1)
    quota_rate: float = Field(0.5, ge=0, le=1000)
    quota_burst: int = Field(1, ge=1, le=10_000)
    wait_seconds: float = Field(3, ge=0, le=20)
    page_seconds: int = Field(10, ge=0, le=3600)
    closed_page_seconds: int = Field(300, ge=0, le=3600)
    now_rounded_to_seconds: int = Field(10, ge=1, le=3600)
    cors_origins: _Words = []


class AuthorizerSettings(_Settings):
    """No oidc_issuer: no tokens are accepted. No oidc_jwks_uri: the issuer's discovery document says it."""

    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_uri: str = ""
    oidc_algorithms: Annotated[_Words, AfterValidator(_asymmetric), Field(min_length=1)] = ["RS256", "ES256"]
    oidc_client_claims: Annotated[_Words, Field(min_length=1)] = ["client_id", "azp"]


_S = TypeVar("_S", bound=_Settings)


def of_environment(settings: type[_S]) -> _S:
    """Raises pydantic.ValidationError, which names the variable, where one is missing or wrong."""
    return settings.model_validate(
        {name: os.environ[name.upper()] for name in settings.model_fields if name.upper() in os.environ}
    )
