"""Write a page of contacts as an HTTP response."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response

from contact_search.amazon_connect.connect import Result
from contact_search.amazon_connect.contact import contacts_to_json
from contact_search.api.etag import matches
from contact_search.search.walk import Page

JSON = "application/json"
VARY = "Authorization, X-Api-Key, Origin, Accept-Encoding"


def page_response(page: Page, fields: frozenset[str], headers: Mapping[str, str]) -> Response[str]:
    """Write the page with these top-level fields of contacts, empty for all, and with these further headers."""
    contacts = contacts_to_json(page.contacts, fields)
    return Response(HTTPStatus.OK, JSON, _to_json(page, contacts), {**cache_headers(page.result), **headers})


def conditional_page_response(
    page: Page,
    fields: frozenset[str],
    headers: Mapping[str, str],
    *,
    query: Mapping[str, Sequence[str]],
    if_none_match: str,
) -> Response[str]:
    """Write the page as `page_response` does, with ETag and Link; without a body if the caller has it already.

    Args:
        query: The parameters of the request, which the link to the next page repeats.
        if_none_match: The If-None-Match header, empty if there is none.
    """
    contacts = contacts_to_json(page.contacts, fields)
    etag = _etag(page, contacts, fields)
    all_headers = {**cache_headers(page.result), **headers, "ETag": etag}
    if page.next_cursor:
        next_query = urlencode({**query, "cursor": [page.next_cursor]}, doseq=True)
        all_headers["Link"] = f'<?{next_query}>; rel="next"'
    if matches(if_none_match, etag):
        return Response(HTTPStatus.NOT_MODIFIED, body="", headers=all_headers)
    return Response(HTTPStatus.OK, JSON, _to_json(page, contacts), all_headers)


def _to_json(page: Page, contacts: str) -> str:
    truncated = ',"truncated":true' if page.truncated else ""
    expanded = "" if page.expanded else ',"expanded":false'
    next_cursor = json.dumps(page.next_cursor)
    rest = f"{truncated}{expanded}{_progress(page)}"
    return f'{{"contacts":{contacts},"total":{_total(page)},"next_cursor":{next_cursor}{rest}}}'


def _progress(page: Page) -> str:
    """Write the members that only pages of a walk without an end have."""
    progress = page.progress
    if progress is None:
        return ""
    complete_until = progress.complete_until.strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = progress.complete_until.microsecond // 1000
    waits = f',"caught_up":true,"poll_after":{progress.poll_after}' if progress.poll_after else ""
    return f',"complete_until":"{complete_until}.{milliseconds:03}Z"{waits}'


def _total(page: Page) -> str:
    return f'{{"value":{page.total},"relation":"{"gte" if page.is_lower_bound else "eq"}"}}'


def cache_headers(result: Result[Any]) -> dict[str, str]:
    """Return Cache-Control, Age, Cache-Status (RFC 9111, RFC 9211) and Vary."""
    headers = {
        "Cache-Control": f"private, max-age={result.lifetime}",
        "Vary": VARY,
        "Cache-Status": f"contact-search; {result.cache_status}",
    }
    return headers if result.age is None else headers | {"Age": str(result.age)}


def _etag(page: Page, contacts: str, fields: frozenset[str]) -> str:
    """Return a weak validator. It does not cover next_cursor, which is new each time."""
    reached = [str(page.progress.complete_until)] if page.progress else []
    content = "\n".join([contacts, _total(page), str(page.truncated), str(page.expanded), *reached, *sorted(fields)])
    return f'W/"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
