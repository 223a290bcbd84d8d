"""Write and read NextTokens: where the results of a call continue, opaque to callers."""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer

from sandbox.amazon_connect.errors import ConnectError, invalid_request

_END = "~"
_serializer = URLSafeTimedSerializer(secrets.token_bytes(32))


class TokenPosition(NamedTuple):
    """Locate the last result that a search has returned.

    Attributes:
        key: Sort key of that result.
        row: Row number of that result, which orders results with the same key.
        returned: Number of results returned up to and including that one.
        total: Number of results of the search.
    """

    key: int | str
    row: int
    returned: int
    total: int


def write_token(operation: str, request: Mapping[str, Any], position: Sequence[Any], length: int = 0) -> str:
    """Encode a position in the results of a request, padded to at least `length` characters."""
    token = str(_serializer.dumps([_fingerprint(operation, request), *position]))
    if len(token) >= length:
        return token
    # Random padding does not compress, like an encrypted token.
    return f"{token}{_END}{secrets.token_urlsafe(length)}"[:length]


def read_token(operation: str, request: Mapping[str, Any], life: timedelta) -> list[Any] | None:
    """Return the position in the request's NextToken, None if it has no NextToken.

    Raises:
        ConnectError: InvalidRequestException if the token is forged, older than `life`, or from another request.
    """
    token = request.get("NextToken")
    if not token:
        return None
    try:
        (fingerprint, *position), written = _serializer.loads(token.partition(_END)[0], return_timestamp=True)
    except BadData:
        raise _invalid() from None
    if fingerprint != _fingerprint(operation, request) or time.time() - written.timestamp() > life.total_seconds():
        raise _invalid()
    return list(position)


def _invalid() -> ConnectError:
    return invalid_request("NextToken is invalid or has expired")


def _fingerprint(operation: str, request: Mapping[str, Any]) -> str:
    """Hash what must stay the same from page to page."""
    same = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps([operation, same], sort_keys=True).encode()).hexdigest()[:16]
