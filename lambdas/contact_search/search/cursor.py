"""Write positions as signed texts that fit into a URL, and read them."""

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from itsdangerous import BadData, URLSafeTimedSerializer

from contact_search.search.position import DIGEST_LENGTH, Position
from contact_search.search.window import Window
from contact_search.storage.errors import StorageUnavailableError
from contact_search.storage.transient_table import TransientTable

LIFETIME = timedelta(hours=24)
LONGEST_LIFETIME = timedelta(days=30)
MAX_LENGTH = 2_000  # characters

# The first element of every payload. Change it whenever the meaning of a payload changes.
VERSION = 4
# The same for positions that are stored without a cursor, for weeks: older versions have to remain readable.
POSITION_VERSION = 1
_KEY_NAME_LENGTH = 4  # characters
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursorError(Exception):
    """The cursor is not ours, has been changed, or belongs to another search."""


class CursorExpiredError(Exception):
    """The cursor has outlived its lifetime, or what it refers to is lost."""


class CursorCodec:
    """Write cursors with the first key, and read them with the key that they name, so that keys can be rotated.

    Whoever holds a cursor can read it, but not change it. What is too long for a cursor (Connect's NextToken, or very
    many contacts seen at the same timestamp) goes into the table.
    """

    def __init__(self, key_ids: Sequence[str], kms_client: Any, table: TransientTable) -> None:
        self._key_ids = {_name_key(key_id): key_id for key_id in key_ids}
        self._kms_client = kms_client
        self._table = table
        self._serializers: dict[str, URLSafeTimedSerializer] = {}

    def write(
        self,
        identity: str,
        position: Position,
        *,
        fallback: Position | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Write the cursor of a position.

        Args:
            identity: The search's identity, with which the cursor has to be read.
            position: The position.
            fallback: An equivalent position without a NextToken, for when the table is unavailable.
            lifetime: For how long the cursor can be read, in whole days up to LONGEST_LIFETIME.

        Raises:
            StorageUnavailableError: KMS is unavailable, or the table and there is no fallback.
        """
        token, seen = position.next_token, "".join(sorted(position.seen))
        cursor = self._sign(identity, position, [token, seen, ""], lifetime)
        if len(cursor) <= MAX_LENGTH:
            return cursor
        stored = zlib.compress(json.dumps([token, seen]).encode())
        key = f"cursor {blake2b(stored, digest_size=16).hexdigest()}"
        try:
            self._table.put(key, {"value": stored}, lifetime)
        except StorageUnavailableError:
            if fallback is None:
                raise
            return self.write(identity, fallback, lifetime=lifetime)
        # The digests stay in the cursor as long as they fit: with them the walk can do without the token.
        cursor = self._sign(identity, position, [None, seen, key], lifetime)
        return cursor if len(cursor) <= MAX_LENGTH else self._sign(identity, position, [None, None, key], lifetime)

    def read(self, identity: str, cursor: str, *, can_resume: bool) -> Position:
        """Read the position of a cursor.

        Args:
            identity: The search's identity.
            cursor: The cursor, as the caller sent it.
            can_resume: Whether the walk can go on without its NextToken. If so, `next_token` is None where the token
                is lost or the table is unavailable.

        Raises:
            InvalidCursorError: The cursor is not one of this search.
            CursorExpiredError: The cursor is too old, or its stored part is lost.
            StorageUnavailableError: KMS is unavailable, or the table with a part that the walk needs.
        """
        payload = self._verify(cursor)
        if payload[:2] != [VERSION, identity]:
            raise InvalidCursorError
        numbers, token, seen, key = payload[2:6]
        if key:
            token, seen = self._load(key, seen, can_resume=can_resume)
        return _to_position(numbers, token, seen)

    def write_place(self, identity: str, place: Sequence[str]) -> str:
        """Write the cursor of a place in a list, as short texts.

        Raises:
            StorageUnavailableError: KMS is unavailable.
        """
        return self._sign_payload([VERSION, identity, list(place)])

    def read_place(self, identity: str, cursor: str) -> list[str]:
        """Read the cursor of a place in a list.

        Raises:
            InvalidCursorError: The cursor is not one of this list.
            CursorExpiredError: The cursor is too old.
            StorageUnavailableError: KMS is unavailable.
        """
        payload = self._verify(cursor)
        if payload[:2] != [VERSION, identity]:
            raise InvalidCursorError
        place: list[str] = payload[2]
        return place

    def _verify(self, cursor: str) -> list[Any]:
        """Check the signature and the age of a cursor, and return its payload."""
        key_name, signed = cursor[:_KEY_NAME_LENGTH], cursor[_KEY_NAME_LENGTH:]
        if key_name not in self._key_ids:
            raise InvalidCursorError
        try:
            payload: list[Any]
            payload, signed_at = self._serializer(key_name).loads(signed, return_timestamp=True)
        except BadData:
            raise InvalidCursorError from None
        # Without `max_age`, which would refuse a cursor from an environment whose clock is ahead of this one's.
        if datetime.now(UTC) - signed_at > _lifetime(payload):
            raise CursorExpiredError
        return payload

    def _load(self, key: str, seen: str | None, *, can_resume: bool) -> tuple[str | None, str]:
        """Get the token and the digests from the table. Do without the token if it is lost and the walk can resume."""
        can_resume = can_resume and seen is not None
        try:
            item = self._table.get(key)
        except StorageUnavailableError:
            if not can_resume:
                raise
            item = None
        if item is not None:
            stored_token, stored_seen = json.loads(zlib.decompress(item["value"]))
            return stored_token, stored_seen
        if not can_resume:
            raise CursorExpiredError
        return None, seen or ""

    def _sign(self, identity: str, position: Position, rest: Sequence[str | None], lifetime: timedelta) -> str:
        """Sign a position. `rest` has the token, the digests, and the key of what is in the table instead."""
        # Most cursors live as long as LIFETIME and need not say so.
        days = [] if lifetime == LIFETIME else [lifetime.days]
        return self._sign_payload([VERSION, identity, _to_numbers(position), *rest, *days])

    def _sign_payload(self, payload: list[Any]) -> str:
        key_name = next(iter(self._key_ids))
        return f"{key_name}{self._serializer(key_name).dumps(payload)}"

    def _serializer(self, key_name: str) -> URLSafeTimedSerializer:
        if key_name not in self._serializers:
            secret = self._derive_secret(self._key_ids[key_name])
            self._serializers[key_name] = URLSafeTimedSerializer(secret, salt="cursor")
        return self._serializers[key_name]

    def _derive_secret(self, key_id: str) -> bytes:
        """Derive a secret from a key that never leaves KMS: its MAC of a fixed message."""
        try:
            response = self._kms_client.generate_mac(KeyId=key_id, Message=b"cursor", MacAlgorithm="HMAC_SHA_256")
        except ClientError as error:
            raise StorageUnavailableError(error.response["Error"]["Code"]) from error
        except BotoCoreError as error:
            raise StorageUnavailableError(type(error).__name__) from error
        mac: bytes = response["Mac"]
        return mac


def encode_position(position: Position) -> str:
    """Write a position as it is, for where nobody but the service can change it."""
    return json.dumps([POSITION_VERSION, _to_numbers(position), position.next_token, "".join(sorted(position.seen))])


def decode_position(text: str) -> Position:
    """Read a position that `encode_position` has written.

    Raises:
        CursorExpiredError: It has a version that can no longer be read.
    """
    version, *parts = json.loads(text)
    if version != POSITION_VERSION:
        raise CursorExpiredError
    return _to_position(*parts)


def _name_key(key_id: str) -> str:
    """Shorten a key's id for cursors, so that they do not disclose it."""
    return blake2b(key_id.encode(), digest_size=_KEY_NAME_LENGTH // 2).hexdigest()


def _lifetime(payload: Sequence[Any]) -> timedelta:
    """Return for how long the cursor with this payload can be read."""
    return timedelta(days=payload[6]) if len(payload) > 6 else LIFETIME


def _to_numbers(position: Position) -> list[int | None]:
    return [
        _to_microseconds(position.started_at),
        position.remaining,
        _to_microseconds(position.window.start),
        _to_microseconds(position.window.end),
        None if position.initiated_until is None else _to_microseconds(position.initiated_until),
        position.matches_before,
        position.results_read,
        None if position.last_timestamp is None else _to_microseconds(position.last_timestamp),
    ]


def _to_position(numbers: Sequence[Any], token: str | None, seen: str) -> Position:
    started_at, remaining, start, end, initiated_until, matches_before, results_read, last_timestamp = numbers
    return Position(
        started_at=_to_datetime(started_at),
        remaining=remaining,
        window=Window(_to_datetime(start), _to_datetime(end)),
        initiated_until=None if initiated_until is None else _to_datetime(initiated_until),
        matches_before=matches_before,
        results_read=results_read,
        last_timestamp=None if last_timestamp is None else _to_datetime(last_timestamp),
        seen=frozenset(seen[at : at + DIGEST_LENGTH] for at in range(0, len(seen), DIGEST_LENGTH)),
        next_token=token,
    )


def _to_microseconds(timestamp: datetime) -> int:
    return (timestamp - _EPOCH) // _MICROSECOND


def _to_datetime(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
