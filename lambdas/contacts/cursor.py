"""Cursors: where a walk goes on, in a signed text that fits a URL."""

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from contacts.position import DIGEST_LENGTH, Position
from contacts.window import Window
from storage.item import StorageUnavailableError
from storage.transient import TransientTable

LIFE = timedelta(hours=24)
LONGEST_CURSOR = 2_000
_NAME_LENGTH = 4  # characters of a cursor, that name its key
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursorError(Exception):
    """Not a cursor of ours, changed on its way, or of another search."""


class CursorExpiredError(Exception):
    """A cursor of ours that has outlived its 24 hours, or what it points to."""


class Cursors:
    """Writes cursors with the first of its keys and reads them with the key that they name: so keys can be rotated.

    A cursor is readable by who holds it, but cannot be changed. What is too long for it (Connect's NextToken, or very
    many contacts seen at one timestamp) is put into the table.
    """

    def __init__(
        self, key_ids: Sequence[str], key: Callable[[str], bytes], table: Callable[[], TransientTable]
    ) -> None:
        """`key` gives the key of an id; it is asked once for each that is needed."""
        self._ids = {_name_of(key_id): key_id for key_id in key_ids}
        self._key, self._table = key, table
        self._serializers: dict[str, URLSafeTimedSerializer] = {}

    def write(self, identity: str, position: Position) -> str:
        """The cursor of this position in the search of this identity; raises StorageUnavailableError."""
        token, seen = position.next_token, "".join(sorted(position.seen))
        cursor = self._signed(identity, position, token, seen, "")
        if len(cursor) <= LONGEST_CURSOR:
            return cursor
        long = zlib.compress(json.dumps([token, seen]).encode())
        key = f"cursor {blake2b(long, digest_size=16).hexdigest()}"
        self._table().put(key, {"value": long}, LIFE)
        # As long as it fits, what was seen stays in the cursor: then the walk can do without the token.
        cursor = self._signed(identity, position, None, seen, key)
        return cursor if len(cursor) <= LONGEST_CURSOR else self._signed(identity, position, None, None, key)

    def read(self, identity: str, cursor: str, *, can_resume: bool) -> Position:
        """The position that `write` was given; raises InvalidCursorError, CursorExpiredError, StorageUnavailableError.

        Where the walk can resume without its NextToken, that is None if it is lost or out of reach.
        """
        name, signed = cursor[:_NAME_LENGTH], cursor[_NAME_LENGTH:]
        if name not in self._ids:
            raise InvalidCursorError
        try:
            payload = self._serializer(name).loads(signed, max_age=int(LIFE.total_seconds()))
        except SignatureExpired:
            raise CursorExpiredError from None
        except BadData:
            raise InvalidCursorError from None
        bound_to, (now, remaining, start, end, until, before, given, last), token, seen, key = payload
        if bound_to != identity:
            raise InvalidCursorError
        if key:
            token, seen = self._long(key, seen, can_resume=can_resume)
        return Position(
            now=_moment(now),
            remaining=remaining,
            window=Window(_moment(start), _moment(end)),
            until=until and _moment(until),
            before=before,
            given=given,
            last=last and _moment(last),
            seen=frozenset(seen[at : at + DIGEST_LENGTH] for at in range(0, len(seen), DIGEST_LENGTH)),
            next_token=token,
        )

    def _long(self, key: str, seen: str | None, *, can_resume: bool) -> tuple[str | None, str]:
        """The token and the digests of what was seen, from the table; or without the token if that can be lost."""
        can_resume = can_resume and seen is not None
        try:
            item = self._table().get(key)
        except StorageUnavailableError:
            if not can_resume:
                raise
            item = None
        if item is not None:
            token, stored = json.loads(zlib.decompress(item["value"]))
            return token, stored
        if not can_resume:
            raise CursorExpiredError
        return None, seen or ""

    def _signed(self, identity: str, position: Position, token: str | None, seen: str | None, key: str) -> str:
        p = position
        numbers = [
            *(_microseconds(p.now), p.remaining, _microseconds(p.window.start), _microseconds(p.window.end)),
            *(p.until and _microseconds(p.until), p.before, p.given, p.last and _microseconds(p.last)),
        ]
        name = next(iter(self._ids))
        return f"{name}{self._serializer(name).dumps([identity, numbers, token, seen, key])}"

    def _serializer(self, name: str) -> URLSafeTimedSerializer:
        if name not in self._serializers:
            self._serializers[name] = URLSafeTimedSerializer(self._key(self._ids[name]), salt="cursor 3")
        return self._serializers[name]


def _name_of(key_id: str) -> str:
    """How cursors name their key, in few characters that say nothing of it."""
    return blake2b(key_id.encode(), digest_size=_NAME_LENGTH // 2).hexdigest()


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
