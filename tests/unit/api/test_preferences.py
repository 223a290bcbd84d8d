"""Test which headers say how long a caller waits, and whether a cached result is acceptable."""

import pytest

from contact_search.api.preferences import parse_patience


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", 3),
        ("wait=10", 10),
        ("wait=0", 0),
        ("wait=25", 20),
        ('Wait = "7"', 7),
        ("respond-async, wait=4; x=y, wait=9", 4),
        ("wait=-1", 3),
        ("wait=soon", 3),
        ("wait=1.5", 3),
        ("await=9", 3),
        ("wait=" + "9" * 5_000, 3),
    ],
)
def test_prefer_wait(prefer: str, seconds: float) -> None:
    assert parse_patience("caller", "", prefer, 3).wait_seconds == seconds


@pytest.mark.parametrize(
    ("cache_control", "no_cache"),
    [("", False), ("no-cache", True), ("max-age=0, No-Cache", True), ('no-cache="x"', True), ("no-store", False)],
)
def test_cache_control_no_cache(cache_control: str, no_cache: bool) -> None:
    patience = parse_patience("caller", cache_control, "", 3)
    assert (patience.no_cache, patience.caller) == (no_cache, "caller")
