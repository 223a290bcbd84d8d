"""Test that query parameters become the right search, and that every fault is named."""

from datetime import UTC, date, datetime, time
from itertools import permutations
from typing import Any

import pytest

from contact_search.search import query
from contact_search.search.faults import Fault, InvalidSearchError
from contact_search.search.model import Search
from contact_search.search.window import Duration, RequestedWindow, Window
from tests.parameter_examples import NAMES, example_query

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START, END = datetime(2026, 11, 13, tzinfo=UTC), datetime(2026, 11, 19, 23, 59, 59, 999_999, UTC)
WEEK: dict[str, str] = {"from": "2026-11-13", "to": "2026-11-19"}
AI_AGENT_ID = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"


def parse(parameters: dict[str, Any], now: datetime = NOW) -> Search:
    """Parse parameters, each with one text or a list of texts."""
    return query.parse({name: [text] if isinstance(text, str) else text for name, text in parameters.items()}, now)


def faults(parameters: dict[str, Any], now: datetime = NOW) -> list[Fault]:
    with pytest.raises(InvalidSearchError) as caught:
        parse(parameters, now)
    assert caught.value.source_type == "parameter"
    return caught.value.faults


def criteria(**parameters: Any) -> Any:
    return parse(WEEK | parameters).criteria


def test_a_search_with_only_a_window() -> None:
    search = parse(WEEK)
    assert search.time_field == "INITIATION_TIMESTAMP"
    assert search.window == RequestedWindow(START, END)
    assert search.requested_at == NOW
    assert search.criteria == {}
    assert search.sort == {"FieldName": "INITIATION_TIMESTAMP", "Order": "DESCENDING"}
    assert (search.limit, search.max_items, search.cursor, search.fields) == (50, None, None, frozenset())
    assert search.source_type == "parameter"


@pytest.mark.parametrize(
    ("parameters", "start", "end"),
    [
        ({"from": "2026-11-20", "to": "2026-11-20"}, "2026-11-20T00:00:00", "2026-11-20T23:59:59.999999"),
        (
            {"from": "2026-11-19T09:00:00+01:00", "to": "2026-11-19"},
            "2026-11-19T08:00:00",
            "2026-11-19T23:59:59.999999",
        ),
        ({"from": "2026-11-19", "to": "2026-11-20T01:00:00Z"}, "2026-11-19T00:00:00", "2026-11-20T01:00:00"),
        ({"from": "2026-11-19"}, "2026-11-19T00:00:00", "2026-11-20T12:00:00"),
        ({"from": "2026-11-20T12:00:30Z"}, "2026-11-20T12:00:30", "2026-11-20T12:00:30"),
        ({"from": "2024-11-20T12:00:00Z"}, "2024-11-20T12:00:00", "2026-11-20T12:00:00"),
        ({"from": "2026-11-19", "to": "2027-01-31"}, "2026-11-19T00:00:00", "2027-01-31T23:59:59.999999"),
        ({"last": "PT24H"}, "2026-11-19T12:00:00", "2026-11-20T12:00:00"),
        ({"last": "P2W"}, "2026-11-06T12:00:00", "2026-11-20T12:00:00"),
        ({"last": "P1M"}, "2026-10-20T12:00:00", "2026-11-20T12:00:00"),
        ({"last": "P2Y"}, "2024-11-20T12:00:00", "2026-11-20T12:00:00"),
    ],
    ids=[
        "that-day",
        "offset-to-date",
        "date-to-time",
        "no-end",
        "clock-ahead",
        "two-years-ago",
        "end-ahead",
        "hours",
        "weeks",
        "month",
        "two-years",
    ],
)
def test_the_window(parameters: dict[str, str], start: str, end: str) -> None:
    expected = Window(*(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end)))
    assert parse(parameters).window.at(NOW) == expected


def test_a_month_back_from_31_march_is_the_last_day_of_february() -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    search = parse({"last": "P1M"}, now)
    assert search.window == RequestedWindow(None, None, Duration(1))
    assert search.window_at(now) == Window(datetime(2026, 2, 28, 12, tzinfo=UTC), now)


