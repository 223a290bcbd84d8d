"""A walk: the pages of one search, from its first to its last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from amazon_connect.errors import RejectedError, UpstreamError
from contacts import position as positions
from contacts.contact import SearchContactsResponse, for_json
from contacts.cursor import CursorExpiredError, Cursors
from contacts.position import Position
from contacts.search import Search
from storage.transient import StorageUnavailableError

MOST_ON_A_PAGE = 100

# SearchContacts of Amazon Connect: the request less InstanceId, and the response's JSON.
SearchContacts = Callable[[Mapping[str, Any]], bytes]


@dataclass(frozen=True)
class Page:
    """`contacts` are ready for JSON. No `next_cursor`, no further page, although more contacts match if `truncated`.

    `total` is how many match over all pages, or at least so many where `is_lower_bound`.
    """

    contacts: list[dict[str, Any]]
    total: int
    is_lower_bound: bool
    next_cursor: str | None
    truncated: bool = False

    def as_json(self) -> dict[str, Any]:
        """The page as the contract has it."""
        total = {"value": self.total, "relation": "gte" if self.is_lower_bound else "eq"}
        page = {"contacts": self.contacts, "total": total, "next_cursor": self.next_cursor}
        return page | ({"truncated": True} if self.truncated else {})


def next_page(search: Search, search_contacts: SearchContacts, cursors: Callable[[], Cursors]) -> Page:
    """The page at the search's cursor, or the first one.

    Raises InvalidCursorError and CursorExpiredError for the cursor, ConnectError for the call of `search_contacts`,
    and StorageUnavailableError where the walk could not go on without what had to be stored.
    """
    if search.cursor:
        position = cursors().read(search.identity, search.cursor, can_resume=positions.continues(search))
    else:
        position = positions.first(search)
    position, answer = _answer(search, position, search_contacts)
    total, is_lower_bound = _total(search, position, answer)
    if _is_too_large(position, answer) and (narrower := positions.narrowed(search, position)):
        return Page([], total, is_lower_bound, _cursor(search, narrower, cursors))
    new = [contact for contact in answer.contacts if positions.digest(contact) not in position.seen]
    shown = new[: _most(search, position)]
    results = len(answer.contacts) - (len(new) - len(shown))
    here = positions.passed(search, position, results, shown)
    onward = _onward(search, position, here, answer, is_cut=len(shown) < len(new))
    return Page(
        for_json(shown, search.fields),
        total,
        is_lower_bound,
        _cursor(search, onward, cursors) if onward else None,
        truncated=onward is None and here.remaining != 0 and _more_match(search, here, answer, search_contacts),
    )


def _answer(
    search: Search, position: Position, search_contacts: SearchContacts
) -> tuple[Position, SearchContactsResponse]:
    """What Connect answers at the position, which is another one where Connect no longer takes its token."""
    if position.next_token is None:
        position = _resumed(search, position)
    most = min(_most(search, position) + position.repeats, MOST_ON_A_PAGE, positions.MOST_RESULTS - position.given)
    request = position.within(search) | {"MaxResults": most}
    if not position.next_token:
        return position, _read(search_contacts(request))
    try:
        return position, _read(search_contacts(request | {"NextToken": position.next_token}))
    except RejectedError:
        # The first page of this very search was not rejected, so it is the token that Connect no longer takes.
        return _answer(search, _resumed(search, position), search_contacts)


def _read(body: bytes) -> SearchContactsResponse:
    try:
        return SearchContactsResponse.model_validate_json(body)
    except ValidationError:
        raise UpstreamError("ValidationError") from None  # its own words may quote contacts


def _resumed(search: Search, position: Position) -> Position:
    resumed = positions.resumed(search, position)
    if resumed is None:
        raise CursorExpiredError
    return resumed


def _most(search: Search, position: Position) -> int:
    """How many contacts the page may have."""
    return search.limit if position.remaining is None else min(search.limit, position.remaining)


def _onward(
    search: Search, position: Position, here: Position, answer: SearchContactsResponse, *, is_cut: bool
) -> Position | None:
    """Where the walk goes on after this page, which led it from `position` to `here`; None where it ends."""
    if here.remaining == 0:
        return None
    if here.given >= positions.MOST_RESULTS or is_cut:
        resumed = positions.resumed(search, here)
        # More results than one search can give, and all with one timestamp: there is no way past them.
        is_stuck = resumed is not None and (resumed.window, resumed.until) == (position.window, position.until)
        return None if is_stuck and not is_cut else resumed
    if answer.next_token:
        return replace(here, next_token=answer.next_token)
    return positions.next_window(search, here)


def _cursor(search: Search, position: Position, cursors: Callable[[], Cursors]) -> str:
    try:
        return cursors().write(search.identity, position)
    except StorageUnavailableError:
        resumed = positions.resumed(search, position)  # it needs no token, which is what was too long
        if resumed is None:
            raise
        return cursors().write(search.identity, resumed)


def _is_too_large(position: Position, answer: SearchContactsResponse) -> bool:
    """Whether an upstream search that begins here has more results than it can give, or may have."""
    begins = not position.given and not position.next_token
    return begins and (answer.total_count or 0) >= positions.MOST_RESULTS


def _total(search: Search, position: Position, answer: SearchContactsResponse) -> tuple[int, bool]:
    """How many contacts match the whole search, as far as is known; and whether it may be more.

    Connect may have counted to 10,000 and no further: that is not documented.
    """
    if answer.total_count is None:
        return position.before + position.given + len(answer.contacts), True
    is_exact = answer.total_count != positions.MOST_RESULTS and positions.is_last_window(search, position)
    return position.before + answer.total_count, not is_exact


def _more_match(
    search: Search, here: Position, answer: SearchContactsResponse, search_contacts: SearchContacts
) -> bool:
    """Whether more contacts match at the end of a walk than it has given.

    Where Connect's count does not tell, the last contact does: it is the first one in the opposite order.
    """
    if here.given < positions.MOST_RESULTS:
        return False
    if (answer.total_count or 0) > positions.MOST_RESULTS:
        return True
    request = here.within(search)
    opposite = {"ASCENDING": "DESCENDING", "DESCENDING": "ASCENDING"}[request["Sort"]["Order"]]
    last = _read(search_contacts(request | {"Sort": request["Sort"] | {"Order": opposite}, "MaxResults": 1}))
    return last.contacts[:1] != answer.contacts[-1:]
