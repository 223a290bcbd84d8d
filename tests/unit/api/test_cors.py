"""Test which origins may read responses."""

import pytest

from contact_search.api.cors import cors_headers, preflight_headers

OURS = "https://app.example.com"


@pytest.mark.parametrize("allowed", [[OURS], ["https://a.b", OURS], ["*"]])
def test_an_allowed_origin_is_named(allowed: list[str]) -> None:
    headers = cors_headers(OURS, allowed)
    assert headers["Access-Control-Allow-Origin"] == OURS
    assert {"Link", "ETag", "X-Request-Id"} <= set(headers["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.parametrize("origin", ["", "null", "*", OURS.upper(), f"{OURS}.evil.example", f"{OURS}, {OURS}"])
def test_no_other_origin_is(origin: str) -> None:
    assert cors_headers(origin, [OURS]) == {}


def test_without_an_origin_there_is_nothing_to_say() -> None:
    assert cors_headers("", ["*"]) == {}


def test_a_preflight_names_the_methods_of_its_path() -> None:
    headers = preflight_headers("GET, OPTIONS")
    assert headers["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert "X-Api-Key" in headers["Access-Control-Allow-Headers"]
