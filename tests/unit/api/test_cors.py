"""Test which origins may read responses."""

import pytest

from contact_search.api.cors import EXPOSED_HEADERS, cors_headers, preflight_headers

OURS = "https://app.example.com"


@pytest.mark.parametrize("allowed", [[OURS], ["https://a.b", OURS], ["*"]])
def test_an_allowed_origin_is_named(allowed: list[str]) -> None:
    headers = cors_headers(OURS, allowed)
    assert headers["Access-Control-Allow-Origin"] == OURS
    assert {"Link", "ETag", "X-Request-Id"} <= set(headers["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.parametrize("origin", ["", "null", "*", OURS.upper(), f"{OURS}.evil.example", f"{OURS}, {OURS}"])
def test_no_other_origin_is_named(origin: str) -> None:
    assert cors_headers(origin, [OURS]) == {}


def test_without_an_origin_there_are_no_headers() -> None:
    assert cors_headers("", ["*"]) == {}


def test_a_preflight_names_the_methods_of_its_path() -> None:
    headers = preflight_headers(["GET", "OPTIONS"], "GET")
    assert headers["Access-Control-Allow-Methods"] == "GET, OPTIONS"


@pytest.mark.parametrize("asked_for", ["DELETE", "PATCH"])
def test_a_method_that_the_path_does_not_have_may_be_sent(asked_for: str) -> None:
    headers = preflight_headers(["GET", "OPTIONS"], asked_for)
    assert headers["Access-Control-Allow-Methods"] == f"GET, OPTIONS, {asked_for}"


@pytest.mark.parametrize("asked_for", ["", "POST", "TRACE", "delete", "GET, DELETE", "*"])
def test_what_needs_no_permission_or_is_no_method_is_not_repeated(asked_for: str) -> None:
    assert preflight_headers(["GET"], asked_for)["Access-Control-Allow-Methods"] == "GET"


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "X-Api-Key", "Content-Type", "Prefer", "Cache-Control", "If-None-Match", "Idempotency-Key"),
        *("Traceparent", "Tracestate", "Baggage", "X-Correlation-Id"),
    ],
)
def test_headers_that_scripts_may_send(name: str) -> None:
    assert name in preflight_headers([], "")["Access-Control-Allow-Headers"].split(", ")


@pytest.mark.parametrize("name", ["Date", "Link", "Location", "Retry-After", "Allow", "ETag", "X-Request-Id"])
def test_headers_that_scripts_may_read(name: str) -> None:
    assert name in EXPOSED_HEADERS.split(", ")
