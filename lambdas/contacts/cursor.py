"""Cursors: where a walk goes on, in a signed text that fits a URL."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

LIFE = timedelta(hours=24)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursorError(Exception):
    """Not a cursor of ours, changed on its way, or of another search."""


class CursorExpiredError(Exception):
    """A cursor of ours that has outlived its 24 hours, or what it points to."""


@dataclass(frozen=True)
class Position:
    """Where a walk stands: what now was on its first page, Connect's token, and how many contacts it may still give."""

    now: datetime
    next_token: str
    remaining: int | None


class Cursors:
    """Writes and reads cursors with one key. A cursor is readable by who holds it, but cannot be changed."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="cursor")

    def write(self, identity: str, position: Position) -> str:
        """The cursor of this position in the search of this identity."""
        now = (position.now - _EPOCH) // _MICROSECOND
        return str(self._serializer.dumps([identity, now, position.next_token, position.remaining]))

    def read(self, identity: str, cursor: str) -> Position:
        """The position that `write` was given; raises InvalidCursorError or CursorExpiredError."""
        try:
            bound_to, now, next_token, remaining = self._serializer.loads(cursor, max_age=int(LIFE.total_seconds()))
        except SignatureExpired:
            raise CursorExpiredError from None
        except BadData:
            raise InvalidCursorError from None
        if bound_to != identity:
            raise InvalidCursorError
        return Position(_EPOCH + now * _MICROSECOND, next_token, remaining)
