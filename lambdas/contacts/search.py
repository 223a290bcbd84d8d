"""What a caller asks for, whichever door it came through."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

from contacts.fault import Fault
from contacts.members import SortableFieldName
from contacts.window import EIGHT_WEEKS, AskedWindow, Window, two_years_before

DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class Search:
    """One search, checked. `criteria` and `sort` are SearchContacts' SearchCriteria and Sort as boto3 takes them.

    No `sort` leaves the order to the service: a window of ENQUEUE_TIMESTAMP, by which Connect cannot sort, is walked
    from its newest upstream search to its oldest, each of them in the order of INITIATION_TIMESTAMP.
    What is relative to now is left open: the ends of the window that were not given, and in an additional time range
    a StartTime (two years ago) or EndTime (now) of None. `asked_at` is when the search was asked for. `owner` is the
    client, as it was granted what it may see: another one, or another grant, is another search.
    """

    time_field: str
    window: AskedWindow
    asked_at: datetime
    criteria: dict[str, Any]
    sort: dict[str, str] | None
    limit: int
    max_items: int | None = None
    cursor: str | None = None
    fields: frozenset[str] = frozenset()
    owner: str = ""

    @property
    def identity(self) -> str:
        """A digest of all that a caller repeats unchanged from page to page: everything but limit and fields."""
        window = [self.time_field, self.window.start, self.window.end, self.window.last]
        text = json.dumps([self.owner, window, self.criteria, self.sort, self.max_items], default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def field_name(self) -> str:
        """What Connect sorts by."""
        return self.sort["FieldName"] if self.sort else "INITIATION_TIMESTAMP"

    @property
    def descending(self) -> bool:
        """Whether the newest come first."""
        return self.sort is None or self.sort["Order"] == "DESCENDING"

    def begins_before(self, lookback: timedelta) -> bool:
        """Whether its window begins longer before it was asked for."""
        return self.window.at(self.asked_at).start < self.asked_at - lookback

    def window_at(self, now: datetime) -> Window:
        """What the window means at this time, less that part of the future in which no contact can be."""
        window = self.window.at(now)
        # Contacts are scheduled 6 days ahead at most (API reference, StartTaskContact, ScheduledTime).
        latest = now + timedelta(weeks=1)
        is_too_far = window.end - window.start > EIGHT_WEEKS and window.start < latest < window.end
        return Window(window.start, latest) if is_too_far else window

    def request_at(self, now: datetime) -> dict[str, Any]:
        """What it means at this time: SearchCriteria and Sort of SearchContacts."""
        criteria = self.criteria
        if "AdditionalTimeRange" in criteria:
            additional = criteria["AdditionalTimeRange"]
            closed = [_closed(criterion, now) for criterion in additional["Criteria"]]
            criteria = criteria | {"AdditionalTimeRange": additional | {"Criteria": closed}}
        return {
            "SearchCriteria": criteria,
            "Sort": {"FieldName": self.field_name, "Order": "DESCENDING" if self.descending else "ASCENDING"},
        }


def default_sort(time_field: str) -> dict[str, str] | None:
    """The newest first by the window's own timestamp, where Connect can sort by that."""
    sortable = get_args(get_args(SortableFieldName)[0])
    return {"FieldName": time_field, "Order": "DESCENDING"} if time_field in sortable else None


def sort_faults(sort: Mapping[str, str] | None, time_field: str, window: Window, where: str) -> Iterator[Fault]:
    """Why the window cannot be walked in this order: one upstream search has to follow where another one ends."""
    if sort and sort["FieldName"] != time_field and window.end - window.start > EIGHT_WEEKS:
        detail = f"over a window of more than 8 weeks no order but that of its own {time_field.lower()} can be kept"
        yield Fault(where, "conflict", detail)


def _closed(criterion: dict[str, Any], now: datetime) -> dict[str, Any]:
    if "TimeRange" not in criterion:
        return criterion
    time_range = criterion["TimeRange"]
    start = time_range["StartTime"] or two_years_before(now)
    ends = {"StartTime": start, "EndTime": time_range["EndTime"] or max(now, start)}
    return criterion | {"TimeRange": time_range | ends}