@pytest.mark.parametrize(
    ("parameters", "sort"),
    [
        ({}, {"FieldName": "INITIATION_TIMESTAMP", "Order": "DESCENDING"}),
        ({"time_field": "disconnect_timestamp"}, {"FieldName": "DISCONNECT_TIMESTAMP", "Order": "DESCENDING"}),
        ({"time_field": "ENQUEUE_timestamp"}, None),
        ({"sort": "channel"}, {"FieldName": "CHANNEL", "Order": "ASCENDING"}),
        ({"sort": "-Expiry_Timestamp"}, {"FieldName": "EXPIRY_TIMESTAMP", "Order": "DESCENDING"}),
    ],
    ids=["default", "time-field", "enqueue", "ascending", "descending"],
)
def test_the_order(parameters: dict[str, str], sort: dict[str, str] | None) -> None:
    assert parse(WEEK | parameters).sort == sort


def test_parameters_that_are_not_criteria() -> None:
    search = parse(WEEK | {"limit": "7", "max_items": "10", "cursor": "abc", "fields": "channel,id"})
    assert (search.limit, search.max_items, search.cursor) == (7, 10, "abc")
    assert search.fields == {"channel", "id"}


def test_a_limit_of_0_counts() -> None:
    assert parse(WEEK | {"limit": "0"}).limit == 0


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"channel": "voice,Chat"}, {"Channels": ["CHAT", "VOICE"]}),
        ({"channel": ["CHAT", "VOICE", "CHAT"]}, {"Channels": ["CHAT", "VOICE"]}),
        ({"queue_id": "b, a"}, {"QueueIds": ["a", "b"]}),
        ({"agent_id": "a"}, {"AgentIds": ["a"]}),
        ({"initiation_method": "api"}, {"InitiationMethods": ["API"]}),
        ({"active_region": "eu-west-2"}, {"ActiveRegions": ["eu-west-2"]}),
        (
            {"agent_hierarchy_l1_id": "g", "agent_hierarchy_l5_id": "h,i"},
            {"AgentHierarchyGroups": {"L1Ids": ["g"], "L5Ids": ["h", "i"]}},
        ),
        ({"name": "a, b"}, {"Name": {"SearchText": ["a, b"], "MatchType": "MATCH_ANY"}}),
        ({"name": ["b", "a"], "name_match": "Exact"}, {"Name": {"SearchText": ["a", "b"], "MatchType": "MATCH_EXACT"}}),
        (
            {"routing_agent_id": "a", "routing_match": "none"},
            {"RoutingCriteria": {"Steps": [{"AgentCriteria": {"AgentIds": ["a"], "MatchType": "MATCH_NONE"}}]}},
        ),
        (
            {"attribute.tier": ["silver", "gold"], "attribute.a,b": "x,y"},
            {
                "SearchableContactAttributes": {
                    "Criteria": [{"Key": "a,b", "Values": ["x,y"]}, {"Key": "tier", "Values": ["gold", "silver"]}],
                    "MatchType": "MATCH_ALL",
                }
            },
        ),
        (
            {"segment.connect:Subtype": "connect:Chat", "segment_match": "any"},
            {
                "SearchableSegmentAttributes": {
                    "Criteria": [{"Key": "connect:Subtype", "Values": ["connect:Chat"]}],
                    "MatchType": "MATCH_ANY",
                }
            },
        ),
        (
            {"tag.a": ["1", "2"], "tag.b": "3"},
            {
                "ContactTags": {
                    "OrConditions": [
                        [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "3"}],
                        [{"TagKey": "a", "TagValue": "2"}, {"TagKey": "b", "TagValue": "3"}],
                    ]
                }
            },
        ),
        (
            {"ai_agent_id": AI_AGENT_ID, "ai_agent_version": "2", "ai_agent_escalated": "FALSE"},
            {"AiAgents": {"Criteria": [{"Id": AI_AGENT_ID, "VersionNumber": 2, "AiAgentEscalated": False}]}},
        ),
        ({"ai_use_case": "selfservice"}, {"AiAgents": {"Criteria": [{"AiUseCase": "SelfService"}]}}),
    ],
    ids=[
        "comma-list",
        "repeats",
        "spaces",
        "agent",
        "initiation-method",
        "region",
        "hierarchy",
        "commas-in-text",
        "name-match",
        "routing",
        "attributes",
        "segment",
        "tags",
        "ai-agent",
        "ai-use-case",
    ],
)
def test_the_criteria(parameters: dict[str, Any], expected: dict[str, Any]) -> None:
    assert criteria(**parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "roles", "within", "between"),
    [
        ({"transcript": "a"}, 5, "MATCH_ANY", "MATCH_ANY"),
        ({"transcript": "a", "transcript_match": "all"}, 5, "MATCH_ALL", "MATCH_ANY"),
        ({"transcript.agent": "a", "transcript.custom_bot": "a"}, 2, "MATCH_ANY", "MATCH_ANY"),
        ({"transcript.agent": "a", "transcript_match": "ALL"}, 1, "MATCH_ALL", "MATCH_ALL"),
    ],
    ids=["whoever", "whoever-said-all", "roles", "role-said-all"],
)
def test_the_transcript(parameters: dict[str, str], roles: int, within: str, between: str) -> None:
    transcript = criteria(**parameters)["ContactAnalysis"]["Transcript"]
    assert transcript["MatchType"] == between
    assert len(transcript["Criteria"]) == len({criterion["ParticipantRole"] for criterion in transcript["Criteria"]})
    assert len(transcript["Criteria"]) == roles
    assert all(criterion["SearchText"] == ["a"] for criterion in transcript["Criteria"])
    assert all(criterion["MatchType"] == within for criterion in transcript["Criteria"])


