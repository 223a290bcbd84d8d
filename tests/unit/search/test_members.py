"""Test the types of members: what they accept and return, and the fault of any other value."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from contact_search.amazon_connect.contact import Contact
from contact_search.search import members as m
from contact_search.search.faults import from_pydantic
from contact_search.search.window import Duration


def parse(member: Any, value: Any) -> Any:
    return TypeAdapter(member).validate_python(value)


def code_of_fault(member: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        parse(member, value)
    [details] = caught.value.errors()
    return from_pydantic(details, "x").code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T09:00:00Z", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20t09:00:00.5z", datetime(2026, 11, 20, 9, 0, 0, 500_000, UTC)),
        ("2026-11-20T09:00:00+02:00", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        ("2026-11-20T09:00:00.123456789Z", datetime(2026, 11, 20, 9, 0, 0, 123_456, UTC)),
    ],
    ids=["utc", "lower-case", "offset", "nanoseconds"],
)
def test_a_date_time_is_the_same_moment_as_start_and_as_end(text: str, expected: datetime) -> None:
    assert parse(m.StartTime, text) == parse(m.EndTime, text) == expected


def test_a_date_is_its_first_moment_as_start_and_its_last_as_end() -> None:
    assert parse(m.StartTime, "2026-11-20") == datetime(2026, 11, 20, tzinfo=UTC)
    assert parse(m.EndTime, "2026-11-20") == datetime(2026, 11, 20, 23, 59, 59, 999_999, UTC)


@pytest.mark.parametrize("member", [m.StartTime, m.EndTime], ids=["start", "end"])
@pytest.mark.parametrize(
    "value",
    [
        "2026-11-20T09:00:00",
        "2026-11-20 09:00:00Z",
        "2026-11-20T09:00:00 01:00",
        "2026-02-30",
        "2026-11-20T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "20261120",
        "\u0662026-11-20",
        "yesterday",
        "1795000000",
        1_795_000_000,
        None,
    ],
    ids=repr,
)
def test_invalid_times(member: Any, value: Any) -> None:
    assert code_of_fault(member, value) == "invalid_time"


def test_an_offset_whose_plus_became_a_space_is_explained() -> None:
    with pytest.raises(ValidationError, match="%2B"):
        parse(m.StartTime, "2026-11-20T09:00:00 01:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT24H", Duration(0, timedelta(hours=24))),
        ("P7D", Duration(0, timedelta(days=7))),
        ("P1W", Duration(0, timedelta(days=7))),
        ("P1M", Duration(1)),
        ("P1Y2M", Duration(14)),
        ("P1Y2M3W4DT5H6M7.5S", Duration(14, timedelta(weeks=3, days=4, hours=5, minutes=6, seconds=7.5))),
        ("PT1M", Duration(0, timedelta(minutes=1))),
    ],
    ids=["hours", "days", "weeks", "months", "years", "everything", "minutes"],
)
def test_a_duration_keeps_months_apart(text: str, expected: Duration) -> None:
    assert parse(m.Last, text) == expected


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1 day", "invalid_duration"),
        ("P", "invalid_duration"),
        ("PT", "invalid_duration"),
        ("P1", "invalid_duration"),
        ("-P1D", "invalid_duration"),
        ("PT0S", "invalid_duration"),
        ("P0M", "invalid_duration"),
        ("P1H", "invalid_duration"),
        (7, "invalid_duration"),
        (f"P{'9' * 12}D", "out_of_range"),
        (f"P{'9' * 5_000}Y", "out_of_range"),
        (f"PT{'9' * 400}S", "out_of_range"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_invalid_durations(value: Any, code: str) -> None:
    assert code_of_fault(m.Last, value) == code


@pytest.mark.parametrize(
    ("member", "text", "expected"),
    [
        (m.Channel, "voice", "VOICE"),
        (m.ContactInitiationMethod, "Webrtc_Api", "WEBRTC_API"),
        (m.SearchContactsTimeRangeType, "disconnect_timestamp", "DISCONNECT_TIMESTAMP"),
        (m.SearchContactsMatchType, "match_none", "MATCH_NONE"),
        (m.AiUseCase, "SELFSERVICE", "SelfService"),
    ],
    ids=["channel", "initiation-method", "time-range-type", "match-type", "ai-use-case"],
)
def test_enumerations_are_accepted_in_any_case(member: Any, text: str, expected: str) -> None:
    assert parse(member, text) == expected


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        (m.Channel, "FAX", "unknown_value"),
        (m.Channel, None, "unknown_value"),
        (m.SortableFieldName, "ENQUEUE_TIMESTAMP", "unknown_value"),
        (m.ContactField, "colour", "unknown_value"),
        (m.ContactField, ["id"], "unknown_value"),
        (m.AgentResourceId, "", "too_short"),
        (m.AgentResourceId, "a" * 257, "too_long"),
        (m.AgentResourceIdList, ["a"] * 101, "too_many"),
        (m.SearchableSegmentAttributeValueList, [], "too_few"),
        (m.Text, "a\0b", "invalid_characters"),
        (m.Text, "\ufffd", "invalid_characters"),
        (m.Text, 1, "invalid_type"),
        (m.RegionName, "Europe", "invalid_format"),
        (m.AiAgentId, "seven", "invalid_format"),
        (m.AiAgentVersionNumber, 2**31, "out_of_range"),
        (m.AiAgentVersionNumber, -(2**31) - 1, "out_of_range"),
        (m.Boolean, "true", "invalid_type"),
        (m.Limit, -1, "out_of_range"),
        (m.Limit, 101, "out_of_range"),
        (m.Limit, True, "invalid_type"),
        (m.Limit, 5.0, "invalid_type"),
        (m.MaxItems, 0, "out_of_range"),
        (m.MaxItems, 10**15 + 1, "out_of_range"),
        (m.Cursor, "", "too_short"),
    ],
    ids=lambda value: str(value)[:20] if not hasattr(value, "__metadata__") else "",
)
def test_what_breaks_a_constraint_has_its_code(member: Any, value: Any, code: str) -> None:
    assert code_of_fault(member, value) == code


@pytest.mark.parametrize("field", sorted(Contact.model_fields))
def test_every_field_of_a_contact_is_accepted(field: str) -> None:
    assert parse(m.ContactField, field) == field


@pytest.mark.parametrize("limit", [0, 1, 100])
def test_a_limit_of_0_is_accepted(limit: int) -> None:
    assert parse(m.Limit, limit) == limit
