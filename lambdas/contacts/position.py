"""Where a walk stands, and where it goes on.

One search of Amazon Connect covers 8 weeks and gives its first 10,000 contacts at most (administrator guide, "Search
for contacts"). A walk takes as many of these upstream searches as it needs, one after the other: the next one begins
at the last timestamp reached, less the contacts given at that very timestamp, or where the window before it ended.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from amazon_connect.errors import UpstreamError
from contacts.contact import AgentInfo, Contact
from contacts.search import Search
from contacts.window import EIGHT_WEEKS, Window, two_years_before

MOST_RESULTS = 10_000
DIGEST_LENGTH = 12  # characters

# No two timestamps that Connect or Python knows lie closer.
_NEXT = timedelta(microseconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_TIMESTAMPS: dict[str, Callable[[Contact], datetime | None]] = {
    "INITIATION_TIMESTAMP": lambda contact: contact.initiation_timestamp,
    "SCHEDULED_TIMESTAMP": lambda contact: contact.scheduled_timestamp,
    "CONNECTED_TO_AGENT_TIMESTAMP": lambda contact: (contact.agent_info or AgentInfo()).connected_to_agent_timestamp,
    "DISCONNECT_TIMESTAMP": lambda contact: contact.disconnect_timestamp,
}


@dataclass(frozen=True)
class Position:
    """A place in a walk, within one of its upstream searches or at the beginning of one.

    now         what it was on the first page, for all that is relative to it
    remaining   how many contacts the walk may still give, None for all
    window      the upstream search's TimeRange
    until       its contacts were initiated by then, None: at whatever time; where the window cannot be sorted by
    before      how many contacts matched that this upstream search does not count
    given       how many results it has given
    last        the timestamp that the walk has reached, of the field that it is sorted by
    seen        digests of the contacts given at that timestamp
    next_token  Connect's NextToken, "" at the beginning, None where it is lost
    """

    now: datetime
    remaining: int | None
    window: Window
    until: datetime | None = None
    before: int = 0
    given: int = 0
    last: datetime | None = None
    seen: frozenset[str] = frozenset()
    next_token: str | None = ""

    @classmethod
    def first(cls, search: Search) -> "Position":
        """The beginning of a walk."""
        whole = search.window_at(search.asked_at)
        begin = whole.end if search.descending else whole.start
        window = whole.eight_weeks_from(begin, descending=search.descending)
        return cls(search.asked_at, search.max_items, window)

    @property
    def results_left(self) -> int:
        """How many further results Connect gives of its upstream search."""
        return MOST_RESULTS - self.given

    @property
    def repeats(self) -> int:
        """How many of the next results the walk has given already."""
        begun_at_last = self.last in (self.window.start, self.window.end, self.until)
        return max(len(self.seen) - self.given, 0) if begun_at_last else 0

    def request(self, search: Search) -> dict[str, Any]:
        """TimeRange, SearchCriteria and Sort of its upstream search."""
        request = search.request_at(self.now)
        time_range = {"Type": search.time_field, "StartTime": self.window.start, "EndTime": self.window.end}
        if self.until:
            long_ago = two_years_before(self.now) - EIGHT_WEEKS  # initiated before what Connect keeps by another time
            reach = {"Type": search.field_name, "StartTime": long_ago, "EndTime": self.until}
            criteria = request["SearchCriteria"]
            others = criteria.get("AdditionalTimeRange", {}).get("Criteria", [])
            additional = {"Criteria": [*others, {"TimeRange": reach}], "MatchType": "MATCH_ALL"}
            request = request | {"SearchCriteria": criteria | {"AdditionalTimeRange": additional}}
        return {"TimeRange": time_range, **request}

    def has_passed(self, search: Search, contact: Contact) -> bool:
        """Whether the walk has given this contact, or its place in the order is behind."""
        if self.last is None:
            return False
        moment = _timestamp(contact, search.field_name)
        if moment == self.last:
            return digest(contact) in self.seen
        return moment > self.last if search.descending else moment < self.last

    def after(self, search: Search, results: int, shown: Sequence[Contact]) -> "Position":
        """The position after so many more results of its upstream search, of which these contacts were new."""
        last, seen = self.last, self.seen
        if continues(search) and shown:
            reached = _timestamp(shown[-1], search.field_name)
            given = {digest(contact) for contact in _at_the_end(shown, search.field_name, reached)}
            last, seen = reached, frozenset(given | seen if reached == last else given)
        remaining = None if self.remaining is None else self.remaining - len(shown)
        return replace(self, remaining=remaining, given=self.given + results, last=last, seen=seen)

    def resumed(self, search: Search) -> "Position | None":
        """A new upstream search from the last timestamp reached; None where the walk's order does not allow it."""
        if not continues(search):
            return None
        if self.last is None:
            return replace(self, given=0, next_token="")  # nothing has been given yet
        begun = replace(self, before=self.before + max(self.given - len(self.seen), 0), given=0, next_token="")
        if search.sort is None:
            return replace(begun, until=self.last)
        whole = search.window_at(self.now)
        return replace(begun, window=whole.eight_weeks_from(self.last, descending=search.descending))

    def is_same_search(self, other: "Position") -> bool:
        """Whether both are in upstream searches that ask for the same."""
        return (self.window, self.until) == (other.window, other.until)

    def next_window(self, search: Search) -> "Position | None":
        """The upstream search of what lies beyond this one's window; None where nothing does."""
        if self.is_in_last_window(search):
            return None
        whole = search.window_at(self.now)
        begin = self.window.start - _NEXT if search.descending else self.window.end + _NEXT
        return replace(
            self,
            window=whole.eight_weeks_from(begin, descending=search.descending),
            until=None,
            before=self.before + self.given,
            given=0,
            last=self.last if search.sort else None,
            seen=self.seen if search.sort else frozenset(),
            next_token="",
        )

    def narrowed(self, search: Search) -> "Position | None":
        """The newer half of an upstream search of too many results; None where it can be resumed, or has no halves."""
        half = (self.window.end - self.window.start) / 2
        if search.sort or continues(search) or half < _MILLISECOND:
            return None
        return replace(self, window=Window(self.window.end - half, self.window.end))

    def is_in_last_window(self, search: Search) -> bool:
        """Whether no other upstream search comes after this one, if it gives all its results."""
        whole = search.window_at(self.now)
        return self.window.start <= whole.start if search.descending else self.window.end >= whole.end