@pytest.mark.parametrize(
    ("parameters", "condition"),
    [
        (
            {"disconnect_timestamp.from": "2026-11-20", "disconnect_timestamp.to": "2026-11-20"},
            {
                "TimeRange": {
                    "Type": "DISCONNECT_TIMESTAMP",
                    "StartTime": datetime(2026, 11, 20, tzinfo=UTC),
                    "EndTime": datetime(2026, 11, 20, 23, 59, 59, 999_999, UTC),
                }
            },
        ),
        (
            {"scheduled_timestamp.from": "2026-11-19"},
            {
                "TimeRange": {
                    "Type": "SCHEDULED_TIMESTAMP",
                    "StartTime": datetime(2026, 11, 19, tzinfo=UTC),
                    "EndTime": None,
                }
            },
        ),
        (
            {"enqueue_timestamp.to": "2026-11-19T00:00:00Z"},
            {
                "TimeRange": {
                    "Type": "ENQUEUE_TIMESTAMP",
                    "StartTime": None,
                    "EndTime": datetime(2026, 11, 19, tzinfo=UTC),
                }
            },
        ),
        (
            {"connected_to_agent_timestamp.exists": "False"},
            {"TimestampCondition": {"Type": "CONNECTED_TO_AGENT_TIMESTAMP", "ConditionType": "NOT_EXISTS"}},
        ),
    ],
    ids=["that-day", "from", "to", "exists"],
)
def test_conditions_on_other_timestamps(parameters: dict[str, str], condition: dict[str, Any]) -> None:
    assert criteria(**parameters) == {"AdditionalTimeRange": {"Criteria": [condition], "MatchType": "MATCH_ALL"}}
    any_of = criteria(**parameters, additional_time_match="any")["AdditionalTimeRange"]
    assert any_of == {"Criteria": [condition], "MatchType": "MATCH_ANY"}


@pytest.mark.parametrize("name", ["attribute", "segment", "tag"])
def test_a_key_may_be_in_brackets(name: str) -> None:
    # Given a key, in brackets, after a dot, and both
    in_brackets = parse(WEEK | {f"{name}[cost.centre]": ["1", "2"]})
    after_dot = parse(WEEK | {f"{name}.cost.centre": ["1", "2"]})
    both = parse(WEEK | {f"{name}[cost.centre]": "2", f"{name}.cost.centre": "1"})
    # Then all have the same meaning
    assert in_brackets.criteria == after_dot.criteria == both.criteria
    assert in_brackets.identity == after_dot.identity == both.identity


