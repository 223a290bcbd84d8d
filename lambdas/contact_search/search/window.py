"""Work out the window of time that a search covers."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contact_search.search.faults import Fault

# How far a caller's clock may be ahead of ours, which is rounded down.
CLOCK_TOLERANCE = timedelta(minutes=1)
# The longest TimeRange of one call (API reference, SearchContactsTimeRange).
EIGHT_WEEKS = timedelta(weeks=8)

_BEGINNING_OF_TIME = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Duration:
    """A length of time by the calendar: how long a month is depends on when it is."""

    months: int
    rest: timedelta = timedelta(0)

    def before(self, moment: datetime) -> datetime:
        """Subtract the months, then the rest.

        A day that the month does not have becomes the last day of the month: a month before 31 March is 28 February.
        """
        year, month = divmod(moment.year * 12 + moment.month - 1 - self.months, 12)
        month += 1
        if year < _BEGINNING_OF_TIME.year:
            return _BEGINNING_OF_TIME
        day = min(moment.day, monthrange(year, month)[1])
        try:
            return moment.replace(year=year, month=month, day=day) - self.rest
        except OverflowError:
            return _BEGINNING_OF_TIME


@dataclass(frozen=True)
class Window:
    """A span of time that includes both ends, as SearchContacts' TimeRange does."""

    start: datetime
    end: datetime

    def eight_weeks_from(self, moment: datetime, *, descending: bool) -> "Window":
        """Return the part of the window within 8 weeks after the moment, or before it if descending."""
        if descending:
            return Window(self.start if moment - self.start <= EIGHT_WEEKS else moment - EIGHT_WEEKS, moment)
        return Window(moment, self.end if self.end - moment <= EIGHT_WEEKS else moment + EIGHT_WEEKS)


@dataclass(frozen=True)
class RequestedWindow:
    """A window as a caller asks for it: `start` with or without `end`, or `last` alone."""

    start: datetime | None
    end: datetime | None
    last: Duration | None = None

    def at(self, now: datetime) -> Window:
        """Resolve the ends that are relative to now."""
        if self.last is not None:
            return Window(self.last.before(now), now)
        start = self.start or now
        return Window(start, self.end or (max(now, start) if start <= now + CLOCK_TOLERANCE else now))

    def faults(self, now: datetime, *, start: str, end: str) -> Iterator[Fault]:
        """Yield the reasons why the window cannot be searched at this time.

        Args:
            now: The time to resolve the window at.
            start: The name of the parameter (or the JSON pointer to the member) that the window starts with.
            end: The same for its end.
        """
        window = self.at(now)
        if window.start < two_years_before(now):
            yield Fault(
                start, "out_of_range", "is more than 2 years ago, and Amazon Connect keeps contacts for 2 years"
            )
        if window.end < window.start:
            reason = f"is after `{end}`" if self.end else f"is in the future, so it needs `{end}`"
            yield Fault(start, "out_of_range", reason)


def round_down(now: datetime, seconds: int) -> datetime:
    """Round down to a multiple of this many seconds."""
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def two_years_before(now: datetime) -> datetime:
    """Return the start of the oldest contacts that can be found (administrator guide, "Search for contacts")."""
    return Duration(months=24).before(now)
