"""Walk through the pages of a search.

One search of Amazon Connect covers at most 8 weeks and returns only its first 10,000 contacts (administrator guide,
"Search for contacts"). A walk therefore consists of as many of these upstream searches as it needs. Each begins where
the previous window ended, or at the last timestamp that the walk has reached; there, Connect repeats contacts that the
walk has returned already, and the walk skips them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from contact_search.amazon_connect.connect import AmazonConnect, Patience, Result
from contact_search.amazon_connect.contact import Contact, SearchContactsResponse
from contact_search.amazon_connect.errors import RejectedError
from contact_search.search.cursor import LIFETIME, LONGEST_LIFETIME, CursorCodec, CursorExpiredError
from contact_search.search.model import Search
from contact_search.search.position import Position, digest, digests_at_end, get_timestamp, may_be_capped
from contact_search.search.window import EIGHT_WEEKS, Window, two_years_before

MAX_PAGE_SIZE = 100  # MaxResults of SearchContacts

# The smallest difference of two timestamps in Python. Connect's are milliseconds.
_TICK = timedelta(microseconds=1)
_SHORTEST_HALF = timedelta(milliseconds=1)
_OPPOSITE = {"ASCENDING": "DESCENDING", "DESCENDING": "ASCENDING"}


@dataclass(frozen=True)
class Progress:
    """How far a walk without an end has come.

    Attributes:
        complete_until: The time up to which the walk returns nothing more.
        poll_after: The seconds after which there can be more, None if there may be more already.
    """

    complete_until: datetime
    poll_after: int | None


@dataclass(frozen=True)
class Page:
    """A page of a walk.

    Attributes:
        contacts: The contacts, in the order of the search; at most `limit`.
        total: The number of contacts that match the search, over all its pages.
        is_lower_bound: Whether more than `total` may match.
        next_cursor: Where the next page begins, None on the last page.
        result: Connect's result, which the contacts are from.
        truncated: Whether more contacts match, although this is the last page.
        expanded: Whether names are added as the search asks for, if it does.
        progress: How far a walk without an end has come, None for one that ends.
    """

    contacts: list[Contact]
    total: int
    is_lower_bound: bool
    next_cursor: str | None
    result: Result[SearchContactsResponse]
    truncated: bool = False
    expanded: bool = True
    progress: Progress | None = None

    @property
    def count(self) -> int:
        """The number of contacts on this page."""
        return len(self.contacts)


def fetch_page(search: Search, connect: AmazonConnect, cursors: CursorCodec, patience: Patience) -> Page:
    """Fetch the page at the search's cursor, or the first page.

    Raises:
        InvalidCursorError: The cursor is not one of this search.
        CursorExpiredError: The cursor is too old, or the walk cannot do without the NextToken that is lost.
        ConnectError: Connect returned no result.
        StorageUnavailableError: The cursor cannot be read or written without its key or its stored part.
    """
    if search.cursor:
        position = cursors.read(search.identity, search.cursor, can_resume=can_restart(search))
        walk = Walk.resume(search, position)
    else:
        walk = Walk.begin(search)
    walk, result = fetch_result(walk, connect, patience)
    total, is_lower_bound = walk.total(result.response)
    if search.limit == 0:
        return Page([], total, is_lower_bound, None, result)
    page = walk.page(result.response)
    if page.next_walk:
        return Page(page.contacts, total, is_lower_bound, write_cursor(page.next_walk, cursors), result)
    truncated = more_match(page.end, result.response, connect, patience)
    return Page(page.contacts, total, is_lower_bound, None, result, truncated)


def fetch_result(
    walk: "Walk", connect: AmazonConnect, patience: Patience
) -> tuple["Walk", Result[SearchContactsResponse]]:
    """Return Connect's result, and where it begins: elsewhere if Connect no longer knows the walk's NextToken.

    Raises:
        CursorExpiredError: The walk cannot do without its token.
        ConnectError: Connect returned no result.
    """
    try:
        return walk, connect.search(walk.request(), patience)
    except RejectedError:
        if not walk.position.next_token:
            raise
    # Connect accepted this search on its first page, so what it rejects now is the token.
    walk = walk.without_token()
    return walk, connect.search(walk.request(), patience)


def can_restart(search: Search) -> bool:
    """Tell whether a new upstream search can begin at the last timestamp that a walk has reached.

    TimeRange bounds it if the walk is sorted by the window's own timestamp. Without a sort, an additional time range
    bounds it, if the criteria can be joined with another one by AND.
    """
    if search.sort:
        return search.sort_field == search.time_field
    additional = search.criteria.get("AdditionalTimeRange")
    if additional is None or additional["MatchType"] == "MATCH_ALL":
        return True
    return additional["MatchType"] == "MATCH_ANY" and len(additional["Criteria"]) == 1


@dataclass(frozen=True)
class Walk:
    """A search and the position that its walk has reached.

    Attributes:
        horizon: The time up to which a walk without an end can go now, None for one that ends.
    """

    search: Search
    position: Position
    horizon: datetime | None = None

    @classmethod
    def begin(cls, search: Search) -> "Walk":
        """Begin a walk that ends."""
        window = search.window_at(search.requested_at)
        begin = window.end if search.descending else window.start
        first = window.eight_weeks_from(begin, descending=search.descending)
        return cls(search, Position(search.requested_at, search.max_items, first))

    @classmethod
    def resume(cls, search: Search, position: Position, horizon: datetime | None = None) -> "Walk":
        """Resume a walk at a position, without Connect's NextToken if it is lost.

        Raises:
            CursorExpiredError: The walk cannot go on without the token.
        """
        walk = cls(search, position, horizon)
        return walk.without_token() if position.next_token is None else walk

    @property
    def page_size(self) -> int:
        """How many contacts the next page may have."""
        remaining = self.position.remaining
        return self.search.limit if remaining is None else min(self.search.limit, remaining)

    @property
    def cursor_lifetime(self) -> timedelta:
        """For how long the walk's cursors can be read."""
        return LIFETIME if self.search.settle is None else LONGEST_LIFETIME

    @property
    def is_in_last_window(self) -> bool:
        """Whether the walk ends with this upstream search, provided that it returns all its results."""
        window = self._full_window()
        if self.search.descending:
            return self.position.window.start <= window.start
        return self.position.window.end >= window.end

    def request(self) -> dict[str, Any]:
        """Return the next request of SearchContacts, without InstanceId."""
        position = self.position
        page_size = max(self.page_size, 1)  # a count needs no result, but MaxResults is at least 1
        max_results = min(page_size + position.repeats, MAX_PAGE_SIZE, position.results_left)
        token = {"NextToken": position.next_token} if position.next_token else {}
        return {**self._upstream_search(), "MaxResults": max_results, **token}

    def last_contact_request(self) -> dict[str, Any]:
        """Request the last contact of the upstream search, which is the first in the opposite order."""
        upstream_search = self._upstream_search()
        sort = upstream_search["Sort"]
        return {**upstream_search, "Sort": {**sort, "Order": _OPPOSITE[sort["Order"]]}, "MaxResults": 1}

    def without_token(self) -> "Walk":
        """Go on without Connect's NextToken.

        Raises:
            CursorExpiredError: The order does not allow it, or the next page would hold only repeated contacts; if
                its token were lost as well, the walk would never get any further.
        """
        restarted = self.restart()
        if restarted is None:
            raise CursorExpiredError
        is_stuck = restarted.position.repeats >= MAX_PAGE_SIZE
        if is_stuck and restarted.position.has_same_search(self.position):
            raise CursorExpiredError
        return restarted

    def total(self, response: SearchContactsResponse) -> tuple[int, bool]:
        """Return how many contacts match the search, as far as is known, and whether it may be more."""
        position, count = self.position, response.total_count
        if count is None:
            return position.matches_before + position.results_read + len(response.contacts), True
        return position.matches_before + count, may_be_capped(count) or not self.is_in_last_window

    def page(self, response: SearchContactsResponse) -> "WalkPage":
        """Make the walk's next page from Connect's result."""
        if self._may_exceed_result_limit(response) and (narrowed := self.narrow()):
            return WalkPage([], self, narrowed)
        new = [contact for contact in response.contacts if not self.has_passed(contact)]
        contacts = new[: self.page_size]
        surplus = len(new) - len(contacts)
        end = self.advance(len(response.contacts) - surplus, contacts)
        return WalkPage(contacts, end, self._next_walk(end, response.next_token, has_surplus=surplus > 0))

    def has_passed(self, contact: Contact) -> bool:
        """Tell whether the walk has returned this contact, or has passed its place in the order."""
        last_timestamp = self.position.last_timestamp
        if self.horizon is not None and get_timestamp(contact, self.search.sort_field) < self.position.window.start:
            return True  # botocore may send the start of a window without the fraction of its second
        if last_timestamp is None:
            return False
        timestamp = get_timestamp(contact, self.search.sort_field)
        if timestamp == last_timestamp:
            return digest(contact) in self.position.seen
        return timestamp > last_timestamp if self.search.descending else timestamp < last_timestamp

    def advance(self, results: int, contacts: Sequence[Contact]) -> "Walk":
        """Move on within the upstream search.

        Args:
            results: How many of its results are read.
            contacts: Those of them that the walk had not returned before.
        """
        position = self.position
        last_timestamp, seen = position.last_timestamp, position.seen
        if can_restart(self.search) and contacts:
            last_timestamp = get_timestamp(contacts[-1], self.search.sort_field)
            seen = digests_at_end(contacts, self.search.sort_field)
            if last_timestamp == position.last_timestamp:
                seen |= position.seen
        return self._move(
            remaining=None if position.remaining is None else position.remaining - len(contacts),
            results_read=position.results_read + results,
            last_timestamp=last_timestamp,
            seen=seen,
        )

    def restart(self) -> "Walk | None":
        """Begin a new upstream search at the last timestamp reached. Return None if the order does not allow it."""
        if not can_restart(self.search):
            return None
        position, last_timestamp = self.position, self.position.last_timestamp
        if last_timestamp is None:  # the walk has not returned any contact yet
            return self._move(results_read=0, next_token="")
        matches_before = position.matches_before + max(position.results_read - len(position.seen), 0)
        restarted = self._move(matches_before=matches_before, results_read=0, next_token="")
        if self.search.sort is None:
            return restarted._move(initiated_until=last_timestamp)
        window = self._full_window().eight_weeks_from(last_timestamp, descending=self.search.descending)
        return restarted._move(window=window)

    def next_window(self) -> "Walk | None":
        """Begin the upstream search beyond this one's window. Return None if the search does not go further."""
        if self.is_in_last_window:
            return None
        position, descending = self.position, self.search.descending
        begin = position.window.start - _TICK if descending else position.window.end + _TICK
        return self.begin_beyond(self._full_window().eight_weeks_from(begin, descending=descending))

    def begin_beyond(self, window: Window) -> "Walk":
        """Begin the upstream search of a window that lies beyond this one's."""
        position, is_sorted = self.position, self.search.sort is not None
        return self._move(
            window=window,
            initiated_until=None,
            matches_before=position.matches_before + position.results_read,
            results_read=0,
            last_timestamp=position.last_timestamp if is_sorted else None,
            seen=position.seen if is_sorted else frozenset(),
            next_token="",
        )

    def narrow(self) -> "Walk | None":
        """Take only the newer half of a window whose matches may exceed what Connect returns.

        Return None if the window must keep its order, if the walk can restart in it, or if it is too short to halve.
        """
        window = self.position.window
        half = (window.end - window.start) / 2
        if self.search.sort or can_restart(self.search) or half < _SHORTEST_HALF:
            return None
        return self._move(window=Window(window.end - half, window.end))

    def _next_walk(self, end: "Walk", next_token: str | None, *, has_surplus: bool) -> "Walk | None":
        """Return where the walk goes on after its page from here to `end`, None if it ends."""
        if end.position.remaining == 0:
            return None
        if has_surplus:  # the surplus comes after the last contact of the page
            return end.restart()
        if end.position.results_left <= 0:
            restarted = end.restart()
            # More contacts have the same timestamp than Connect returns: there is no way past them.
            is_stuck = restarted is None or restarted.position.has_same_search(self.position)
            return None if is_stuck else restarted
        if next_token:
            return end._move(next_token=next_token)
        return end.next_window()

    def _upstream_search(self) -> dict[str, Any]:
        """Return TimeRange, SearchCriteria and Sort of the upstream search."""
        position = self.position
        window = position.window
        # Other timestamps of a contact that is followed may be later than the window's own, and than the first page.
        now = position.started_at if self.horizon is None else window.end + EIGHT_WEEKS
        request = self.search.request_at(now)
        criteria = request["SearchCriteria"]
        if position.initiated_until:
            # A contact that Connect still keeps by another timestamp may have been initiated before the 2 years.
            long_ago = two_years_before(position.started_at) - EIGHT_WEEKS
            ends = {"StartTime": long_ago, "EndTime": position.initiated_until}
            bound = {"TimeRange": {"Type": self.search.sort_field, **ends}}
            others = criteria.get("AdditionalTimeRange", {}).get("Criteria", [])
            additional = {"Criteria": [*others, bound], "MatchType": "MATCH_ALL"}
            criteria = criteria | {"AdditionalTimeRange": additional}
        time_range = {"Type": self.search.time_field, "StartTime": window.start, "EndTime": window.end}
        return {"TimeRange": time_range, "SearchCriteria": criteria, "Sort": request["Sort"]}

    def _full_window(self) -> Window:
        """Return the window of the search. That of a walk without an end may as well start here: it is ascending."""
        if self.horizon is not None:
            return replace(self.position.window, end=max(self.horizon, self.position.window.end))
        return self.search.window_at(self.position.started_at)

    def _may_exceed_result_limit(self, response: SearchContactsResponse) -> bool:
        """Tell whether an upstream search that begins here has more matches than Connect returns, or soon may have."""
        begins = not self.position.next_token
        return begins and (response.total_count or 0) > self.position.results_left * 0.9

    def _move(self, **changes: Any) -> "Walk":
        return replace(self, position=replace(self.position, **changes))


@dataclass(frozen=True)
class WalkPage:
    """A page of a walk, and where it leads.

    Attributes:
        contacts: The contacts of the page.
        end: The walk after the last of them.
        next_walk: Where the next page begins, None on the last page.
    """

    contacts: list[Contact]
    end: Walk
    next_walk: Walk | None


def write_cursor(walk: Walk, cursors: CursorCodec) -> str:
    """Write the cursor of a page that begins here."""
    restarted = walk.restart()  # it needs no token, and the token is what may be too long for a cursor
    fallback = restarted.position if restarted else None
    return cursors.write(walk.search.identity, walk.position, fallback=fallback, lifetime=walk.cursor_lifetime)


def more_match(end: Walk, response: SearchContactsResponse, connect: AmazonConnect, patience: Patience) -> bool:
    """Tell whether more contacts match at the end of a walk than it has returned.

    If neither Connect's token nor its count tells, compare the last contact with the one that Connect has last.
    """
    if end.position.remaining == 0 or end.position.results_left > 0:
        return False
    if response.next_token or not end.is_in_last_window or not may_be_capped(response.total_count):
        return True
    last = connect.search(end.last_contact_request(), patience)
    return last.response.contacts != response.contacts[-1:]
