"""Describe what a caller asks for, whether it came as a query string or as a body."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from contact_search.search.faults import Fault
from contact_search.search.members import SORT_FIELDS
from contact_search.search.window import EIGHT_WEEKS, RequestedWindow, Window, two_years_before

DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class Search:
    """A valid search.

    Attributes:
        time_field: The timestamp that the window is about (TimeRange.Type).
        window: The window as it was asked for; open ends are relative to now.
        requested_at: When the search was asked for.
        criteria: SearchCriteria as boto3 takes it. In an additional time range, a StartTime of None means two years
            ago and an EndTime of None means now.
        sort: Sort as boto3 takes it. None leaves the order to the walk: Connect cannot sort by ENQUEUE_TIMESTAMP, so
            such a window is walked from its newest upstream search to its oldest, each by INITIATION_TIMESTAMP.
        limit: Contacts per page; 0 counts the matches without returning any.
        max_items: Contacts after which the walk ends, None for all.
        fields: Top-level contact fields to return, empty for all.
        owner: The client and the revision of its grant. Another owner makes it another search.
        queue_names: Names of queues whose ids are still to be found (see search/names.py).
        agent_names: Usernames of agents, likewise.
        expand: What to add names to: "queue", "agent".
        settle: How far behind now a walk without an end stays, None for a walk that ends.
        sources: For each member of SearchContacts that was asked for, the parameters or JSON pointers that did so.
        source_type: What `sources` are.
    """

    time_field: str
    window: RequestedWindow
    requested_at: datetime
    criteria: dict[str, Any]
    sort: dict[str, str] | None
    limit: int
    source_type: Literal["parameter", "pointer"]
    max_items: int | None = None
    cursor: str | None = None
    fields: frozenset[str] = frozenset()
    owner: str = ""
    queue_names: tuple[str, ...] = ()
    agent_names: tuple[str, ...] = ()
    expand: frozenset[str] = frozenset()
    settle: timedelta | None = None
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """A digest of all that a caller repeats unchanged from page to page: all but limit, fields and expand.

        Names of queues and agents count by the ids that they stand for.
        """
        window = [self.time_field, self.window.start, self.window.end, self.window.last]
        members: list[Any] = [self.owner, window, self.criteria, self.sort, self.max_items]
        if self.settle is not None:
            members.append(self.settle)
        text = json.dumps(members, default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def sort_field(self) -> str:
        """The field that Connect sorts by."""
        return self.sort["FieldName"] if self.sort else "INITIATION_TIMESTAMP"

    @property
    def descending(self) -> bool:
        """Whether the newest contacts come first."""
        return self.sort is None or self.sort["Order"] == "DESCENDING"

    def begins_before(self, lookback: timedelta) -> bool:
        """Tell whether the window begins more than `lookback` before the search was asked for."""
        return self.window.at(self.requested_at).start < self.requested_at - lookback

    def window_at(self, now: datetime) -> Window:
        """Resolve the window at this time, without the part of the future in which no contact can be."""
        window = self.window.at(now)
        # Contacts are scheduled at most 6 days ahead (API reference, StartTaskContact, ScheduledTime).
        latest = now + timedelta(weeks=1)
        is_too_far = window.end - window.start > EIGHT_WEEKS and window.start < latest < window.end
        return Window(window.start, latest) if is_too_far else window

    def request_at(self, now: datetime) -> dict[str, Any]:
        """Return SearchCriteria and Sort of SearchContacts, with open ends resolved at this time."""
        criteria = self.criteria
        if "AdditionalTimeRange" in criteria:
            additional = criteria["AdditionalTimeRange"]
            closed = [_close_time_range(criterion, now) for criterion in additional["Criteria"]]
            criteria = criteria | {"AdditionalTimeRange": additional | {"Criteria": closed}}
        return {
            "SearchCriteria": criteria,
            "Sort": {"FieldName": self.sort_field, "Order": "DESCENDING" if self.descending else "ASCENDING"},
        }


def default_sort(time_field: str, *, is_followed: bool = False) -> dict[str, str] | None:
    """Sort by the window's own timestamp, newest first (oldest first if it is followed), where Connect can."""
    order = "ASCENDING" if is_followed else "DESCENDING"
    return {"FieldName": time_field, "Order": order} if time_field in SORT_FIELDS else None


def sort_faults(sort: Mapping[str, str] | None, time_field: str, window: Window, where: str) -> Iterator[Fault]:
    """Yield a fault if several upstream searches, one after the other, cannot keep this order."""
    if sort and sort["FieldName"] != time_field and window.end - window.start > EIGHT_WEEKS:
        detail = f"a window of more than 8 weeks can only be sorted by its own {time_field.lower()}"
        yield Fault(where, "conflict", detail)


def _close_time_range(criterion: dict[str, Any], now: datetime) -> dict[str, Any]:
    if "TimeRange" not in criterion:
        return criterion
    time_range = criterion["TimeRange"]
    start = time_range["StartTime"] or two_years_before(now)
    ends = {"StartTime": start, "EndTime": time_range["EndTime"] or max(now, start)}
    return criterion | {"TimeRange": time_range | ends}
