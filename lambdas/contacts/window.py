"""The window of time that a search covers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contacts.fault import Fault

# By how much a caller's clock may be ahead of ours, which is rounded down.
CLOCK_TOLERANCE = timedelta(minutes=1)
# As long as one search of Amazon Connect may be (API reference, SearchContactsTimeRange).
EIGHT_WEEKS = timedelta(weeks=8)


@dataclass(frozen=True)
class Window:
    """Both ends belong to it, as in SearchContacts' TimeRange."""

    start: datetime
    end: datetime

    def eight_weeks_from(self, moment: datetime, *, descending: bool) -> "Window":
        """What of it lies within 8 weeks after the moment, or before it."""
        if descending:
            return Window(self.start if moment - self.start <= EIGHT_WEEKS else moment - EIGHT_WEEKS, moment)
        return Window(moment, self.end if self.end - moment <= EIGHT_WEEKS else moment + EIGHT_WEEKS)


@dataclass(frozen=True)
class AskedWindow:
    """A window as a caller asks for it: `start` with or without `end`, or `last`."""

    start: datetime | None
    end: datetime | None
    last: timedelta | None

    def at(self, now: datetime) -> Window:
        """What it means at this time."""
        if self.last is not None:
            return Window(_before(now, self.last), now)
        start = self.start or now
        return Window(start, self.end or (max(now, start) if start <= now + CLOCK_TOLERANCE else now))

    def faults(self, now: datetime) -> Iterator[Fault]:
        """Why it cannot be searched at this time."""
        window = self.at(now)
        if window.start < two_years_before(now):
            where = "last" if self.last else "from"
            yield Fault(where, "out_of_range", "reaches back more than the 2 years that Amazon Connect keeps contacts")
        if window.end < window.start:
            lies = "lies after `to`" if self.end else "lies in the future, and `to` is now where it is not given"
            yield Fault("from", "out_of_range", lies)


def round_down(now: datetime, seconds: int) -> datetime:
    """The last multiple of so many seconds that is not after now."""
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def two_years_before(now: datetime) -> datetime:
    """How far back contacts reach (administrator guide, "Search for contacts")."""
    try:
        return now.replace(year=now.year - 2)
    except ValueError:  # 29 February
        return now.replace(year=now.year - 2, day=28)


def _before(now: datetime, duration: timedelta) -> datetime:
    try:
        return now - duration
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
