"""Read the settings of the functions from their environment.

Each field is a variable, in capitals in the environment. Lists are separated by spaces.
"""

import os
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_ASYMMETRIC = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}


def _check_asymmetric(algorithms: list[str]) -> list[str]:
    """Allow no shared secrets and no "none": everybody knows the issuer's public keys, and could sign with them."""
    if not set(algorithms) <= _ASYMMETRIC:
        raise ValueError(f"must be among {', '.join(sorted(_ASYMMETRIC))}")
    return algorithms


_Words = Annotated[list[str], BeforeValidator(str.split)]
# Of an issuer, for browsers. It becomes a part of the explorer's Content-Security-Policy.
_Endpoint = Annotated[str, Field(pattern=r"^(https?://[^\s;,'\"]+)?$")]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)  # a function needs the validator of its own settings alone

    durable_table_name: str = Field(min_length=1)

    @classmethod
    def from_environment(cls) -> Self:
        """Validate the environment.

        Raises:
            pydantic.ValidationError: A variable is missing or wrong. The error names it.
        """
        names = (name for name in cls.model_fields if name.upper() in os.environ)
        return cls.model_validate({name: os.environ[name.upper()] for name in names})


class _ConnectSettings(_Settings):
    """Configure what all functions have in common that search.

    Attributes:
        connect_instance_id: The Amazon Connect instance to search.
        transient_table_name: The DynamoDB table for pages, leases, the limiter and long cursors.
        durable_table_name: The DynamoDB table for clients and exports.
        quota_rate: Calls of SearchContacts per second that the limiter allows; 0 switches the limiter off.
        quota_burst: Calls that may follow each other at once after a pause.
        describe_rate: Calls per second that the limiter of single contacts allows; 0 switches it off.
        describe_burst: The same as quota_burst, for single contacts.
        waiting_per_caller: Requests of one caller that may wait for a slot at the same time.
        export_bucket_name: The S3 bucket for the files of exports.
    """

    connect_instance_id: str = Field(min_length=1, max_length=100)
    transient_table_name: str = Field(min_length=1)
    quota_rate: float = Field(0.5, ge=0, le=1000)
    quota_burst: int = Field(1, ge=1, le=10_000)
    describe_rate: float = Field(10, ge=0, le=1000)
    describe_burst: int = Field(15, ge=1, le=10_000)
    waiting_per_caller: int = Field(5, ge=1, le=1000)
    export_bucket_name: str = ""


class SearchSettings(_ConnectSettings):
    """Configure the search function.

    Attributes:
        cursor_key_ids: KMS keys of cursors. The first signs; cursors of all of them can be read.
        wait_seconds: How long a request waits for a slot unless it asks for another time.
        page_seconds: How long a page is fresh; 0 switches all caches of what Connect responds off.
        closed_page_seconds: The same for windows that ended some time ago.
        now_rounded_to_seconds: What now is rounded down to, so that equal dashboards send equal searches.
        cors_origins: Origins of browsers that may call the API; `*` is any.
        export_state_machine_arn: The state machine that runs exports. Without it, and the bucket, there are none.
        export_days: For how long an export and its files are kept.
        exports_per_client: How many unfinished exports a client may have.
        sign_in_client_id: The explorer's client id at the OIDC issuer. Empty: people cannot sign in.
        sign_in_issuer: The `iss` of the issuer's tokens.
        sign_in_authorization_endpoint: Where people sign in.
        sign_in_token_endpoint: Where the explorer gets the tokens.
        sign_in_end_session_endpoint: Where people sign out. Empty: only the explorer forgets them.
        sign_in_scopes: What the explorer asks for.
        sign_in_parameters: Further parameters for the authorization endpoint, as a query: `audience=contacts`.
    """

    cursor_key_ids: Annotated[_Words, Field(min_length=1)]
    wait_seconds: float = Field(3, ge=0, le=20)
    page_seconds: int = Field(10, ge=0, le=3600)
    closed_page_seconds: int = Field(300, ge=0, le=3600)
    now_rounded_to_seconds: int = Field(10, ge=1, le=3600)
    cors_origins: _Words = []
    export_state_machine_arn: str = ""
    export_days: int = Field(7, ge=1, le=365)
    exports_per_client: int = Field(3, ge=1, le=1000)
    sign_in_client_id: str = ""
    sign_in_issuer: str = ""
    sign_in_authorization_endpoint: _Endpoint = ""
    sign_in_token_endpoint: _Endpoint = ""
    sign_in_end_session_endpoint: _Endpoint = ""
    sign_in_scopes: _Words = ["openid"]
    sign_in_parameters: str = ""


class ExportSettings(_ConnectSettings):
    """Configure the function that exports slices.

    Attributes:
        export_slice_contacts: How many contacts a slice, and so a file, has at most.
        export_slice_seconds: After which time a slice begins no further page.
    """

    export_bucket_name: str = Field(min_length=1)
    export_slice_contacts: int = Field(10_000, ge=1, le=10_000)
    export_slice_seconds: float = Field(600, ge=0, le=840)


class AuthorizerSettings(_Settings):
    """Configure the authorizer.

    Attributes:
        durable_table_name: The DynamoDB table for clients.
        oidc_issuer: The issuer of bearer tokens. Empty: tokens are not accepted.
        oidc_audience: The audience that tokens must have.
        oidc_jwks_uri: Where the issuer's keys are. Empty: its discovery document says so.
        oidc_algorithms: Signature algorithms that are accepted.
        oidc_client_claims: Claims that name the client; the first one in the token counts.
    """

    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks_uri: str = ""
    oidc_algorithms: Annotated[_Words, AfterValidator(_check_asymmetric), Field(min_length=1)] = ["RS256", "ES256"]
    oidc_client_claims: Annotated[_Words, Field(min_length=1)] = ["client_id", "azp"]
