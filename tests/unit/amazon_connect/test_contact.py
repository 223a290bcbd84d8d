"""Test that Connect's contacts are read and written as the contract describes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from contact_search.amazon_connect.contact import Contact, contacts_to_json, parse_response
from contact_search.amazon_connect.errors import UpstreamError


def read_contact(members: dict[str, Any]) -> dict[str, Any]:
    """Pass a contact, as Connect spells it, through parsing and writing."""
    response = parse_response(json.dumps({"Contacts": [members]}).encode())
    contacts = json.loads(contacts_to_json(response.contacts))
    assert len(contacts) == 1
    contact: dict[str, Any] = contacts[0]
    return contact


def test_members_are_written_in_snake_case() -> None:
    contact = read_contact({"Id": "1", "InitiationMethod": "INBOUND", "QueueInfo": {"Id": "queue"}})
    assert contact == {"id": "1", "initiation_method": "INBOUND", "queue_info": {"id": "queue"}}


def test_members_without_a_value_are_left_out() -> None:
    assert read_contact({"Id": "1", "Channel": None, "AgentInfo": {"Id": None}}) == {"id": "1", "agent_info": {}}


def test_unknown_members_are_ignored() -> None:
    assert read_contact({"Id": "1", "Novelty": {"Id": "2"}}) == {"id": "1"}


def test_unknown_values_of_enumerations_pass_through() -> None:
    assert read_contact({"Id": "1", "Channel": "TELEPATHY"}) == {"id": "1", "channel": "TELEPATHY"}


def test_keys_of_maps_keep_their_spelling() -> None:
    members = {"Id": "1", "Tags": {"Cost Centre": "A"}, "SegmentAttributes": {"connect:Subtype": {"ValueString": "x"}}}
    contact = read_contact(members)
    assert contact["tags"] == {"Cost Centre": "A"}
    assert contact["segment_attributes"] == {"connect:Subtype": {"value_string": "x"}}


def test_nested_segment_attributes_are_read_at_any_depth() -> None:
    value = {"ValueMap": {"key": {"ValueList": [{"ValueInteger": 1}, {"ValueArn": "arn"}]}}}
    contact = read_contact({"Id": "1", "SegmentAttributes": {"name": value}})
    expected = {"value_map": {"key": {"value_list": [{"value_integer": 1}, {"value_arn": "arn"}]}}}
    assert contact["segment_attributes"] == {"name": expected}


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        pytest.param(1_796_202_895.301, "2026-12-02T09:14:55.301Z", id="epoch seconds"),
        pytest.param("2026-11-20T09:14:55Z", "2026-11-20T09:14:55.000Z", id="text in UTC"),
        pytest.param("2026-11-20T09:14:55.5+01:00", "2026-11-20T08:14:55.500Z", id="text with an offset"),
    ],
)
def test_timestamps_are_written_in_utc_with_milliseconds(timestamp: float | str, expected: str) -> None:
    assert read_contact({"Id": "1", "InitiationTimestamp": timestamp})["initiation_timestamp"] == expected


def test_a_timestamp_of_another_time_zone_is_converted() -> None:
    local = datetime(2026, 11, 20, 1, tzinfo=timezone(timedelta(hours=2)))
    utc = datetime(2026, 11, 19, 23, tzinfo=UTC)
    contacts = [Contact.model_validate({"InitiationTimestamp": timestamp}) for timestamp in (local, utc)]
    written = json.loads(contacts_to_json(contacts))
    assert written == [{"initiation_timestamp": "2026-11-19T23:00:00.000Z"}] * 2


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(set(), {"id": "1", "channel": "VOICE", "name": "call"}, id="no fields keep all"),
        pytest.param({"channel"}, {"id": "1", "channel": "VOICE"}, id="the id is always kept"),
        pytest.param({"tags"}, {"id": "1"}, id="a field without a value"),
    ],
)
def test_only_requested_fields_are_written(fields: set[str], expected: dict[str, str]) -> None:
    contact = Contact.model_validate({"Id": "1", "Channel": "VOICE", "Name": "call"})
    assert json.loads(contacts_to_json([contact], frozenset(fields))) == [expected]


def test_a_response_has_a_token_and_a_count() -> None:
    response = parse_response(b'{"Contacts": [], "NextToken": "token", "TotalCount": 7}')
    assert (response.contacts, response.next_token, response.total_count) == ([], "token", 7)


def test_token_and_count_are_optional() -> None:
    response = parse_response(b'{"Contacts": []}')
    assert (response.next_token, response.total_count) == (None, None)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="not JSON"),
        pytest.param(b"{}", id="without contacts"),
        pytest.param(b'{"Contacts": [{"Id": ["secret"]}]}', id="of another type"),
    ],
)
def test_a_body_of_another_shape_is_an_upstream_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(UpstreamError) as raised:
        parse_response(body)
    assert raised.value.code == "ValidationError"
    assert raised.value.__cause__ is None
    assert "secret" not in str(raised.value)
