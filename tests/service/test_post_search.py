"""Test POST /v1/contacts/search: all of SearchContacts, and invalid requests."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sandbox.aws_server import AwsServer
from tests.clock import NOW, TODAY
from tests.conftest import JSON, Api, SampleContact

# Long enough for the sample to have some contacts of every kind.
START, END = f"{TODAY - timedelta(weeks=8)}", f"{TODAY}"
WINDOW = {"from_": START, "to": END}
TIME_RANGE = {"type": "INITIATION_TIMESTAMP", "start_time": START, "end_time": END}
CRITERIA = "/search_criteria"


def walk(api: Api, body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.post(body | cursor)
        assert answer.status == 200, answer.text
        found += answer.json["contacts"]
        if answer.json["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json["next_cursor"]}


@pytest.fixture(scope="module")
def everything(api: Api) -> list[dict[str, Any]]:
    """Return all contacts in the window."""
    return api.walk(**WINDOW, limit=100)


@pytest.mark.parametrize(
    ("get", "criteria"),
    [
        ({}, {}),
        ({"channel": "CHAT,TASK"}, {"channels": ["chat", "Task"]}),
        ({"name": "follow up"}, {"name": {"search_text": ["FOLLOW up"], "match_type": "MATCH_ANY"}}),
        (
            {"name": ["enquiry", "billing"], "name_match": "all"},
            {"name": {"search_text": ["enquiry", "billing"], "match_type": "MATCH_ALL"}},
        ),
        ({"name": "enquiry", "name_match": "none"}, {"name": {"search_text": ["enquiry"], "match_type": "MATCH_NONE"}}),
        (
            {"segment.connect:Subtype": ["connect:Chat", "connect:Task"]},
            {
                "searchable_segment_attributes": {
                    "criteria": [{"key": "connect:Subtype", "values": ["connect:Chat", "connect:Task"]}]
                }
            },
        ),
        (
            {"tag.cost-centre": ["4100", "4110"]},
            {
                "contact_tags": {
                    "or_conditions": [[{"tag_key": "cost-centre", "tag_value": value}] for value in ("4100", "4110")]
                }
            },
        ),
        (
            {"tag.cost-centre": "4100", "tag.none": "x"},
            {
                "contact_tags": {
                    "and_conditions": [
                        {"tag_key": "cost-centre", "tag_value": "4100"},
                        {"tag_key": "none", "tag_value": "x"},
                    ]
                }
            },
        ),
        ({"ai_use_case": "selfservice"}, {"ai_agents": {"criteria": [{"ai_use_case": "SelfService"}]}}),
        ({"ai_agent_escalated": "TRUE"}, {"ai_agents": {"criteria": [{"ai_agent_escalated": True}]}}),
        (
            {"ai_agent_id": "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d", "ai_agent_version": "2"},
            {"ai_agents": {"criteria": [{"id": "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d:2"}]}},
        ),
        ({"active_region": "eu-west-2"}, {"active_regions": ["eu-west-2"]}),
        (
            {"disconnect_timestamp.exists": "false"},
            {
                "additional_time_range": {
                    "criteria": [
                        {"timestamp_condition": {"type": "DISCONNECT_TIMESTAMP", "condition_type": "NOT_EXISTS"}}
                    ],
                    "match_type": "MATCH_ALL",
                }
            },
        ),
        (
            {
                "disconnect_timestamp.from": START,
                "disconnect_timestamp.to": END,
                "connected_to_agent_timestamp.exists": "false",
                "additional_time_match": "all",
            },
            {
                "additional_time_range": {
                    "criteria": [
                        {
                            "timestamp_condition": {
                                "type": "CONNECTED_TO_AGENT_TIMESTAMP",
                                "condition_type": "NOT_EXISTS",
                            }
                        },
                        {"time_range": TIME_RANGE | {"type": "DISCONNECT_TIMESTAMP"}},
                    ],
                    "match_type": "MATCH_ALL",
                }
            },
        ),
    ],
)
def test_get_and_post_find_the_same(
    api: Api, everything: list[dict[str, Any]], get: dict[str, Any], criteria: dict[str, Any]
) -> None:
    body = {"time_range": TIME_RANGE, "search_criteria": criteria, "limit": 100}
    found = walk(api, body)
    assert found == api.walk(**WINDOW, **get, limit=100)
    assert found or "tag.none" in get or "active_region" in get
    assert len(found) < len(everything) or not criteria


ROUTING_RULES: dict[str, Callable[[set[str], set[str]], bool]] = {
    "any": lambda has, wanted: bool(has & wanted),
    "all": lambda has, wanted: has >= wanted,
    "exact": lambda has, wanted: has == wanted,
    "none": lambda has, wanted: not has & wanted,
}


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("match", sorted(ROUTING_RULES))
def test_routing_agents_are_matched_as_sets(api: Api, contacts: list[SampleContact], match: str, count: int) -> None:
    preferred = {
        contact.summary["Id"]: {
            agent
            for step in contact.summary["RoutingCriteria"]["Steps"]
            for agent in step["Expression"]["AttributeCondition"]["MatchCriteria"]["AgentsCriteria"]["AgentIds"]
        }
        for contact in contacts
        if "RoutingCriteria" in contact.summary
    }
    agents = sorted(set().union(*preferred.values()))[:count]
    found = {c["id"] for c in api.walk(last="P50D", routing_agent_id=agents, routing_match=match)}
    start = (NOW - timedelta(days=50)).timestamp()
    recent = {c.summary["Id"] for c in contacts if c.summary["InitiationTimestamp"] >= start}
    rule = ROUTING_RULES[match]
    assert found == {one for one in recent if rule(preferred.get(one, set()), set(agents))}


def test_open_ends_of_additional_times_are_kept_by_the_cursor(api: Api, aws: AwsServer) -> None:
    search: dict[str, Any] = {**WINDOW, "disconnect_timestamp.from": START, "enqueue_timestamp.to": END, "limit": 10}
    first = api.get(**search).json
    second = api.get(**search, cursor=first["next_cursor"])
    assert second.status == 200
    assert aws.connect.quota.requests > 0
    assert {c["id"] for c in first["contacts"]}.isdisjoint(c["id"] for c in second.json["contacts"])


def test_a_cursor_goes_on_through_either_door(api: Api) -> None:
    cursor = api.get(**WINDOW, limit=5).json["next_cursor"]
    by_post = api.post({"time_range": TIME_RANGE, "cursor": cursor, "limit": 5}).json
    assert by_post["contacts"] == api.get(**WINDOW, limit=5, cursor=cursor).json["contacts"]


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"time_range": None}, {("/time_range", "invalid_type")}),
        ({"time_range": {}}, {(f"/time_range/{name}", "required") for name in ("type", "start_time", "end_time")}),
        ({"time_range": TIME_RANGE | {"end_time": "soon"}}, {("/time_range/end_time", "invalid_time")}),
        (
            {"time_range": TIME_RANGE | {"start_time": END, "end_time": START}},
            {("/time_range/start_time", "out_of_range")},
        ),
        ({"time_range": TIME_RANGE | {"start_time": "2001-01-01"}}, {("/time_range/start_time", "out_of_range")}),
        ({"limit": "5"}, {("/limit", "invalid_type")}),
        ({"limit": 101, "max_items": 0}, {("/limit", "out_of_range"), ("/max_items", "out_of_range")}),
        ({"limit": True}, {("/limit", "invalid_type")}),
        ({"fields": ["colour"]}, {("/fields/0", "unknown_value")}),
        ({"search_criterias": {}}, {("/search_criterias", "unknown")}),
        ({"search_criteria": {"a/b~c": 1}}, {(f"{CRITERIA}/a~1b~0c", "unknown")}),
        ({"search_criteria": {"channels": ["VOICE", "FAX"]}}, {(f"{CRITERIA}/channels/1", "unknown_value")}),
        ({"search_criteria": {"agent_ids": ["a"] * 101}}, {(f"{CRITERIA}/agent_ids", "too_many")}),
        ({"search_criteria": {"queue_ids": ["\ud800"]}}, {(f"{CRITERIA}/queue_ids/0", "invalid_characters")}),
        ({"search_criteria": {"queue_ids": ["a\0"]}}, {(f"{CRITERIA}/queue_ids/0", "invalid_characters")}),
        (
            {"search_criteria": {"active_regions": ["Europe"]}},
            {(f"{CRITERIA}/active_regions/0", "invalid_format")},
        ),
        ({"search_criteria": {"ai_agents": {"criteria": [{}, {}]}}}, {(f"{CRITERIA}/ai_agents/criteria", "too_many")}),
        (
            {
                "search_criteria": {
                    "additional_time_range": {
                        "criteria": [
                            {"time_range": {"type": "ENQUEUE_TIMESTAMP", "start_time": END, "end_time": START}}
                        ],
                        "match_type": "MATCH_ALL",
                    }
                }
            },
            {(f"{CRITERIA}/additional_time_range/criteria/0/time_range/start_time", "out_of_range")},
        ),
        (
            {
                "time_range": {},
                "search_criteria": {
                    "additional_time_range": {
                        "criteria": [{}, {"time_range": TIME_RANGE | {"end_time": "2001-01-01"}}],
                        "match_type": "MATCH_ALL",
                    }
                },
            },
            {(f"/time_range/{name}", "required") for name in ("type", "start_time", "end_time")}
            | {(f"{CRITERIA}/additional_time_range/criteria/1/time_range/start_time", "out_of_range")},
        ),
        ({"sort": {"field_name": "CHANNEL"}}, {("/sort/order", "required")}),
        ({"cursor": ""}, {("/cursor", "too_short")}),
    ],
)
def test_every_fault_is_named_by_its_json_pointer(
    api: Api, aws: AwsServer, change: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    calls = aws.connect.quota.requests
    answer = api.post({"time_range": TIME_RANGE} | change)
    assert (answer.status, answer.faults) == (422, faults)
    assert aws.connect.quota.requests == calls


def test_a_body_that_is_no_object(api: Api) -> None:
    answer = api.post([])
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"limit": ' + b"1" * 5_000 + b"}",
        b'{"limit": NaN}',
        b'{"limit": 1, "limit": 2}',
        b'{"a": {"b": 1, "b": 1}}',
    ],
)
def test_what_is_not_json_is_malformed(api: Api, body: bytes) -> None:
    answer = api.post(body)
    assert (answer.status, answer.json["type"]) == (400, "/problems/malformed")


def test_media_types_and_sizes(api: Api) -> None:
    def post(body: bytes, **headers: str) -> tuple[int, str]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = api.send("POST", "/v1/contacts/search", headers=names, body=body)
        return answer.status, answer.json.get("type")

    body = json.dumps({"time_range": TIME_RANGE}).encode()
    assert post(body, content_type="application/json; charset=utf-8")[0] == 200
    assert post(body)[0] == 200
    assert post(body, content_type="text/plain") == (415, "/problems/unsupported-media-type")
    assert post(b" " * (2**20 + 1), content_type=JSON) == (413, "/problems/content-too-large")
    assert post(body, content_type=JSON, accept="text/html") == (406, "/problems/not-acceptable")
    for accept in ("*/*", "application/*;q=0.1", "text/html, application/json", JSON.upper()):
        assert post(body, content_type=JSON, accept=accept)[0] == 200
    for accept in ("application/json;q=0, */*", "text/*", "application/json;q=x"):
        assert api.send("GET", "/v1/contacts", "last=P1D", {"accept": accept}).status == 406


@pytest.mark.parametrize(
    ("parameters", "faults"),
    [
        ({"ai_agent_version": "2"}, {("ai_agent_version", "conflict")}),
        ({"ai_agent_id": "seven"}, {("ai_agent_id", "invalid_format")}),
        ({"ai_agent_escalated": "perhaps"}, {("ai_agent_escalated", "invalid_type")}),
        ({"name_match": "any"}, {("name_match", "conflict")}),
        ({"routing_match": "any"}, {("routing_match", "conflict")}),
        ({"segment_match": "any"}, {("segment_match", "conflict")}),
        ({"additional_time_match": "any"}, {("additional_time_match", "conflict")}),
        ({"segment.k": ["x"] * 2 + [str(n) for n in range(20)]}, {("segment.k", "too_many")}),
        ({"segment." + "k" * 65: "x"}, {("segment." + "k" * 65, "too_long")}),
        ({"tag.a": [str(n) for n in range(11)], "tag.b": [str(n) for n in range(10)]}, {("tag.a", "too_many")}),
        ({"disconnect_timestamp.exists": "true"}, {("disconnect_timestamp.exists", "unknown_value")}),
        (
            {"disconnect_timestamp.from": END, "disconnect_timestamp.to": START},
            {("disconnect_timestamp.from", "out_of_range")},
        ),
        ({"scheduled_timestamp.from": "9000-01-01"}, {("scheduled_timestamp.from", "out_of_range")}),
        ({"disconnect_timestamp.to": f"{TODAY - timedelta(days=800)}"}, {("disconnect_timestamp.to", "out_of_range")}),
        ({"active_region": "nowhere"}, {("active_region", "invalid_format")}),
    ],
)
def test_faults_of_the_newer_parameters(api: Api, parameters: dict[str, Any], faults: set[tuple[str, str]]) -> None:
    answer = api.get(**WINDOW, **parameters)
    assert (answer.status, answer.faults) == (422, faults)


def test_no_body_has_more_faults_than_can_be_answered(api: Api) -> None:
    answer = api.post({"search_criteria": {f"{n:0500}": 1 for n in range(2_000)}, "time_range": TIME_RANGE})
    assert (answer.status, len(answer.json["errors"])) == (422, 1_000)
    assert "2000 faults" in answer.json["detail"]
