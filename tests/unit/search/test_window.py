"""Test windows, and durations in calendar months."""

from datetime import UTC, datetime, timedelta

import pytest

from contact_search.search.faults import Fault
from contact_search.search.window import EIGHT_WEEKS, Duration, RequestedWindow, Window, round_down, two_years_before

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "moment", "expected"),
    [
        (Duration(1), "2026-03-31T10:00", "2026-02-28T10:00"),
        (Duration(1), "2028-03-31T10:00", "2028-02-29T10:00"),
        (Duration(1), "2026-01-15T10:00", "2025-12-15T10:00"),
        (Duration(12), "2028-02-29T10:00", "2027-02-28T10:00"),
        (Duration(24), "2026-03-31T10:00", "2024-03-31T10:00"),
        (Duration(0, timedelta(days=7)), "2026-03-03T10:00", "2026-02-24T10:00"),
        (Duration(0, timedelta(hours=24)), "2026-03-03T10:00", "2026-03-02T10:00"),
        (Duration(1, timedelta(days=1)), "2026-03-31T10:00", "2026-02-27T10:00"),
        (Duration(10**30), "2026-03-31T10:00", "0001-01-01T00:00"),
        (Duration(12 * 2025, timedelta(days=400)), "2026-03-31T10:00", "0001-01-01T00:00"),
    ],
    ids=[
        "month-clips-the-day",
        "month-in-a-leap-year",
        "month-across-new-year",
        "year-from-29-february",
        "two-years",
        "week",
        "24-hours",
        "months-before-days",
        "months-before-the-calendar",
        "days-before-the-calendar",
    ],
)
def test_a_duration_goes_back_by_the_calendar(duration: Duration, moment: str, expected: str) -> None:
    assert duration.before(utc(moment)) == utc(expected)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (RequestedWindow(NOW - timedelta(days=1), NOW), Window(NOW - timedelta(days=1), NOW)),
        (RequestedWindow(NOW - timedelta(days=1), None), Window(NOW - timedelta(days=1), NOW)),
        (
            RequestedWindow(NOW - timedelta(days=1), NOW + EIGHT_WEEKS),
            Window(NOW - timedelta(days=1), NOW + EIGHT_WEEKS),
        ),
        (RequestedWindow(None, None, Duration(1)), Window(utc("2026-10-20T12:00"), NOW)),
        (
            RequestedWindow(NOW + timedelta(seconds=30), None),
            Window(NOW + timedelta(seconds=30), NOW + timedelta(seconds=30)),
        ),
    ],
    ids=["both-ends", "start-only", "end-ahead", "last", "clock-of-the-caller-is-ahead"],
)
def test_the_open_ends_of_a_window_are_relative_to_now(window: RequestedWindow, expected: Window) -> None:
    assert window.at(NOW) == expected
    assert not list(window.faults(NOW, start="from", end="to"))


@pytest.mark.parametrize(
    ("window", "start", "detail"),
    [
        (RequestedWindow(NOW, NOW - timedelta(microseconds=1)), "from", "is after `to`"),
        (RequestedWindow(NOW + timedelta(days=3), None), "from", "is in the future, so it needs `to`"),
        (
            RequestedWindow(utc("2024-11-20T11:59:59"), None),
            "from",
            "is more than 2 years ago, and Amazon Connect keeps contacts for 2 years",
        ),
        (
            RequestedWindow(None, None, Duration(24, timedelta(seconds=1))),
            "last",
            "is more than 2 years ago, and Amazon Connect keeps contacts for 2 years",
        ),
    ],
    ids=["reversed", "future", "too-old", "too-long"],
)
def test_a_window_that_cannot_be_searched_has_a_fault(window: RequestedWindow, start: str, detail: str) -> None:
    assert list(window.faults(NOW, start=start, end="to")) == [Fault(start, "out_of_range", detail)]


@pytest.mark.parametrize(
    "window",
    [
        RequestedWindow(utc("2024-11-20T12:00"), None),
        RequestedWindow(None, None, Duration(24)),
        RequestedWindow(NOW, NOW),
    ],
    ids=["two-years-ago", "last-two-years", "a-moment"],
)
def test_a_window_at_the_limits_has_no_fault(window: RequestedWindow) -> None:
    assert not list(window.faults(NOW, start="from", end="to"))


@pytest.mark.parametrize(
    ("descending", "days", "expected"),
    [
        (False, 100, Window(NOW, NOW + EIGHT_WEEKS)),
        (False, 10, Window(NOW, NOW + timedelta(days=10))),
        (True, 100, Window(NOW - EIGHT_WEEKS, NOW)),
        (True, 10, Window(NOW - timedelta(days=10), NOW)),
    ],
    ids=["ascending", "ascending-to-the-end", "descending", "descending-to-the-start"],
)
def test_eight_weeks_of_a_window(descending: bool, days: int, expected: Window) -> None:
    window = Window(NOW - timedelta(days=days), NOW + timedelta(days=days))
    assert window.eight_weeks_from(NOW, descending=descending) == expected


def test_two_years_before_29_february_is_28_february() -> None:
    assert two_years_before(utc("2028-02-29T10:00")) == utc("2026-02-28T10:00")


def test_now_is_rounded_down() -> None:
    assert round_down(utc("2026-11-20T12:00:19.999"), 10) == utc("2026-11-20T12:00:10")
