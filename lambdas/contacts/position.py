"""Where a walk stands, and where it goes on.

One search of Amazon Connect covers 8 weeks and gives its first 10,000 contacts at most (administrator guide, "Search
for contacts"). A walk takes as many of these upstream searches as it needs, one after the other: the next one begins
at the last timestamp reached, less the contacts given at that very timestamp, or where the window before it ended.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from amazon_connect.errors import UpstreamError
from contacts.contact import AgentInfo, Contact
from contacts.search import Search
from contacts.window import Window, two_years_before

MOST_RESULTS = 10_000
DIGEST_LENGTH = 12  # characters

# No two timestamps that Connect or Python knows lie closer.
_NEXT = timedelta(microseconds=1)
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

    @property
    def repeats(self) -> int:
        """How many contacts its upstream search begins with that the walk has given already."""
        begins_at_last = not self.next_token and self.last in (self.window.start, self.window.end, self.until)
        return len(self.seen) if begins_at_last else 0

    def within(self, search: Search) -> dict[str, Any]:
        """TimeRange, SearchCriteria and Sort of its upstream search."""
        request = search.request_at(self.now)
        time_range = {"Type": search.time_field, "StartTime": self.window.start, "EndTime": self.window.end}
        if self.until:
            reach = {"Type": search.field_name, "StartTime": two_years_before(self.now), "EndTime": self.until}
            criteria = request["SearchCriteria"]
            others = criteria.get("AdditionalTimeRange", {}).get("Criteria", [])
            additional = {"Criteria": [*others, {"TimeRange": reach}], "MatchType": "MATCH_ALL"}
            request = request | {"SearchCriteria": criteria | {"AdditionalTimeRange": additional}}
        return {"TimeRange": time_range, **request}


def first(search: Search) -> Position:
    """The beginning of a walk."""
    whole = search.window_at(search.asked_at)
    begin = whole.end if search.descending else whole.start
    return Position(search.asked_at, search.max_items, whole.eight_weeks_from(begin, descending=search.descending))


def passed(search: Search, position: Position, results: int, shown: Sequence[Contact]) -> Position:
    """The position after so many more results of its upstream search, these contacts among them being new."""
    last, seen = position.last, set(position.seen)
    for contact in shown if continues(search) else ():
        moment = _timestamp(contact, search.field_name)
        if moment != last:
            last, seen = moment, set()
        seen.add(digest(contact))
    return replace(
        position,
        remaining=None if position.remaining is None else position.remaining - len(shown),
        given=position.given + results,
        last=last,
        seen=frozenset(seen),
    )


def resumed(search: Search, position: Position) -> Position | None:
    """A new upstream search from the last timestamp reached; None where the walk's order does not allow it."""
    if not continues(search):
        return None
    if position.last is None:
        return replace(position, given=0, next_token="")  # nothing has been given yet
    begun = replace(position, before=position.before + position.given - len(position.seen), given=0, next_token="")
    if search.sort is None:
        return replace(begun, until=position.last)
    whole = search.window_at(position.now)
    return replace(begun, window=whole.eight_weeks_from(position.last, descending=search.descending))


def next_window(search: Search, position: Position) -> Position | None:
    """The upstream search of what lies beyond this one's window; None where nothing does."""
    whole, window = search.window_at(position.now), position.window
    if is_last_window(search, position):
        return None
    begin = window.start - _NEXT if search.descending else window.end + _NEXT
    return replace(
        position,
        window=whole.eight_weeks_from(begin, descending=search.descending),
        until=None,
        before=position.before + position.given,
        given=0,
        last=None,
        seen=frozenset(),
        next_token="",
    )


def narrowed(search: Search, position: Position) -> Position | None:
    """The newer half of an upstream search of too many results, where it could not be resumed at its last timestamp.

    None where that is not needed, or not possible.
    """
    half = (position.window.end - position.window.start) / 2
    if search.sort or continues(search) or not half:
        return None
    return replace(position, window=Window(position.window.end - half, position.window.end))


def is_last_window(search: Search, position: Position) -> bool:
    """Whether no other upstream search comes after that of this position, if it gives all its results."""
    whole = search.window_at(position.now)
    return position.window.start <= whole.start if search.descending else position.window.end >= whole.end


def digest(contact: Contact) -> str:
    """The few characters that stand for a contact."""
    octets = hashlib.blake2b((contact.id or "").encode(), digest_size=DIGEST_LENGTH * 3 // 4).digest()
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
