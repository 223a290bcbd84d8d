"""Cursors: where a walk goes on, in a signed text that fits a URL."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from contacts.window import Window

LIFE = timedelta(hours=24)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidCursorError(Exception):
    """Not a cursor of ours, changed on its way, or of another search."""


class CursorExpiredError(Exception):
    """A cursor of ours that has outlived its 24 hours, or what it points to."""


@dataclass(frozen=True)
class Position:
    """Where a walk stands: its window, Connect's token for the next page, and how many contacts it may still give."""

    window: Window
    next_token: str
    remaining: int | None


class Cursors:
    """Writes and reads cursors with one key. A cursor is readable by who holds it, but cannot be changed."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt="cursor")

    def write(self, identity: str, position: Position) -> str:
        """The cursor of this position in the search of this identity."""
        ends = [(end - _EPOCH) // _MICROSECOND for end in (position.window.start, position.window.end)]
        return str(self._serializer.dumps([identity, ends, position.next_token, position.remaining]))

    def read(self, identity: str, cursor: str) -> Position:
        """The position that `write` was given; raises InvalidCursorError or CursorExpiredError."""
        try:
            bound_to, ends, next_token, remaining = self._serializer.loads(cursor, max_age=int(LIFE.total_seconds()))
        except SignatureExpired:
            raise CursorExpiredError from None
        except BadData:
            raise InvalidCursorError from None
        if bound_to != identity:
            raise InvalidCursorError
        start, end = (_EPOCH + end * _MICROSECOND for end in ends)
        return Position(Window(start, end), next_token, remaining)