@pytest.mark.parametrize(
    ("parameters", "where", "code"),
    [
        ({"attribute[tier]": "a" * 101}, "attribute.tier", "too_long"),
        ({"attribute[tier]": ""}, "attribute.tier", "empty"),
        ({"attribute[]": "x"}, "attribute[]", "unknown"),
        ({"attribute[": "x"}, "attribute[", "unknown"),
        ({"queue_id[a]": "x"}, "queue_id[a]", "unknown"),
        ({f"attribute[{'k' * 6_200}]": "x"}, f"attribute.{'k' * 6_200}", "too_long"),
    ],
    ids=["too-long", "empty", "no-key", "no-end", "no-keys", "url-too-long"],
)
def test_a_fault_names_a_key_in_brackets_after_a_dot(parameters: dict[str, Any], where: str, code: str) -> None:
    assert (where, code) in {(fault.where, fault.code) for fault in faults(WEEK | parameters)}


FAULTS: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "nothing": ({}, {("from", "required")}),
    "end-only": ({"to": "2026-11-20"}, {("from", "required")}),
    "reversed": ({"from": "2026-11-20", "to": "2026-11-19"}, {("from", "out_of_range")}),
    "future": ({"from": "2026-11-23"}, {("from", "out_of_range")}),
    "no-times": ({"from": "2026-11-20T09:00:00", "to": "x"}, {("from", "invalid_time"), ("to", "invalid_time")}),
    "no-day": ({"from": "2026-02-30"}, {("from", "invalid_time")}),
    "unescaped-plus": ({"from": "2026-11-20T09:00:00 01:00"}, {("from", "invalid_time")}),
    "from-and-last": ({"from": "2026-11-20", "last": "P1D"}, {("last", "conflict")}),
    "last-and-to": ({"last": "P1D", "to": "2026-11-20"}, {("last", "conflict")}),
    "last-too-long": ({"last": "P3Y"}, {("last", "out_of_range")}),
    "last-25-months": ({"last": "P25M"}, {("last", "out_of_range")}),
    "from-too-old": ({"from": "2024-11-20T11:59:59Z"}, {("from", "out_of_range")}),
    "no-duration": ({"last": "1 day"}, {("last", "invalid_duration")}),
    "zero-duration": ({"last": "PT0S"}, {("last", "invalid_duration")}),
    "negative-duration": ({"last": "-P1D"}, {("last", "invalid_duration")}),
    "last-repeated": ({"last": ["P1D", "P2D"]}, {("last", "repeated")}),
    "window-in-every-way": (
        {"from": "2001-01-01", "to": "2000-01-01", "last": "P9Y"},
        {("last", "conflict"), ("last", "out_of_range"), ("from", "out_of_range")},
    ),
    "order-unknown": ({"from": "2026-11-23", "to": "x"}, {("to", "invalid_time")}),
    "limit-101": ({**WEEK, "limit": "101"}, {("limit", "out_of_range")}),
    "limit-word": ({**WEEK, "limit": "abc"}, {("limit", "not_an_integer")}),
    "limit-sign": ({**WEEK, "limit": "+5"}, {("limit", "not_an_integer")}),
    "limit-negative": ({**WEEK, "limit": "-1"}, {("limit", "not_an_integer")}),
    "limit-repeated": ({**WEEK, "limit": ["5", "5"]}, {("limit", "repeated")}),
    "limit-0-with-cursor": ({**WEEK, "limit": "0", "cursor": "abc"}, {("limit", "conflict")}),
    "max-items-0": ({**WEEK, "max_items": "0"}, {("max_items", "out_of_range")}),
    "max-items-digits": ({**WEEK, "max_items": "9" * 30}, {("max_items", "not_an_integer")}),
    "101-agents": ({**WEEK, "agent_id": ",".join(f"a{n}" for n in range(101))}, {("agent_id", "too_many")}),
    "long-agent": ({**WEEK, "agent_id": "a" * 257}, {("agent_id", "too_long")}),
    "11-groups": (
        {**WEEK, "agent_hierarchy_l3_id": [f"g{n}" for n in range(11)]},
        {("agent_hierarchy_l3_id", "too_many")},
    ),
    "empty": ({**WEEK, "queue_id": ""}, {("queue_id", "empty")}),
    "blank": ({**WEEK, "name": " "}, {("name", "empty")}),
    "empty-element": ({**WEEK, "channel": "VOICE,"}, {("channel", "empty")}),
    "unknown-value": ({**WEEK, "channel": "FAX"}, {("channel", "unknown_value")}),
    "unknown-values": ({**WEEK, "channel": "FAX,TELEX"}, {("channel", "unknown_value")}),
    "unknown": ({**WEEK, "chanel": "VOICE"}, {("chanel", "unknown")}),
    "unknown-case": ({**WEEK, "LIMIT": "5"}, {("LIMIT", "unknown")}),
    "unknown-role": ({**WEEK, "transcript.boss": "x"}, {("transcript.boss", "unknown")}),
    "sort-unknown": ({**WEEK, "sort": "queue_id"}, {("sort", "unknown_value")}),
    "sort-signs": ({**WEEK, "sort": "--channel"}, {("sort", "unknown_value")}),
    "sort-not-kept": ({"last": "P60D", "sort": "channel"}, {("sort", "conflict")}),
    "time-field": ({**WEEK, "time_field": "expiry_timestamp"}, {("time_field", "unknown_value")}),
    "fields": ({**WEEK, "fields": "id,colour"}, {("fields", "unknown_value")}),
    "cursor-empty": ({**WEEK, "cursor": ""}, {("cursor", "empty")}),
    "nul": ({**WEEK, "transcript": "x\0y"}, {("transcript", "invalid_characters")}),
    "not-utf-8": ({**WEEK, "transcript": "\ud800"}, {("transcript", "invalid_characters")}),
    "long-text": ({**WEEK, "transcript": "a" * 129}, {("transcript", "too_long")}),
    "transcripts": ({**WEEK, "transcript": "a", "transcript.agent": "b"}, {("transcript", "conflict")}),
    "transcript-match-alone": ({**WEEK, "transcript_match": "all"}, {("transcript_match", "conflict")}),
    "transcript-match-value": (
        {**WEEK, "transcript": "a", "transcript_match": "exact"},
        {("transcript_match", "unknown_value")},
    ),
    "attribute-match-alone": ({**WEEK, "attribute_match": "any"}, {("attribute_match", "conflict")}),
    "segment-match-alone": ({**WEEK, "segment_match": "any"}, {("segment_match", "conflict")}),
    "name-match-alone": ({**WEEK, "name_match": "any"}, {("name_match", "conflict")}),
    "routing-match-alone": ({**WEEK, "routing_match": "any"}, {("routing_match", "conflict")}),
    "time-match-alone": ({**WEEK, "additional_time_match": "any"}, {("additional_time_match", "conflict")}),
    "no-key": ({**WEEK, "attribute.": "x"}, {("attribute.", "unknown")}),
    "21-values": ({**WEEK, "attribute.tier": [f"{n}" for n in range(21)]}, {("attribute.tier", "too_many")}),
    "long-value": ({**WEEK, "attribute.tier": "a" * 101}, {("attribute.tier", "too_long")}),
    "16-attributes": ({**WEEK, **{f"attribute.k{n}": "x" for n in range(16)}}, {("attribute.*", "too_many")}),
    "21-segment-values": ({**WEEK, "segment.k": [f"{n}" for n in range(21)]}, {("segment.k", "too_many")}),
    "long-segment-key": ({**WEEK, f"segment.{'k' * 65}": "x"}, {(f"segment.{'k' * 65}", "too_long")}),
    "tag-conditions": (
        {**WEEK, "tag.a": [f"{n}" for n in range(11)], "tag.b": [f"{n}" for n in range(10)]},
        {("tag.a", "too_many")},
    ),
    "ai-version-alone": ({**WEEK, "ai_agent_version": "2"}, {("ai_agent_version", "conflict")}),
    "ai-version-too-high": (
        {**WEEK, "ai_agent_id": AI_AGENT_ID, "ai_agent_version": f"{2**31}"},
        {("ai_agent_version", "out_of_range")},
    ),
    "ai-agent-format": ({**WEEK, "ai_agent_id": "seven"}, {("ai_agent_id", "invalid_format")}),
    "ai-escalated": ({**WEEK, "ai_agent_escalated": "perhaps"}, {("ai_agent_escalated", "invalid_type")}),
    "exists-true": (
        {**WEEK, "disconnect_timestamp.exists": "true"},
        {("disconnect_timestamp.exists", "unknown_value")},
    ),
    "other-time-reversed": (
        {**WEEK, "disconnect_timestamp.from": "2026-11-20", "disconnect_timestamp.to": "2026-11-19"},
        {("disconnect_timestamp.from", "out_of_range")},
    ),
    "other-time-future": (
        {**WEEK, "scheduled_timestamp.from": "2099-01-01"},
        {("scheduled_timestamp.from", "out_of_range")},
    ),
    "other-time-too-old": (
        {**WEEK, "disconnect_timestamp.to": "2020-01-01"},
        {("disconnect_timestamp.to", "out_of_range")},
    ),
    "region": ({**WEEK, "active_region": "nowhere"}, {("active_region", "invalid_format")}),
    "no-room-for-a-cursor": ({**WEEK, "queue_id": "q" * 6_200}, {("queue_id", "too_long")}),
    "everything-at-once": (
        {"limit": "101", "chanel": "x", "channel": "FAX", "last": "P1"},
        {
            ("limit", "out_of_range"),
            ("chanel", "unknown"),
            ("channel", "unknown_value"),
            ("last", "invalid_duration"),
        },
    ),
}


