"""NextToken: where the results of a search go on, opaque to whoever holds it."""

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.amazon_connect.errors import ConnectError, invalid_request

_END = "~"
_serializer = URLSafeTimedSerializer(secrets.token_bytes(32))


@dataclass(frozen=True)
class Position:
    """The last result given (its sort key and row), how many have been given, and how many there are in all."""

    key: int | str
    row: int
    given: int
    total: int


def write(position: Position, request: Mapping[str, Any], behaviour: Behaviour) -> str:
    """The token of a position in the results of this request."""
    token = str(_serializer.dumps([_search_of(request), *astuple(position)]))
    if len(token) >= behaviour.token_length:
        return token
    # Like an encrypted token, what follows cannot be compressed.
    return f"{token}{_END}{secrets.token_urlsafe(behaviour.token_length)}"[: behaviour.token_length]


def read(token: str, request: Mapping[str, Any], behaviour: Behaviour) -> Position:
    """Raises InvalidRequestException for a token that is not ours, too old, or of another search."""
    try:
        life = behaviour.token_life.total_seconds()
        (search, *position), written = _serializer.loads(token.partition(_END)[0], return_timestamp=True)
    except BadData:
        raise _invalid() from None
    if search != _search_of(request) or time.time() - written.timestamp() > life:
        raise _invalid()
    return Position(*position)


def _invalid() -> ConnectError:
    return invalid_request("NextToken is invalid or has expired")


def _search_of(request: Mapping[str, Any]) -> str:
    search = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.sha256(json.dumps(search, sort_keys=True).encode()).hexdigest()[:16]
