"""What a caller asks for, whichever door it came through."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from contacts.members import SortableFieldName
from contacts.window import AskedWindow, round_down, two_years_before

DEFAULT_LIMIT = 50


@dataclass(frozen=True)
class Search:
    """One search, checked. `criteria` and `sort` are SearchContacts' SearchCriteria and Sort as boto3 takes them.

    What is relative to now is left open: the ends of the window that were not given, and in an additional time range
    a StartTime (two years ago) or EndTime (now) of None. `asked_at` is when the search was asked for.
    """

    time_field: str
    window: AskedWindow
    asked_at: datetime
    criteria: dict[str, Any]
    sort: dict[str, str]
    limit: int
    max_items: int | None = None
    cursor: str | None = None
    fields: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        """A digest of all that a caller repeats unchanged from page to page: everything but limit and fields."""
        window = [self.time_field, self.window.start, self.window.end, self.window.last]
        text = json.dumps([window, self.criteria, self.sort, self.max_items], default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def request_at(self, now: datetime) -> dict[str, Any]:
        """What it means at this time: TimeRange, SearchCriteria and Sort of SearchContacts."""
        window = self.window.at(now)
        criteria = self.criteria
        if "AdditionalTimeRange" in criteria:
            additional = criteria["AdditionalTimeRange"]
            closed = [_closed(criterion, now) for criterion in additional["Criteria"]]
            criteria = criteria | {"AdditionalTimeRange": additional | {"Criteria": closed}}
        return {
            "TimeRange": {"Type": self.time_field, "StartTime": window.start, "EndTime": window.end},
            "SearchCriteria": criteria,
            "Sort": self.sort,
        }


def default_sort(time_field: str) -> dict[str, str]:
    """The newest first by the window's own timestamp, or by initiation where Connect cannot sort by that."""
    sortable = get_args(get_args(SortableFieldName)[0])
    return {
        "FieldName": time_field if time_field in sortable else "INITIATION_TIMESTAMP",
        "Order": "DESCENDING",
    }


def _closed(criterion: dict[str, Any], now: datetime) -> dict[str, Any]:
    if "TimeRange" not in criterion:
        return criterion
    time_range, rounded = criterion["TimeRange"], round_down(now)
    start = time_range["StartTime"] or two_years_before(rounded)
    ends = {"StartTime": start, "EndTime": time_range["EndTime"] or max(rounded, start)}
    return criterion | {"TimeRange": time_range | ends}
