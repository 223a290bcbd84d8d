"""A walk: the pages of one search, from its first to its last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from amazon_connect.errors import RejectedError, UpstreamError
from contacts.contact import contacts_of
from contacts.cursor import CursorExpiredError, Cursors, Position
from contacts.search import Search

SearchContacts = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Page:
    """`contacts` are ready for JSON; `total` is how many match over all pages; no `next_cursor`, no further page."""

    contacts: list[dict[str, Any]]
    total: int
    next_cursor: str | None

    def as_json(self) -> dict[str, Any]:
        """The page as the contract has it."""
        total = {"value": self.total, "relation": "eq"}
        return {"contacts": self.contacts, "total": total, "next_cursor": self.next_cursor}


def next_page(search: Search, search_contacts: SearchContacts, cursors: Callable[[], Cursors]) -> Page:
    """The page at the search's cursor, or the first one.

    Raises InvalidCursorError and CursorExpiredError for the cursor, ConnectError for the call of `search_contacts`.
    """
    if search.cursor:
        position = cursors().read(search.identity, search.cursor)
    else:
        position = Position(search.asked_at, "", search.max_items)
    most = search.limit if position.remaining is None else min(search.limit, position.remaining)
    answer = _answer(search, position, most, search_contacts)
    if "Contacts" not in answer:  # the service model requires it
        raise UpstreamError("NoContacts")
    summaries = answer["Contacts"]
    remaining = None if position.remaining is None else position.remaining - len(summaries)
    next_token = answer.get("NextToken", "")
    next_cursor = None
    if next_token and remaining != 0:
        next_cursor = cursors().write(search.identity, Position(position.now, next_token, remaining))
    try:
        return Page(contacts_of(summaries, search.fields), answer.get("TotalCount", len(summaries)), next_cursor)
    except ValidationError as unreadable:
        raise UpstreamError("ValidationError") from unreadable


def _answer(search: Search, position: Position, most: int, search_contacts: SearchContacts) -> Mapping[str, Any]:
    request = search.request_at(position.now) | {"MaxResults": most}
    if not position.next_token:
        return search_contacts(request)
    try:
        return search_contacts(request | {"NextToken": position.next_token})
    except RejectedError as error:
        # The first page of this very search was not rejected, so it is the token that Connect no longer takes.
        raise CursorExpiredError from error
