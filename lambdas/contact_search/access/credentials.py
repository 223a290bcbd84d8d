"""Read the credential of a request: exactly one, in a header."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# API Gateway allows 10,240 characters in all headers together.
_LONGEST_CREDENTIAL = 8_192
_FORBIDDEN_PARAMETERS = {"x-api-key", "api_key", "apikey", "api-key", "access_token", "authorization"}


class UnauthenticatedError(Exception):
    """The request has no credential, a bad one, or two.

    `reason` is for the log and quotes nothing. The response does not tell it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, repr=False)
class Credential:
    """An API key, or a bearer token (RFC 6750)."""

    text: str
    is_token: bool


def read_credential(event: Mapping[str, Any]) -> Credential:
    """Return the credential of an API Gateway event.

    Raises:
        UnauthenticatedError: There is no credential, more than one, one in the query, or one of an unknown scheme.
    """
    query: Mapping[str, Any] = event.get("multiValueQueryStringParameters") or {}
    if any(name.lower() in _FORBIDDEN_PARAMETERS for name in query):
        raise UnauthenticatedError("in the query")
    headers: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    credentials = [
        (name.lower(), value)
        for name, values in headers.items()
        if name.lower() in ("x-api-key", "authorization")
        for value in values
    ]
    if len(credentials) != 1:
        raise UnauthenticatedError("two credentials" if credentials else "no credential")
    [(name, text)] = credentials
    if len(text) > _LONGEST_CREDENTIAL:
        raise UnauthenticatedError("oversized")
    if name == "x-api-key":
        return Credential(text, is_token=False)
    scheme, _, token = text.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError("another scheme")
    return Credential(token.strip(), is_token=True)


def hash_api_key(api_key: str) -> str:
    """Hash a key as it is stored. Keys are long and random, so they need neither salt nor a slow hash."""
    return hashlib.sha256(api_key.encode()).hexdigest()
