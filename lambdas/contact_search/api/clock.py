"""Tell the time. It is read here alone, so that tests can set it."""

from datetime import UTC, datetime


def current_time() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
