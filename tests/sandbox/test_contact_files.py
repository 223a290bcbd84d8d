"""Test contact records and Contact Lens files, in every layout in which they are exported."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.contact_data.contact_record import UnusableRecordError, parse_contact_record
from sandbox.contact_data.json_files import BadRecord, Record, list_files, read_records
from sandbox.contact_data.load import find_instance_arn, load_records

INSTANCE = "arn:aws:connect:us-east-1:999900001111:instance/12345678-aaaa-bbbb-cccc-1234567890ab"


def record(contact_id: str, **members: Any) -> dict[str, Any]:
    return {
        "ContactId": contact_id,
        "InstanceARN": INSTANCE,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": "2026-11-01T10:00:00Z",
        "LastUpdateTimestamp": "2026-11-01T11:00:00Z",
    } | members


LAYOUTS: dict[str, Callable[[list[Any]], str]] = {
    "JSON Lines": lambda values: "\n".join(map(json.dumps, values)) + "\n",
    "concatenated": lambda values: "".join(map(json.dumps, values)),
    "array": json.dumps,
    "pretty array": lambda values: json.dumps(values, indent=2),
    "pretty objects": lambda values: "\n".join(json.dumps(value, indent=4) for value in values),
    "with a byte order mark": lambda values: "\ufeff" + json.dumps(values),
}
json_objects = st.dictionaries(
    st.text(max_size=8),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists, max_leaves=5),
    max_size=2,  # Hypothesis takes far longer to make values than the reader to read them
)


@given(values=st.lists(json_objects, max_size=3), layout=st.sampled_from(sorted(LAYOUTS)), zipped=st.booleans())
def test_records_are_read_from_every_layout(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], layout: str, zipped: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "records"
    text = LAYOUTS[layout](values).encode()
    file.write_bytes(gzip.compress(text) if zipped else text)
    assert [found.value for found in read_records(file) if isinstance(found, Record)] == values


def test_records_larger_than_a_chunk_are_read_whole(tmp_path: Path) -> None:
    values = [{"text": "x" * size} for size in (3_000_000, 10, 1_200_000)]
    (tmp_path / "large").write_text("".join(map(json.dumps, values)))
    assert [found.value for found in read_records(tmp_path / "large") if isinstance(found, Record)] == values


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 1}\n{"n": oops}\n{"n": 2}\n',
        '{"n": 1}{"n": oops}{"n": 2}',
        '[{"n": 1}, {"n": oops}, {"n": 2}]',
        '{"n": 1}\n{"n": "cut\n{"n": 2}',
    ],
)
def test_after_a_bad_record_reading_goes_on(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)
    found = list(read_records(tmp_path / "file"))
    assert [one.value for one in found if isinstance(one, Record)] == [{"n": 1}, {"n": 2}]
    [bad] = [one for one in found if isinstance(one, BadRecord)]
    assert text[bad.position :].startswith('{"n": oops') or text[bad.position :].startswith('{"n": "cut')


@pytest.mark.parametrize(
    "content",
    [b'{"n": 1}\n\xff\xfe', gzip.compress(b'{"n": 1}' * 1000, mtime=0)[:-20], b"[" * 200_000 + b'{"a":' * 200_000],
)
def test_a_file_that_cannot_be_read_to_its_end_is_a_bad_record(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert isinstance(list(read_records(tmp_path / "file"))[-1], BadRecord)


def test_a_folder_means_all_its_files_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.json", "a/x", "a/y.gz", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert [str(file.relative_to(tmp_path)) for file in list_files([tmp_path])] == ["a/x", "a/y.gz", "b.json"]


def test_a_record_becomes_a_contact() -> None:
    groups = {f"Level{n}": {"ARN": f"{INSTANCE}/agent-group/g{n}", "GroupName": "n"} for n in (1, 2)}
    stored = parse_contact_record(
        record(
            "c-1",
            Queue={"ARN": f"{INSTANCE}/queue/q-1", "EnqueueTimestamp": "2026-11-01T10:00:01.5Z", "Duration": 4},
            Agent={
                "ARN": f"{INSTANCE}/agent/a-1",
                "ConnectedToAgentTimestamp": "2026-11-01T10:00:09Z",
                "HierarchyGroups": groups,
            },
            Attributes={"tier": "gold"},
            Tags={"aws:connect:instanceId": "x"},
            SegmentAttributes={"connect:Subtype": {"ValueString": "connect:Telephony"}},
            RoutingCriteria={"ActivationTimestamp": "2026-11-01T10:00:02Z", "Index": 0, "Steps": []},
            Name="A call",
            GlobalResiliencyMetadata="",
            AiAgentInfo=[None],
            ScheduledTimestamp=None,
            PreviousContactId="",
            DisconnectTimestamp="",
            NewMember={"unknown": True},
        )
    )
    start = datetime(2026, 11, 1, 10, tzinfo=UTC).timestamp()
    assert stored.summary == {
        "Arn": f"{INSTANCE}/contact/c-1",
        "Id": "c-1",
        "InitiationMethod": "INBOUND",
        "Channel": "VOICE",
        "QueueInfo": {"Id": "q-1", "EnqueueTimestamp": start + 1.5},
        "AgentInfo": {"Id": "a-1", "ConnectedToAgentTimestamp": start + 9},
        "InitiationTimestamp": start,
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
        "Name": "A call",
        "RoutingCriteria": {"ActivationTimestamp": start + 2, "Index": 0, "Steps": []},
        "AiAgentInfo": [],
        "Tags": {"aws:connect:instanceId": "x"},
    }
    assert stored.hierarchy == ("g1", "g2", None, None, None)
    assert stored.attributes == {"tier": "gold"}


@pytest.mark.parametrize(
    "bad",
    [
        5,
        {"ContactId": "c"},
        {"InstanceARN": INSTANCE},
        record("c", InitiationTimestamp="soon"),
        record("c", Queue=["q"]),
        record("c", Tags="t"),
        record("c", RoutingCriteria={"Steps": {}}),
        record("c", Channel={"a": 1}),
    ],
)
def test_what_is_no_contact_record_is_refused(bad: Any) -> None:
    with pytest.raises(UnusableRecordError):
        parse_contact_record(bad)


def test_the_latest_delivery_of_a_contact_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    late = record("c-1", LastUpdateTimestamp="2026-11-02T00:00:00Z", Channel="CHAT", Attributes={"tier": "gold"})
    early = record("c-1", LastUpdateTimestamp="2026-11-01T00:00:00Z", Attributes={"tier": "tin"})
    (tmp_path / "records").write_text("".join(map(json.dumps, [early, late, early, {"ContactId": "x"}])))
    (tmp_path / "records2").write_text(json.dumps(record("c-2") | {"InstanceARN": f"{INSTANCE[:-1]}c"}))
    analysis = {
        "CustomerMetadata": {"ContactId": "c-1"},
        "Participants": [{"ParticipantId": "p1", "ParticipantRole": "CUSTOMER"}],
        "Transcript": [
            {"ParticipantId": "p1", "Content": "Hello there"},
            {"ParticipantId": "p2", "Content": "Hi"},
            {"Type": "EVENT"},
        ],
    }
    other = analysis | {"CustomerMetadata": {"ContactId": "c-9"}}
    (tmp_path / "lens").write_text(json.dumps(analysis) + json.dumps(other) + json.dumps({"Transcript": []}))
    store = ContactStore()
    request.addfinalizer(store.close)
    assert find_instance_arn([tmp_path / "records"]) == INSTANCE
    loaded = load_records(store, INSTANCE, [tmp_path / "records", tmp_path / "records2"], [tmp_path / "lens"])
    assert loaded == f"1 contacts of {INSTANCE}; 3 bad records skipped; 1 transcripts of unknown contacts skipped"
    assert store.query("SELECT id, channel FROM contacts", ()) == [("c-1", "CHAT")]
    assert store.query("SELECT value FROM attributes", ()) == [("gold",)]
    assert store.query("SELECT customer, agent FROM transcripts", ()) == [("Hello there", "")]
    reported = capsys.readouterr().err
    assert (
        f"{tmp_path / 'records'}, character {reported.split('character ')[1].split(':')[0]}: has no InstanceARN"
        in reported
    )
