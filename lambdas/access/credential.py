"""The credential of a request: one, in a header."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# API Gateway takes 10,240 characters of headers in all.
LONGEST = 8_192
_IN_A_QUERY = {"x-api-key", "api_key", "apikey", "api-key", "access_token", "authorization"}


class UnauthenticatedError(Exception):
    """No credential, a bad one, or two. `reason` is for the log, and quotes nothing; the caller is not told."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, repr=False)
class Credential:
    """An API key, or a bearer token (RFC 6750)."""

    text: str
    is_token: bool


def credential_of(event: Mapping[str, Any]) -> Credential:
    """The one credential of an API Gateway event; raises UnauthenticatedError."""
    query: Mapping[str, Any] = event.get("multiValueQueryStringParameters") or {}
    if any(name.lower() in _IN_A_QUERY for name in query):
        raise UnauthenticatedError("in the query")
    headers: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    given = [
        (name.lower(), value)
        for name, values in headers.items()
        if name.lower() in ("x-api-key", "authorization")
        for value in values
    ]
    if len(given) != 1:
        raise UnauthenticatedError("two credentials" if given else "no credential")
    [(name, text)] = given
    if len(text) > LONGEST:
        raise UnauthenticatedError("oversized")
    if name == "x-api-key":
        return Credential(text, is_token=False)
    scheme, _, token = text.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError("another scheme")
    return Credential(token.strip(), is_token=True)


def hash_of(api_key: str) -> str:
    """As which a key is stored. Keys are random and long, so that no salt or slow hash is needed."""
    return hashlib.sha256(api_key.encode()).hexdigest()