@pytest.mark.parametrize(("parameters", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_is_named(parameters: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    found = faults(parameters)
    assert {(fault.where, fault.code) for fault in found} == expected
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("chanel", "is not a parameter; did you mean `channel`?"),
        ("LIMIT", "is not a parameter; did you mean `limit`?"),
        ("attribut.x", "is not a parameter; did you mean `attribute.KEY`?"),
        ("sort_by", "is not a parameter; did you mean `sort`?"),
        ("format", "is not a parameter"),
        ("page", "is not a parameter; did you mean `cursor`?"),
        ("nonsense", "is not a parameter"),
    ],
)
def test_the_nearest_known_name_is_suggested(name: str, detail: str) -> None:
    assert faults(WEEK | {name: "x"}) == [Fault(name, "unknown", detail)]


def test_no_fault_quotes_a_value() -> None:
    for name, field in query.QueryParameters.model_fields.items():
        with pytest.raises(InvalidSearchError) as caught:
            parse({"last": "secret-1", field.alias or name: ["secret-1", "secret-2" * 99, "\0"]})
        assert not any("secret" in fault.detail for fault in caught.value.faults)


@pytest.mark.parametrize(
    "parameters",
    [
        {"from": "2024-01-01", "to": "2024-01-02"},
        {"from": "2026-12-24"},
        {"last": "P9Y"},
        {"last": "P60D", "sort": "channel"},
        {**WEEK, "scheduled_timestamp.from": "2026-12-24"},
        {**WEEK, "disconnect_timestamp.to": "2024-01-01"},
    ],
    ids=["from-too-old", "from-in-the-future", "last-too-long", "sort", "other-from", "other-to"],
)
def test_what_depends_on_now_is_judged_on_the_first_page_only(parameters: dict[str, str]) -> None:
    assert faults(parameters)
    parse(parameters | {"cursor": "abc"})


@pytest.mark.parametrize("length", [5_900, 6_100, 6_130, 6_200])
@pytest.mark.parametrize("cursor", [{}, {"cursor": "c" * 2_000}], ids=["first-page", "later-page"])
def test_the_url_of_every_page_fits(length: int, cursor: dict[str, str]) -> None:
    # Given a query that makes a URL of this length with a cursor
    parameters = WEEK | {"queue_id": "q" * length}
    url = f"/v1/contacts?from={WEEK['from']}&to={WEEK['to']}&queue_id={'q' * length}&cursor={'c' * 2_000}"
    # Then it is accepted if that is at most 8,192 characters
    if len(url) <= 8_192:
        parse(parameters | cursor)
    else:
        [fault] = faults(parameters | cursor)
        assert (fault.where, fault.code) == ("queue_id", "too_long")
        assert "POST" in fault.detail


def test_a_url_that_is_too_long_is_a_fault_of_the_longest_parameter() -> None:
    parameters = WEEK | {"queue_id": [f"{number:0100}" for number in range(60)], "name": "\u20ac" * 100}
    assert [fault.where for fault in faults(parameters)] == ["queue_id"]


def test_the_order_of_parameters_and_values_does_not_matter() -> None:
    parameters = [("last", ["P7D"]), ("attribute.a", ["1", "2"]), ("attribute.b", ["3"]), ("channel", ["VOICE,CHAT"])]
    turned = [("attribute.a", ["2", "1"]), ("channel", ["CHAT", "VOICE"])]
    orders = [dict(order) for order in permutations(parameters)]
    orders.append(dict(parameters) | dict(turned))
    assert len({query.parse(order, NOW).identity for order in orders}) == 1


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"last": "P7D"}, {"TimeRange.StartTime": ("last",)}),
        (WEEK, {"TimeRange.StartTime": ("from",), "TimeRange.Type": ("time_field",), "Sort": ("sort",)}),
        ({**WEEK, "queue_id": "a", "agent_id": "b"}, {"QueueIds": ("queue_id",), "AgentIds": ("agent_id",)}),
        (
            {**WEEK, "agent_hierarchy_l2_id": "a", "agent_hierarchy_l1_id": "b"},
            {
                "AgentHierarchyGroups": ("agent_hierarchy_l2_id", "agent_hierarchy_l1_id"),
                "AgentHierarchyGroups.L1Ids": ("agent_hierarchy_l1_id",),
            },
        ),
        (
            {**WEEK, "attribute.a.b": "x", "attribute[c]": "y", "attribute_match": "any"},
            {"SearchableContactAttributes.a.b": ("attribute.a.b",), "SearchableContactAttributes.c": ("attribute.c",)},
        ),
        (
            {**WEEK, "enqueue_timestamp.from": "2026-11-19", "enqueue_timestamp.to": "2026-11-20"},
            {"AdditionalTimeRange.ENQUEUE_TIMESTAMP": ("enqueue_timestamp.from", "enqueue_timestamp.to")},
        ),
        (
            {**WEEK, "ai_agent_id": AI_AGENT_ID, "ai_agent_version": "1"},
            {"AiAgents": ("ai_agent_id", "ai_agent_version")},
        ),
    ],
    ids=["last", "defaults", "ids", "hierarchy", "attributes", "times", "ai-agent"],
)
def test_the_parameters_that_ask_for_a_member(parameters: dict[str, str], expected: dict[str, tuple[str, ...]]) -> None:
    sources = parse(parameters).sources
    assert {member: sources[member] for member in expected} == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("queue_id", "queue_id"),
        ("transcript.agent", "transcript.agent"),
        ("enqueue_timestamp.from", "enqueue_timestamp.from"),
        ("attribute.account", "attribute.KEY"),
        ("attribute[account]", "attribute.KEY"),
        ("tag.a.b", "tag.KEY"),
        ("segment[connect:Subtype]", "segment.KEY"),
        ("jane@example.com", "unknown"),
        ("queue_id[jane]", "unknown"),
        ("from_", "unknown"),
        ("transcript.jane", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_name_is_logged_without_data(name: str, expected: str) -> None:
    assert query.loggable_parameter(name) == expected


@pytest.mark.parametrize("today", [date(2026, 11, 20), date(2028, 2, 29)], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_and_its_criteria_have_the_parameters_that_ask_for_them(name: str, today: date) -> None:
    search = parse(example_query(name, today), datetime.combine(today, time(1), UTC))
    assert search.criteria.keys() <= {member.partition(".")[0] for member in search.sources}


def test_the_examples_ask_for_every_criterion() -> None:
    assert len({criterion for name in NAMES for criterion in parse(example_query(name)).criteria}) == 14
