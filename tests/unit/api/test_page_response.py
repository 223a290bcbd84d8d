"""Test how a page becomes a response."""

import json
from dataclasses import replace
from typing import Any

import pytest

from contact_search.amazon_connect.connect import Result
from contact_search.amazon_connect.contact import parse_response
from contact_search.api.page_response import conditional_page_response, page_response
from contact_search.search.walk import Page

RESPONSE = parse_response(b'{"Contacts": [{"Id": "1", "Channel": "VOICE"}, {"Id": "2"}]}')
CONTACTS = RESPONSE.contacts
RESULT = Result(RESPONSE, 10, None, "fwd=miss; stored")
PAGE = Page(CONTACTS, 2, is_lower_bound=False, next_cursor=None, result=RESULT)


def get(page: Page = PAGE, fields: frozenset[str] = frozenset(), if_none_match: str = "", **query: list[str]) -> Any:
    return conditional_page_response(page, fields, {"X": "y"}, query=query, if_none_match=if_none_match)


def test_the_body_follows_the_contract() -> None:
    for response in (get(), page_response(PAGE, frozenset(), {})):
        assert json.loads(response.body or "") == {
            "contacts": [{"id": "1", "channel": "VOICE"}, {"id": "2"}],
            "total": {"value": 2, "relation": "eq"},
            "next_cursor": None,
        }


def test_the_body_tells_of_a_lower_bound_and_a_truncated_walk() -> None:
    body = json.loads(get(replace(PAGE, is_lower_bound=True, truncated=True)).body)
    assert (body["total"]["relation"], body["truncated"]) == ("gte", True)


def test_fields_are_trimmed() -> None:
    page = page_response(PAGE, frozenset({"arn"}), {})
    assert json.loads(page.body or "")["contacts"] == [{"id": "1"}, {"id": "2"}]


def test_headers_say_how_fresh_the_page_is() -> None:
    headers = get().headers
    assert headers["Cache-Control"] == "private, max-age=10"
    assert headers["Cache-Status"] == "contact-search; fwd=miss; stored"
    assert headers["Vary"] == "Authorization, X-Api-Key, Origin, Accept-Encoding"
    assert headers["X"] == "y"
    assert "Age" not in headers
    assert get(replace(PAGE, result=replace(RESULT, age=0))).headers["Age"] == "0"


def test_the_link_leads_to_the_next_page() -> None:
    assert "Link" not in get().headers
    page = replace(PAGE, next_cursor="new")
    headers = get(page, channel=["VOICE", "CHAT"], name=["a b"], cursor=["old"]).headers
    assert headers["Link"] == '<?channel=VOICE&channel=CHAT&name=a+b&cursor=new>; rel="next"'
    assert "Link" not in page_response(page, frozenset(), {}).headers
    assert "ETag" not in page_response(page, frozenset(), {}).headers


def test_the_etag_covers_contacts_total_and_fields_but_not_the_cursor() -> None:
    etag = get().headers["ETag"]
    assert etag.startswith('W/"')
    assert get(replace(PAGE, next_cursor="x")).headers["ETag"] == etag
    others = [
        get(replace(PAGE, contacts=CONTACTS[:1])),
        get(replace(PAGE, total=3)),
        get(replace(PAGE, is_lower_bound=True)),
        get(replace(PAGE, truncated=True)),
        get(fields=frozenset({"id"})),
    ]
    assert len({etag, *(other.headers["ETag"] for other in others)}) == 6


@pytest.mark.parametrize("prefix", ["W/", ""])
def test_a_page_that_the_caller_has_is_not_sent_again(prefix: str) -> None:
    etag = get().headers["ETag"].removeprefix("W/")
    for header in (f"{prefix}{etag}", f'"x", {prefix}{etag}', "*"):
        response = get(replace(PAGE, next_cursor="x"), if_none_match=header)
        assert (response.status_code, response.body) == (304, "")
        assert {"ETag", "Cache-Control", "Vary", "Link"} <= response.headers.keys()
        assert "Content-Type" not in response.headers
    assert get(if_none_match='W/"x"').status_code == 200
