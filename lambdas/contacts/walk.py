"""A walk: the pages of one search, from its first to its last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from amazon_connect.errors import RejectedError
from amazon_connect.shared_search import Answer
from contacts.contact import SearchContactsResponse, as_json
from contacts.cursor import CursorExpiredError, Cursors
from contacts.position import Position, continues, may_be_capped
from contacts.search import Search
from storage.item import StorageUnavailableError

MOST_ON_A_PAGE = 100

# SearchContacts of Amazon Connect: the request less InstanceId, and what it answers.
SearchContacts = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Page:
    """`contacts` are a JSON array of `count`. No `next_cursor`, no further page; `truncated`: more contacts match.

    `total` is how many match over all pages, or at least so many where `is_lower_bound`; `answer` is what Connect said.
    """

    contacts: str
    count: int
    total: int
    is_lower_bound: bool
    next_cursor: str | None
    answer: Answer
    truncated: bool = False


def next_page(search: Search, search_contacts: SearchContacts, cursors: Callable[[], Cursors]) -> Page:
    """The page at the search's cursor, or the first one.

    Raises InvalidCursorError and CursorExpiredError for the cursor, ConnectError for the call of `search_contacts`,
    and StorageUnavailableError where the walk could not go on without what had to be stored.
    """
    if search.cursor:
        position = cursors().read(search.identity, search.cursor, can_resume=continues(search))
    else:
        position = Position.first(search)
    position, answer = _answer(search, position, search_contacts)
    response: SearchContactsResponse = answer.response
    total, is_lower_bound = _total(search, position, response)
    if _may_be_too_large(position, response) and (narrower := position.narrowed(search)):
        return Page("[]", 0, total, is_lower_bound, _cursor(search, narrower, cursors), answer)
    new = [contact for contact in response.contacts if not position.has_passed(search, contact)]
    shown = new[: _most(search, position)]
    results = len(response.contacts) - (len(new) - len(shown))
    here = position.after(search, results, shown)
    onward = _onward(search, position, here, response.next_token, is_cut=len(shown) < len(new))
    return Page(
        as_json(shown, search.fields),
        len(shown),
        total,
        is_lower_bound,
        _cursor(search, onward, cursors) if onward else None,
        answer,
        truncated=onward is None and here.remaining != 0 and _more_match(search, here, response, search_contacts),
    )


def _answer(search: Search, position: Position, search_contacts: SearchContacts) -> tuple[Position, Answer]:
    """What Connect answers at the position, which is another one where Connect no longer takes its token."""
    if position.next_token is None:
        position = _resumed(search, position)
    most = min(_most(search, position) + position.repeats, MOST_ON_A_PAGE, position.results_left)
    request = position.request(search) | {"MaxResults": most}
    if not position.next_token:
        return position, search_contacts(request)
    try:
        return position, search_contacts(request | {"NextToken": position.next_token})
    except RejectedError:
        # The first page of this very search was not rejected, so it is the token that Connect no longer takes.
        return _answer(search, _resumed(search, position), search_contacts)


def _resumed(search: Search, position: Position) -> Position:
    resumed = position.resumed(search)
    # A page of nothing but repeats leads nowhere if its token is lost each time.
    if resumed is None or (resumed.is_same_search(position) and resumed.repeats >= MOST_ON_A_PAGE):
        raise CursorExpiredError
    return resumed


def _most(search: Search, position: Position) -> int:
    """How many contacts the page may have."""
    return search.limit if position.remaining is None else min(search.limit, position.remaining)


def _onward(
    search: Search, position: Position, here: Position, next_token: str | None, *, is_cut: bool
) -> Position | None:
    """Where the walk goes on after this page, which led it from `position` to `here`; None where it ends."""
    if here.remaining == 0:
        return None
    if is_cut:  # what was cut off comes after the last contact that was shown
        return here.resumed(search)
    if here.results_left <= 0:
        resumed = here.resumed(search)
        # More results than one search can give, and all with one timestamp: there is no way past them.
        return None if resumed is None or resumed.is_same_search(position) else resumed
    if next_token:
        return replace(here, next_token=next_token)
    return here.next_window(search)


def _cursor(search: Search, position: Position, cursors: Callable[[], Cursors]) -> str:
    try:
        return cursors().write(search.identity, position)
    except StorageUnavailableError:
        resumed = position.resumed(search)  # it needs no token, which is what was too long
        if resumed is None:
            raise
        return cursors().write(search.identity, resumed)


def _may_be_too_large(position: Position, response: SearchContactsResponse) -> bool:
    """Whether an upstream search that begins here has more results than it can give, or may soon have."""
    begins = not position.given and not position.next_token
    return begins and (response.total_count or 0) > position.results_left * 0.9


def _total(search: Search, position: Position, response: SearchContactsResponse) -> tuple[int, bool]:
    """How many contacts match the whole search, as far as is known; and whether it may be more."""
    count = response.total_count
    if count is None:
        return position.before + position.given + len(response.contacts), True
    return position.before + count, may_be_capped(count) or not position.is_in_last_window(search)


def _more_match(
    search: Search, here: Position, response: SearchContactsResponse, search_contacts: SearchContacts
) -> bool:
    """Whether more contacts match at the end of a walk than it has given.

    Where neither Connect's token nor its count tells, the last contact does: it is the first one in the opposite order.
    """
    if here.results_left > 0:
        return False
    if response.next_token or not here.is_in_last_window(search) or not may_be_capped(response.total_count or 0):
        return True
    request = here.request(search)
    opposite = {"ASCENDING": "DESCENDING", "DESCENDING": "ASCENDING"}[request["Sort"]["Order"]]
    first = search_contacts(request | {"Sort": request["Sort"] | {"Order": opposite}, "MaxResults": 1})
    return bool(first.response.contacts[:1] != response.contacts[-1:])
