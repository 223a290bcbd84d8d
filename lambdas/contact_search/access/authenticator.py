"""Find the client that a credential belongs to."""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from contact_search.access.clients import API_KEY_PREFIX, CLIENT_PREFIX, Client, find_client_by_api_key
from contact_search.access.credentials import Credential, UnauthenticatedError, hash_api_key
from contact_search.access.token_clients import TokenClients, is_found_by, pseudonym
from contact_search.settings import AuthorizerSettings
from contact_search.storage.durable_table import DurableTable

if TYPE_CHECKING:
    from contact_search.access.issuer import Issuer

# Seconds after which every environment sees a change of a client. API Gateway's own cache is off: it needs all its
# identity sources in every request, but a request has either of two headers.
LONGEST_REMEMBERED = 60
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True)
class Identity:
    """A client, and the person behind it.

    Attributes:
        user: The pseudonym of the token's subject, empty if it has none or the credential is an API key.
    """

    client: Client
    user: str = ""


class Authenticator:
    """Find clients in the durable table, and remember them for a minute."""

    def __init__(self, table: DurableTable, settings: AuthorizerSettings) -> None:
        self._table = table
        self._settings = settings
        self._token_clients = TokenClients(table, settings.oidc_client_claims, LONGEST_REMEMBERED)
        # The client and the time (Unix seconds) at which it is forgotten, by the key of the item that led to it.
        self._remembered: dict[str, tuple[Client, float]] = {}

    def authenticate(self, credential: Credential) -> Identity:
        """Return whose credential this is.

        Raises:
            UnauthenticatedError: The credential is not good.
            NoGrantError: A token is good, but there is no client for it, or more than one.
            IssuerUnavailableError: Tokens cannot be verified, because the issuer's keys are missing.
            StorageUnavailableError: The table cannot be reached.
        """
        if credential.is_token:
            return self._authenticate_token(credential.text)
        return Identity(self._authenticate_api_key(credential.text))

    @cached_property
    def _issuer(self) -> "Issuer | None":
        """The issuer, None if tokens are not accepted."""
        settings = self._settings
        if not settings.oidc_issuer:
            return None
        # Callers with API keys do not wait for the import of cryptography.
        from contact_search.access.issuer import Issuer  # noqa: PLC0415

        return Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_algorithms, settings.oidc_jwks_uri)

    def _authenticate_api_key(self, api_key: str) -> Client:
        hashed_key = hash_api_key(api_key)
        item_key = f"{API_KEY_PREFIX}{hashed_key}"
        if (client := self._recall(item_key)) is not None:
            return client
        found = find_client_by_api_key(self._table, hashed_key)
        if found is None:
            raise UnauthenticatedError("unknown key")
        client, expires_at = found
        self._remember(item_key, client, expires_at)
        return client

    def _authenticate_token(self, token: str) -> Identity:
        if self._issuer is None:
            raise UnauthenticatedError("no issuer")
        claims = self._issuer.verify(token)
        name, matches = self._token_clients.name(claims)
        item_key = f"{CLIENT_PREFIX}{name}"
        client = self._recall(item_key)
        if client is None or not is_found_by(client, matches):
            client = self._token_clients.find(name, matches)
            self._remember(item_key, client, float("inf"))
        return Identity(client, pseudonym(client, claims.get("sub")))

    def _recall(self, item_key: str) -> Client | None:
        client, forget_at = self._remembered.get(item_key, (None, 0.0))
        return client if forget_at > time.time() else None

    def _remember(self, item_key: str, client: Client, expires_at: float) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[item_key] = client, min(time.time() + LONGEST_REMEMBERED, expires_at)
