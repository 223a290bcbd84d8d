"""A page as an HTTP response: its body, its validator, and what it says of its freshness."""

import hashlib
import json
from collections.abc import Iterable

from contacts.walk import Page

VARY = "Authorization, X-Api-Key, Origin, Accept-Encoding"


def body_of(page: Page) -> str:
    """The JSON that the contract has for it."""
    truncated = ',"truncated":true' if page.truncated else ""
    next_cursor = json.dumps(page.next_cursor)
    return f'{{"contacts":{page.contacts},"total":{_total(page)},"next_cursor":{next_cursor}{truncated}}}'


def headers_of(page: Page) -> dict[str, str]:
    """Cache-Control, Age, Cache-Status (RFC 9111, RFC 9211) and Vary."""
    answer = page.answer
    return {
        "Cache-Control": f"private, max-age={answer.lifetime}",
        "Vary": VARY,
        "Cache-Status": f"contact-search; {answer.cache_status}",
        **({} if answer.age is None else {"Age": str(answer.age)}),
    }


def etag_of(page: Page, fields: Iterable[str]) -> str:
    """A weak validator over the contacts, the total and the fields; not over next_cursor, which is new each time."""
    validated = "\n".join([page.contacts, _total(page), str(page.truncated), *sorted(fields)])
    return f'W/"{hashlib.sha256(validated.encode()).hexdigest()[:32]}"'


def matches(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match (RFC 9110) has this validator, compared weakly."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def _total(page: Page) -> str:
    return f'{{"value":{page.total},"relation":"{"gte" if page.is_lower_bound else "eq"}"}}'
