"""Find the client that a token belongs to: by a claim that an operator has given to a client, or else by its name."""

import hashlib
import hmac
import json
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from contact_search.access.clients import Client, find_client
from contact_search.access.credentials import UnauthenticatedError
from contact_search.storage.durable_table import DurableTable

# The key of the item that has the name of a client for each claim. Its entries look like "groups=supervisors".
CLAIMS_KEY = "claims"
# Claims that are lists in one text, separated by spaces (RFC 9068, RFC 8693).
LISTS = {"scope", "scp"}
_PSEUDONYM_LENGTH = 16  # hexadecimal digits


class NoGrantError(Exception):
    """A token is good, but there is no client for it, or more than one.

    Attributes:
        clients: The clients of its claims, if they are several. They are for the log: the response does not tell them.
    """

    def __init__(self, clients: Collection[str] = ()) -> None:
        super().__init__("several grants" if clients else "no grant")
        self.reason = str(self)
        self.clients = sorted(clients)


class TokenClients:
    """Find clients that use tokens in the durable table, and remember which claims belong to which of them."""

    def __init__(self, table: DurableTable, client_claims: Sequence[str], seconds: float) -> None:
        """Read nothing yet.

        Args:
            table: The durable table.
            client_claims: The claims that may hold a client's name; the first that a token has counts.
            seconds: For how long to remember the claims.
        """
        self._table = table
        self._client_claims = client_claims
        self._seconds = seconds
        self._names: dict[str, str] = {}
        self._read_again_at = 0.0  # Unix seconds

    def name(self, claims: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
        """Return the name of the client, and those of the token's claims that belong to it, if any.

        Raises:
            UnauthenticatedError: The token names no client.
            NoGrantError: Its claims belong to several clients.
            StorageUnavailableError: The table cannot be reached.
        """
        known = self._known_claims()
        matches = {claim: known[claim] for claim in _spell(claims, known) if claim in known}
        names = set(matches.values())
        if len(names) > 1:
            raise NoGrantError(names)
        if names:
            return names.pop(), frozenset(matches)
        name = next((claims[claim] for claim in self._client_claims if claim in claims), None)
        if not isinstance(name, str) or not name:
            raise UnauthenticatedError("no client")
        return name, frozenset()

    def find(self, name: str, claims: Collection[str]) -> Client:
        """Return the client with this name, to which these claims belong.

        Raises:
            NoGrantError: There is no such client, or it is found in another way.
            StorageUnavailableError: The table cannot be reached.
        """
        client = find_client(self._table, name)
        if client is None or not client.by_token or not is_found_by(client, claims):
            raise NoGrantError
        return client

    def _known_claims(self) -> Mapping[str, str]:
        if time.time() >= self._read_again_at:
            item = self._table.get(CLAIMS_KEY)
            self._names = json.loads(item["clients"]) if item else {}
            self._read_again_at = time.time() + self._seconds
        return self._names


def is_found_by(client: Client, claims: Collection[str]) -> bool:
    """Tell whether the client has one of these claims. One that has none is found by its name alone."""
    return bool(client.claims.intersection(claims)) if client.claims else not claims


def pseudonym(client: Client, subject: Any) -> str:
    """Return what logs and the limiter know a user by, empty if the token has no subject.

    Only who knows the client's usage key can compute it from a name, so nobody finds out whom a log line is about by
    trying all names.
    """
    if not isinstance(subject, str) or not subject:
        return ""
    digest = hmac.new(client.usage_key.encode(), subject.encode(errors="surrogatepass"), hashlib.sha256)
    return digest.hexdigest()[:_PSEUDONYM_LENGTH]


def _spell(claims: Mapping[str, Any], known: Mapping[str, str]) -> set[str]:
    """Return the token's claims as they are known, such as "groups=supervisors", for each value that they have."""
    names = {name.partition("=")[0] for name in known} & claims.keys()
    return {f"{name}={value}" for name in names for value in _values(name, claims[name])}


def _values(name: str, value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split() if name in LISTS else [value]
    return [element for element in value if isinstance(element, str)] if isinstance(value, list) else []
