"""Test that a JSON body becomes the right search, and that every fault has its pointer."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contact_search.search import body, query
from contact_search.search.faults import Fault, InvalidSearchError
from contact_search.search.model import Search
from contact_search.search.search_request import SearchCriteria, Structure
from contact_search.search.window import RequestedWindow

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = "2026-11-13", "2026-11-19"
TIME_RANGE = {"type": "INITIATION_TIMESTAMP", "start_time": START, "end_time": END}
CRITERIA = "/search_criteria"
REQUIRED_TIMES = {(f"/time_range/{name}", "required") for name in ("type", "start_time", "end_time")}


def parse(content: Any) -> Search:
    return body.parse(content, NOW)


def faults(content: Any) -> list[Fault]:
    with pytest.raises(InvalidSearchError) as caught:
        parse(content)
    assert caught.value.source_type == "pointer"
    return caught.value.faults


def names_and_codes(content: Any) -> set[tuple[str, str]]:
    return {(fault.where, fault.code) for fault in faults(content)}


def test_a_search_with_only_a_window() -> None:
    search = parse({"time_range": TIME_RANGE})
    assert search.time_field == "INITIATION_TIMESTAMP"
    assert search.window == RequestedWindow(
        datetime(2026, 11, 13, tzinfo=UTC), datetime(2026, 11, 19, 23, 59, 59, 999_999, UTC)
    )
    assert search.criteria == {}
    assert search.sort == {"FieldName": "INITIATION_TIMESTAMP", "Order": "DESCENDING"}
    assert (search.limit, search.max_items, search.cursor, search.fields) == (50, None, None, frozenset())
    assert search.source_type == "pointer"


def test_every_member_reaches_the_search() -> None:
    search = parse(
        {
            "time_range": TIME_RANGE | {"type": "enqueue_timestamp"},
            "search_criteria": {"channels": ["voice"]},
            "sort": {"field_name": "channel", "order": "ascending"},
            "limit": 7,
            "max_items": 10,
            "cursor": "abc",
            "fields": ["channel"],
        }
    )
    assert search.time_field == "ENQUEUE_TIMESTAMP"
    assert search.criteria == {"Channels": ["VOICE"]}
    assert search.sort == {"FieldName": "CHANNEL", "Order": "ASCENDING"}
    assert (search.limit, search.max_items, search.cursor) == (7, 10, "abc")
    assert search.fields == {"channel"}


def test_a_limit_of_0_counts() -> None:
    assert parse({"time_range": TIME_RANGE, "limit": 0}).limit == 0


def test_enqueue_timestamp_has_no_default_order() -> None:
    assert parse({"time_range": TIME_RANGE | {"type": "ENQUEUE_TIMESTAMP"}}).sort is None


def test_every_criterion_becomes_what_boto3_takes() -> None:
    criteria: dict[str, Any] = {
        "name": {"search_text": ["b", "a"], "match_type": "match_all"},
        "agent_ids": ["a"],
        "agent_hierarchy_groups": {"l1_ids": ["g"], "l5_ids": []},
        "channels": ["chat", "Task"],
        "contact_analysis": {
            "transcript": {
                "criteria": [{"participant_role": "agent", "search_text": ["x"], "match_type": "MATCH_ANY"}],
                "match_type": "MATCH_NONE",
            }
        },
        "initiation_methods": ["API"],
        "queue_ids": ["q"],
        "routing_criteria": {"steps": [{"agent_criteria": {"agent_ids": ["a"], "match_type": "MATCH_ANY"}}, {}]},
        "additional_time_range": {
            "criteria": [
                {"time_range": {"type": "DISCONNECT_TIMESTAMP", "start_time": START, "end_time": START}},
                {"timestamp_condition": {"type": "ENQUEUE_TIMESTAMP", "condition_type": "not_exists"}},
                {},
            ],
            "match_type": "MATCH_ANY",
        },
        "searchable_contact_attributes": {"criteria": [{"key": "k", "values": ["v"]}]},
        "searchable_segment_attributes": {"criteria": [{"key": "k", "values": ["v"]}], "match_type": "MATCH_ALL"},
        "active_regions": ["eu-west-2"],
        "contact_tags": {
            "or_conditions": [[{"tag_key": "a", "tag_value": "b"}], []],
            "and_conditions": [{"tag_key": "a"}],
            "tag_condition": {},
        },
        "ai_agents": {
            "criteria": [
                {
                    "id": "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d",
                    "version_number": 2,
                    "ai_agent_escalated": False,
                    "ai_use_case": "AGENTASSISTANCE",
                }
            ]
        },
    }
    assert criteria.keys() == SearchCriteria.model_fields.keys()
    day = {
        "Type": "DISCONNECT_TIMESTAMP",
        "StartTime": datetime(2026, 11, 13, tzinfo=UTC),
        "EndTime": datetime(2026, 11, 13, 23, 59, 59, 999_999, UTC),
    }
    assert parse({"time_range": TIME_RANGE, "search_criteria": criteria}).criteria == {
        "Name": {"SearchText": ["b", "a"], "MatchType": "MATCH_ALL"},
        "AgentIds": ["a"],
        "AgentHierarchyGroups": {"L1Ids": ["g"], "L5Ids": []},
        "Channels": ["CHAT", "TASK"],
        "ContactAnalysis": {
            "Transcript": {
                "Criteria": [{"ParticipantRole": "AGENT", "SearchText": ["x"], "MatchType": "MATCH_ANY"}],
                "MatchType": "MATCH_NONE",
            }
        },
        "InitiationMethods": ["API"],
        "QueueIds": ["q"],
        "RoutingCriteria": {"Steps": [{"AgentCriteria": {"AgentIds": ["a"], "MatchType": "MATCH_ANY"}}, {}]},
        "AdditionalTimeRange": {
            "Criteria": [
                {"TimeRange": day},
                {"TimestampCondition": {"Type": "ENQUEUE_TIMESTAMP", "ConditionType": "NOT_EXISTS"}},
                {},
            ],
            "MatchType": "MATCH_ANY",
        },
        "SearchableContactAttributes": {"Criteria": [{"Key": "k", "Values": ["v"]}]},
        "SearchableSegmentAttributes": {"Criteria": [{"Key": "k", "Values": ["v"]}], "MatchType": "MATCH_ALL"},
        "ActiveRegions": ["eu-west-2"],
        "ContactTags": {
            "OrConditions": [[{"TagKey": "a", "TagValue": "b"}], []],
            "AndConditions": [{"TagKey": "a"}],
            "TagCondition": {},
        },
        "AiAgents": {
            "Criteria": [
                {
                    "Id": "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d",
                    "VersionNumber": 2,
                    "AiAgentEscalated": False,
                    "AiUseCase": "AgentAssistance",
                }
            ]
        },
    }


def test_a_body_and_a_query_can_be_the_same_search() -> None:
    # Given the same search as a query and as a body
    from_query = query.parse({"from": [START], "to": [END], "channel": ["chat"], "name": ["follow up"]}, NOW)
    criteria = {"channels": ["CHAT"], "name": {"search_text": ["follow up"], "match_type": "MATCH_ANY"}}
    from_body = parse({"time_range": TIME_RANGE, "search_criteria": criteria})
    # Then a cursor of one is valid for the other
    assert from_query.identity == from_body.identity


FAULTS: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "window-null": ({"time_range": None}, {("/time_range", "invalid_type")}),
    "window-empty": ({"time_range": {}}, REQUIRED_TIMES),
    "no-time": ({"time_range": TIME_RANGE | {"end_time": "soon"}}, {("/time_range/end_time", "invalid_time")}),
    "number": ({"time_range": TIME_RANGE | {"end_time": 1_795_000_000}}, {("/time_range/end_time", "invalid_time")}),
    "reversed": (
        {"time_range": TIME_RANGE | {"start_time": "2027-01-01", "end_time": "2026-12-01"}},
        {("/time_range/start_time", "out_of_range")},
    ),
    "too-old": (
        {"time_range": TIME_RANGE | {"start_time": "2001-01-01"}},
        {("/time_range/start_time", "out_of_range")},
    ),
    "limit-text": ({"limit": "5"}, {("/limit", "invalid_type")}),
    "limit-true": ({"limit": True}, {("/limit", "invalid_type")}),
    "limits": ({"limit": 101, "max_items": 0}, {("/limit", "out_of_range"), ("/max_items", "out_of_range")}),
    "limit-0-with-cursor": ({"limit": 0, "cursor": "abc"}, {("/limit", "conflict")}),
    "limit-false-with-cursor": ({"limit": False, "cursor": "abc"}, {("/limit", "invalid_type")}),
    "field": ({"fields": ["colour"]}, {("/fields/0", "unknown_value")}),
    "no-fields": ({"fields": []}, {("/fields", "too_few")}),
    "unknown": ({"search_criterias": {}}, {("/search_criterias", "unknown")}),
    "unknown-escaped": ({"search_criteria": {"a/b~c": 1}}, {(f"{CRITERIA}/a~1b~0c", "unknown")}),
    "channel": ({"search_criteria": {"channels": ["VOICE", "FAX"]}}, {(f"{CRITERIA}/channels/1", "unknown_value")}),
    "101-agents": ({"search_criteria": {"agent_ids": ["a"] * 101}}, {(f"{CRITERIA}/agent_ids", "too_many")}),
    "not-utf-8": ({"search_criteria": {"queue_ids": ["\ud800"]}}, {(f"{CRITERIA}/queue_ids/0", "invalid_characters")}),
    "nul": ({"search_criteria": {"queue_ids": ["a\0"]}}, {(f"{CRITERIA}/queue_ids/0", "invalid_characters")}),
    "region": (
        {"search_criteria": {"active_regions": ["Europe"]}},
        {(f"{CRITERIA}/active_regions/0", "invalid_format")},
    ),
    "two-ai-agents": (
        {"search_criteria": {"ai_agents": {"criteria": [{}, {}]}}},
        {(f"{CRITERIA}/ai_agents/criteria", "too_many")},
    ),
    "other-time-reversed": (
        {
            "search_criteria": {
                "additional_time_range": {
                    "criteria": [{"time_range": {"type": "ENQUEUE_TIMESTAMP", "start_time": END, "end_time": START}}],
                    "match_type": "MATCH_ALL",
                }
            }
        },
        {(f"{CRITERIA}/additional_time_range/criteria/0/time_range/start_time", "out_of_range")},
    ),
    "other-time-reversed-in-an-invalid-body": (
        {
            "time_range": {},
            "search_criteria": {
                "additional_time_range": {
                    "criteria": [{}, {"time_range": TIME_RANGE | {"end_time": "2001-01-01"}}],
                    "match_type": "MATCH_ALL",
                }
            },
        },
        REQUIRED_TIMES | {(f"{CRITERIA}/additional_time_range/criteria/1/time_range/start_time", "out_of_range")},
    ),
    "order-missing": ({"sort": {"field_name": "CHANNEL"}}, {("/sort/order", "required")}),
    "sort-not-kept": (
        {
            "time_range": TIME_RANGE | {"start_time": "2026-09-01"},
            "sort": {"field_name": "CHANNEL", "order": "ASCENDING"},
        },
        {("/sort/field_name", "conflict")},
    ),
    "sort-not-kept-in-an-invalid-body": (
        {
            "time_range": TIME_RANGE | {"start_time": "2026-09-01"},
            "sort": {"field_name": "CHANNEL", "order": "ASCENDING"},
            "limit": 101,
        },
        {("/sort/field_name", "conflict"), ("/limit", "out_of_range")},
    ),
    "cursor-empty": ({"cursor": ""}, {("/cursor", "too_short")}),
}


@pytest.mark.parametrize(("change", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_is_named_by_its_pointer(change: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert names_and_codes({"time_range": TIME_RANGE} | change) == expected


@pytest.mark.parametrize("content", [[], None, "text", 7, True], ids=json.dumps)
def test_a_body_must_be_an_object(content: Any) -> None:
    assert faults(content) == [Fault("", "invalid_type", "must be an object")]


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("search_criterion", "is not a member; did you mean `search_criteria`?"),
        ("LIMIT", "is not a member; did you mean `limit`?"),
        ("format", "is not a member"),
    ],
)
def test_the_nearest_known_name_is_suggested(name: str, detail: str) -> None:
    assert faults({"time_range": TIME_RANGE, name: 1}) == [Fault(f"/{name}", "unknown", detail)]


def optional_members() -> list[tuple[type[BaseModel], str]]:
    return [
        (structure, name)
        for structure in Structure.__subclasses__()
        for name, field in structure.model_fields.items()
        if not field.is_required()
    ]


@pytest.mark.parametrize(
    ("structure", "name"), optional_members(), ids=[f"{model.__name__}-{name}" for model, name in optional_members()]
)
def test_an_optional_member_may_be_left_out_but_not_be_null(structure: type[BaseModel], name: str) -> None:
    # Then the member has an error
    assert errors_of(structure, name, None)
    # And the schema says the same
    schema = structure.model_json_schema()
    assert name not in schema.get("required", [])
    assert '"null"' not in json.dumps(schema)


@pytest.mark.parametrize(
    "change",
    [
        {"time_range": TIME_RANGE | {"start_time": "2001-01-01"}},
        {
            "time_range": TIME_RANGE | {"start_time": "2026-09-01"},
            "sort": {"field_name": "CHANNEL", "order": "ASCENDING"},
        },
    ],
    ids=["window", "sort"],
)
def test_what_depends_on_now_is_judged_on_the_first_page_only(change: dict[str, Any]) -> None:
    assert faults(change)
    parse(change | {"cursor": "abc"})


def test_a_reversed_window_is_a_fault_on_every_page() -> None:
    reversed_window = TIME_RANGE | {"start_time": END, "end_time": START}
    expected = {("/time_range/start_time", "out_of_range")}
    assert names_and_codes({"time_range": reversed_window}) == expected
    assert names_and_codes({"time_range": reversed_window, "cursor": "abc"}) == expected


def test_the_pointers_that_ask_for_a_member() -> None:
    criteria = {
        "queue_ids": ["q"],
        "agent_hierarchy_groups": {"l1_ids": ["g"]},
        "searchable_contact_attributes": {"criteria": [{"key": "k", "values": ["v"]}]},
    }
    search = parse({"time_range": TIME_RANGE, "search_criteria": criteria})
    assert search.sources == {
        "TimeRange.Type": ("/time_range/type",),
        "TimeRange.StartTime": ("/time_range/start_time",),
        "Sort": ("/sort/field_name",),
        "fields": ("/fields",),
        "QueueIds": ("/search_criteria/queue_ids",),
        "AgentHierarchyGroups": ("/search_criteria/agent_hierarchy_groups",),
        "SearchableContactAttributes": ("/search_criteria/searchable_contact_attributes",),
    }


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (
            {"time_range": TIME_RANGE, "search_criteria": {"queue_ids": ["q"], "name": {}}},
            ["name", "queue_ids", "search_criteria", "time_range"],
        ),
        ({"jane@example.com": 1, "limit": "jane"}, ["limit", "unknown"]),
        ({"search_criteria": {"jane": 1, "joe": 2}}, ["search_criteria", "unknown"]),
        ({"search_criteria": ["queue_ids", "jane"]}, ["search_criteria"]),
        ({"search_criteria": "jane"}, ["search_criteria"]),
        ({"queue_ids": ["q"]}, ["unknown"]),
        ({}, []),
        ([{"limit": 1}], []),
        ("limit", []),
        (None, []),
        (7, []),
    ],
    ids=json.dumps,
)
def test_names_are_logged_without_data_even_of_a_rejected_body(content: Any, names: list[str]) -> None:
    assert body.loggable_members(content) == names


def test_every_member_is_described_with_an_example_that_is_valid() -> None:
    for structure in Structure.__subclasses__():
        assert structure.__doc__
        for name, field in structure.model_fields.items():
            assert field.description, f"{structure.__name__}.{name}"
            for example in field.examples or []:
                assert errors_of(structure, name, example) == []


def errors_of(structure: type[BaseModel], name: str, value: Any) -> list[ErrorDetails]:
    """Return the errors that a member with this value has."""
    try:
        structure.model_validate({name: value})
    except ValidationError as invalid:
        return [error for error in invalid.errors() if error["loc"][0] == name]
    return []