def may_be_capped(total_count: int) -> bool:
    """Whether Connect may have stopped counting there: that is not documented."""
    return total_count == MOST_RESULTS


def _at_the_end(contacts: Sequence[Contact], field_name: str, moment: datetime) -> Iterator[Contact]:
    """The last of the contacts, as far as they have this timestamp."""
    return takewhile(lambda contact: _timestamp(contact, field_name) == moment, reversed(contacts))


def digest(contact: Contact) -> str:
    """The few characters that stand for a contact."""
    if contact.id is None:
        raise UpstreamError("NoId")
    octets = hashlib.blake2b(contact.id.encode(), digest_size=DIGEST_LENGTH * 3 // 4).digest()
    return urlsafe_b64encode(octets).decode()


def continues(search: Search) -> bool:
    """Whether an upstream search can be continued by another one from the last timestamp on.

    That is bounded by TimeRange; or, without sort, by an additional time range, if one more can be joined by AND.
    """
    if search.sort:
        return search.field_name == search.time_field
    additional = search.criteria.get("AdditionalTimeRange", {"MatchType": "MATCH_ALL", "Criteria": []})
    return additional["MatchType"] == "MATCH_ALL" or (
        additional["MatchType"] == "MATCH_ANY" and len(additional["Criteria"]) == 1
    )


def _timestamp(contact: Contact, field_name: str) -> datetime:
    moment = _TIMESTAMPS[field_name](contact)
    if moment is None:
        raise UpstreamError("NoTimestamp")
    return moment
