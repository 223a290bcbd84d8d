"""Test that files depend only on their contacts, and that spreadsheets run nothing in them."""

import csv
import gzip
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_search.amazon_connect.contact import Contact, contacts_to_json
from contact_search.exports.formats import PartWriter, csv_columns
from contact_search.search.model import Search
from contact_search.search.window import RequestedWindow
from tests.unit.exports.conftest import NOW

SEARCH = Search("INITIATION_TIMESTAMP", RequestedWindow(NOW, NOW), NOW, {}, None, 100, "pointer")
EVERYTHING = {
    "Arn": "arn",
    "Id": "id-1",
    "Channel": "VOICE",
    "QueueInfo": {"Id": "q", "EnqueueTimestamp": "2026-11-20T09:00:00Z"},
    "Name": 'Line "one",\nline two',
    "Tags": {"cost-centre": "4120", "=1+1": "ü"},
    "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
    "RoutingCriteria": {"Index": -1, "Steps": [{"Status": "ACTIVE", "Expiry": {"DurationInSeconds": 10}}]},
    "AiAgentInfo": [{"AiAgentEscalated": True}],
}


def contact(**members: Any) -> Contact:
    return Contact.model_validate({"Id": "id-1"} | members)


def file_of(contacts: list[Contact], search: Search = SEARCH, file_format: str = "csv") -> str:
    writer = PartWriter(search, file_format)
    for one in contacts:
        writer.write([one])
    content, _ = writer.finish()
    return gzip.decompress(content).decode()


def row_of(one: Contact, search: Search = SEARCH) -> dict[str, str]:
    [row] = csv.DictReader(io.StringIO(file_of([one], search), newline=""), strict=True)
    return row


def test_a_file_depends_only_on_its_contacts() -> None:
    files = set()
    for _ in range(3):
        writer = PartWriter(SEARCH, "ndjson")
        writer.write([contact(**EVERYTHING)] * 50)
        writer.write([])
        files.add(writer.finish())
    assert len(files) == 1
    [(content, _)] = files
    assert content[4:8] == bytes(4)  # the timestamp in a gzip file


def test_a_line_is_a_contact_as_pages_have_it() -> None:
    contacts = [contact(**EVERYTHING), contact(Id="2", Name="a\nb\u2028c")]
    for search in (SEARCH, replace(SEARCH, fields=frozenset({"name", "tags"}))):
        lines = file_of(contacts, search, "ndjson").removesuffix("\n").split("\n")
        assert f"[{','.join(lines)}]" == contacts_to_json(contacts, search.fields)


def test_nested_members_are_columns_and_maps_and_lists_are_json() -> None:
    row = row_of(contact(**EVERYTHING))
    assert row["queue_info.id"] == "q"
    assert row["queue_info.enqueue_timestamp"] == "2026-11-20T09:00:00.000Z"
    assert row["name"] == 'Line "one",\nline two'
    assert json.loads(row["tags"]) == {"cost-centre": "4120", "=1+1": "ü"}
    assert json.loads(row["segment_attributes"]) == {"connect:Subtype": {"value_string": "connect:Telephony"}}
    assert json.loads(row["routing_criteria.steps"]) == [{"status": "ACTIVE", "expiry": {"duration_in_seconds": 10}}]
    assert row["routing_criteria.index"] == "'-1"
    assert json.loads(row["ai_agent_info"]) == [{"ai_agent_escalated": True}]
    assert row["agent_info.id"] == row["scheduled_timestamp"] == ""


def test_columns_do_not_depend_on_the_contacts() -> None:
    header = file_of([contact()]).split("\r\n")[0]
    assert header == file_of([contact(**EVERYTHING)]).split("\r\n")[0]
    assert header.split(",")[:2] == ["arn", "id"]
    assert {name.split(".")[0] for name in header.split(",")} == set(Contact.model_fields)


@pytest.mark.parametrize(
    ("fields", "expand", "columns"),
    [
        ({"channel"}, {"queue", "agent"}, ["id", "channel"]),
        ({"agent_info"}, set(), ["id", "agent_info.id", "agent_info.connected_to_agent_timestamp"]),
        (
            {"agent_info", "tags"},
            {"agent"},
            ["id", "agent_info.id", "agent_info.username", "agent_info.connected_to_agent_timestamp", "tags"],
        ),
    ],
)
def test_fields_and_names_choose_the_columns(fields: set[str], expand: set[str], columns: list[str]) -> None:
    search = replace(SEARCH, fields=frozenset(fields), expand=frozenset(expand))
    assert [".".join(path) for path in csv_columns(search)] == columns


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_no_formula(start: str) -> None:
    assert row_of(contact(Name=f"{start}cmd|' /C calc'!A0"))["name"] == f"'{start}cmd|' /C calc'!A0"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=5))
def test_any_text_can_be_read_back(names: list[str]) -> None:
    text = file_of([contact(Name=name) for name in names])
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    guarded = [f"'{name}" if name[:1] and name[0] in "=+-@\t\r" else name for name in names]
    assert [row["name"] for row in rows] == guarded
