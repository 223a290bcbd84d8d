"""GET /v1/contacts: pages, cursors and what callers ask wrongly."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contact_search import __version__
from sandbox.aws_server import AwsServer
from tests.clock import NOW, TODAY, Clock
from tests.conftest import Api, SampleContact

WEEK = {"from_": f"{TODAY - timedelta(days=7)}", "to": f"{TODAY}"}


def test_a_contact_is_connects_summary_in_snake_case(api: Api, contacts: list[SampleContact]) -> None:
    page = api.get(**WEEK, limit=100).json
    by_id = {contact.summary["Id"]: contact.summary for contact in contacts}
    for contact in page["contacts"]:
        summary = by_id[contact["id"]]
        assert contact["arn"] == summary["Arn"]
        assert contact.get("queue_info", {}).get("id") == summary.get("QueueInfo", {}).get("Id")
        moment = datetime.strptime(contact["initiation_timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        assert moment.timestamp() == summary["InitiationTimestamp"]
        assert ("disconnect_timestamp" in contact) == ("DisconnectTimestamp" in summary)
        assert contact["tags"] == summary["Tags"]
        assert None not in contact.values()


def test_the_window_includes_both_ends(api: Api, contacts: list[SampleContact]) -> None:
    moment = datetime.fromtimestamp(contacts[700].summary["InitiationTimestamp"], UTC).isoformat(
        timespec="milliseconds"
    )
    assert [contact["id"] for contact in api.get(from_=moment, to=moment).json["contacts"]] == [
        contacts[700].summary["Id"]
    ]


def test_a_date_is_a_day_from_its_first_to_its_last_moment(api: Api, contacts: list[SampleContact]) -> None:
    start = datetime.combine(TODAY - timedelta(days=3), datetime.min.time(), UTC)
    end = start + timedelta(days=1)
    expected = {
        contact.summary["Id"]
        for contact in contacts
        if start.timestamp() <= contact.summary["InitiationTimestamp"] < end.timestamp()
    }
    found = api.walk(from_=f"{start:%Y-%m-%d}", to=f"{start:%Y-%m-%d}")
    assert {contact["id"] for contact in found} == expected


def test_a_limit_of_0_counts(api: Api, aws: AwsServer) -> None:
    calls = aws.connect.quota.requests
    page = api.get(**WEEK, limit=0)
    assert aws.connect.quota.requests == calls + 1
    total = api.get(**WEEK, limit=1).json["total"]
    assert page.json == {"contacts": [], "total": total, "next_cursor": None}
    assert total["value"] > 0
    assert "link" not in page.headers


def test_a_key_in_brackets_is_the_same_as_one_after_a_dot(api: Api) -> None:
    dots = {
        "attribute.language": ["en", "de"],
        "segment.connect:Subtype": "connect:Telephony",
        "tag.cost-centre": "4100",
    }
    brackets = {
        "attribute[language]": "en",
        "attribute.language": "de",
        "segment[connect:Subtype]": "connect:Telephony",
        "tag[cost-centre]": "4100",
    }
    first = api.get(**WEEK, **dots, limit=2).json
    assert first["contacts"]
    assert api.get(**WEEK, **brackets, limit=2).json["contacts"] == first["contacts"]
    assert api.get(**WEEK, **brackets, limit=2, cursor=first["next_cursor"]).status == 200
    fault = {"attribute[language]": "x" * 101}
    assert api.get(**WEEK, **fault).faults == {("attribute.language", "too_long")}


@pytest.mark.usefixtures("still")
def test_last_is_the_window_that_ends_now(api: Api, contacts: list[SampleContact]) -> None:
    start = NOW - timedelta(days=14)
    expected = sum(contact.summary["InitiationTimestamp"] > start.timestamp() for contact in contacts)
    assert api.get(last="P2W").json["total"] == {"value": expected, "relation": "eq"}


@pytest.mark.parametrize("direction", ["", "-"])
@pytest.mark.parametrize(
    "field",
    ["initiation_timestamp", "connected_to_agent_timestamp", "disconnect_timestamp", "channel", "INITIATION_METHOD"],
)
def test_pages_keep_the_sort(api: Api, field: str, direction: str) -> None:
    def key(contact: dict[str, Any]) -> Any:
        return contact | contact.get("agent_info", {})

    found = api.walk(**WEEK, sort=direction + field, limit=17)
    keys = [key(contact).get(field.lower()) for contact in found]
    present = [value for value in keys if value is not None]
    assert present == sorted(present, reverse=direction == "-")
    assert keys[len(present) :] == [None] * (len(keys) - len(present))


def test_without_sort_the_newest_by_the_windows_time_come_first(api: Api) -> None:
    found = api.walk(**WEEK, time_field="disconnect_timestamp")
    assert found
    times = [contact["disconnect_timestamp"] for contact in found]
    assert times == sorted(times, reverse=True)


def test_enqueue_timestamp_is_sorted_by_initiation(api: Api) -> None:
    found = api.walk(**WEEK, time_field="ENQUEUE_timestamp")
    assert found
    times = [contact["initiation_timestamp"] for contact in found]
    assert times == sorted(times, reverse=True)


def test_every_page_size_walks_the_same(api: Api) -> None:
    walks = [[contact["id"] for contact in api.walk(**WEEK, limit=limit)] for limit in (3, 50, 100)]
    assert walks[0] == walks[1] == walks[2]
    assert len(set(walks[0])) == len(walks[0]) > 50


def test_limit_and_fields_may_change_between_pages(api: Api) -> None:
    first = api.get(**WEEK, limit=4).json
    second = api.get(**WEEK, limit=6, fields="channel", cursor=first["next_cursor"]).json
    assert [set(contact) for contact in second["contacts"]] == [{"id", "channel"}] * 6
    ids = [contact["id"] for contact in first["contacts"] + second["contacts"]]
    assert ids == [contact["id"] for contact in api.get(**WEEK, limit=10).json["contacts"]]


def test_max_items_ends_the_walk_mid_page(api: Api) -> None:
    found = api.walk(**WEEK, limit=4, max_items=10)
    assert len(found) == 10
    assert found == api.walk(**WEEK)[:10]
    last_page = api.get(**WEEK, limit=10, max_items=10).json
    assert last_page["next_cursor"] is None
    assert last_page["total"]["value"] > 10


def test_the_link_header_leads_to_the_next_page(api: Api) -> None:
    first = api.get(**WEEK, limit=2, channel=["VOICE", "CHAT"])
    assert first.headers["link"].endswith('>; rel="next"')
    query = first.headers["link"][2:].partition(">")[0]
    second = api.send("GET", "/v1/contacts", query)
    assert second.json == api.get(**WEEK, limit=2, channel="VOICE,CHAT", cursor=first.json["next_cursor"]).json | {
        "next_cursor": second.json["next_cursor"]
    }
    assert "link" not in api.get(**WEEK, max_items=1).headers


def test_the_cursor_keeps_the_window_of_the_first_page(api: Api, still: Clock) -> None:
    found = [contact["id"] for contact in api.get(last="P7D", limit=20).json["contacts"]]
    first = api.get(last="P7D", limit=10).json
    still.advance(timedelta(hours=5))
    second = api.get(last="P7D", limit=10, cursor=first["next_cursor"]).json
    assert [contact["id"] for contact in first["contacts"] + second["contacts"]] == found


def test_a_cursor_is_short_and_safe_in_a_url(api: Api) -> None:
    cursor = api.get(**WEEK, limit=1).json["next_cursor"]
    assert len(cursor) <= 2_000
    assert cursor.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_a_cursor_of_another_search_or_a_changed_one_is_invalid(api: Api) -> None:
    cursor = api.get(**WEEK, limit=1).json["next_cursor"]
    changes = [
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:],
        "x",
    ]
    others: list[dict[str, Any]] = [
        {"channel": "VOICE"},
        {"max_items": 5},
        {"sort": "initiation_timestamp"},
        {"time_field": "disconnect_timestamp"},
    ]
    answers = [api.get(**WEEK, limit=1, cursor=changed) for changed in changes]
    answers += [api.get(**WEEK, limit=1, cursor=cursor, **other) for other in others]
    answers += [api.get(last="P7D", limit=1, cursor=cursor)]
    for answer in answers:
        assert (answer.status, answer.json["type"]) == (400, "/problems/invalid-cursor")
    same = api.get(**WEEK, limit=1, cursor=cursor, sort="-INITIATION_timestamp")
    assert same.status == 200


def test_a_cursor_expires_after_24_hours(api: Api, clock: Clock) -> None:
    cursor = api.get(**WEEK, limit=1).json["next_cursor"]
    clock.advance(timedelta(hours=23.9))
    assert api.get(**WEEK, cursor=cursor).status == 200
    clock.advance(timedelta(hours=0.2))
    expired = api.get(**WEEK, cursor=cursor)
    assert (expired.status, expired.json["type"]) == (410, "/problems/cursor-expired")


@pytest.mark.parametrize(
    ("parameters", "faults"),
    [
        ({}, {("from", "required")}),
        ({"to": f"{TODAY}"}, {("from", "required")}),
        ({"from_": f"{TODAY}", "to": f"{TODAY - timedelta(days=1)}"}, {("from", "out_of_range")}),
        ({"from_": f"{TODAY + timedelta(days=3)}"}, {("from", "out_of_range")}),
        ({"from_": f"{TODAY}T09:00:00", "to": "yesterday"}, {("from", "invalid_time"), ("to", "invalid_time")}),
        ({"from_": "2026-02-30"}, {("from", "invalid_time")}),
        ({"from_": f"{TODAY}T09:00:00 01:00"}, {("from", "invalid_time")}),
        ({"from_": f"{TODAY}", "last": "P1D"}, {("last", "conflict")}),
        ({"last": "P1D", "to": f"{TODAY}"}, {("last", "conflict")}),
        ({"last": "P3Y"}, {("last", "out_of_range")}),
        ({"from_": f"{TODAY - timedelta(days=732)}"}, {("from", "out_of_range")}),
        ({"last": "1 day"}, {("last", "invalid_duration")}),
        ({"last": "PT0S"}, {("last", "invalid_duration")}),
        ({"last": "-P1D"}, {("last", "invalid_duration")}),
        ({"last": ["P1D", "P2D"]}, {("last", "repeated")}),
        ({**WEEK, "limit": "0", "cursor": "x"}, {("limit", "conflict")}),
        ({**WEEK, "limit": "101"}, {("limit", "out_of_range")}),
        ({**WEEK, "limit": "abc"}, {("limit", "not_an_integer")}),
        ({**WEEK, "limit": "+5"}, {("limit", "not_an_integer")}),
        ({**WEEK, "limit": ["5", "5"]}, {("limit", "repeated")}),
        ({**WEEK, "max_items": "0"}, {("max_items", "out_of_range")}),
        ({**WEEK, "max_items": "9" * 30}, {("max_items", "not_an_integer")}),
        ({**WEEK, "agent_id": ",".join(f"a{n}" for n in range(101))}, {("agent_id", "too_many")}),
        ({**WEEK, "agent_id": "a" * 257}, {("agent_id", "too_long")}),
        ({**WEEK, "agent_hierarchy_l3_id": [f"g{n}" for n in range(11)]}, {("agent_hierarchy_l3_id", "too_many")}),
        ({**WEEK, "queue_id": ""}, {("queue_id", "empty")}),
        ({**WEEK, "channel": "VOICE,"}, {("channel", "empty")}),
        ({**WEEK, "channel": "FAX"}, {("channel", "unknown_value")}),
        (
            {"from_": "2001-01-01", "to": "2000-01-01", "last": "P9Y"},
            {("last", "conflict"), ("last", "out_of_range"), ("from", "out_of_range")},
        ),
        ({"from_": f"{TODAY + timedelta(days=3)}", "to": "x"}, {("to", "invalid_time")}),
        ({**WEEK, "chanel": "VOICE"}, {("chanel", "unknown")}),
        ({**WEEK, "sort": "queue_id"}, {("sort", "unknown_value")}),
        ({**WEEK, "sort": "--channel"}, {("sort", "unknown_value")}),
        ({**WEEK, "time_field": "expiry_timestamp"}, {("time_field", "unknown_value")}),
        ({**WEEK, "fields": "id,colour"}, {("fields", "unknown_value")}),
        ({**WEEK, "cursor": ""}, {("cursor", "empty")}),
        ({**WEEK, "transcript": "x\0y"}, {("transcript", "invalid_characters")}),
        ({**WEEK, "transcript": "a" * 129}, {("transcript", "too_long")}),
        ({**WEEK, "transcript": "a", "transcript__agent": "b"}, {("transcript", "conflict")}),
        ({**WEEK, "transcript_match": "all"}, {("transcript_match", "conflict")}),
        ({**WEEK, "transcript": "a", "transcript_match": "exact"}, {("transcript_match", "unknown_value")}),
        ({**WEEK, "attribute_match": "any"}, {("attribute_match", "conflict")}),
        ({**WEEK, "attribute__": "x"}, {("attribute", "unknown")}),
        ({**WEEK, "attribute__tier": ["x"] * 2 + [f"{n}" for n in range(20)]}, {("attribute.tier", "too_many")}),
        ({**WEEK, "attribute__tier": "a" * 101}, {("attribute.tier", "too_long")}),
        ({**WEEK, **{f"attribute__k{n}": "x" for n in range(16)}}, {("attribute.*", "too_many")}),
        ({**WEEK, "queue_id": "q" * 6_200}, {("queue_id", "too_long")}),
        (
            {"limit": "101", "chanel": "x", "channel": "FAX", "last": "P1"},
            {
                ("limit", "out_of_range"),
                ("chanel", "unknown"),
                ("channel", "unknown_value"),
                ("last", "invalid_duration"),
            },
        ),
    ],
)
def test_what_breaks_the_contract_is_named_and_costs_no_call(
    api: Api, aws: AwsServer, parameters: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    calls = aws.connect.quota.requests
    answer = api.get(**parameters)
    assert answer.status == 422
    assert answer.faults == faults
    assert aws.connect.quota.requests == calls
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["request_id"] == answer.headers["x-request-id"] == "request-1"


def test_text_that_is_not_utf_8_is_refused(api: Api) -> None:
    answer = api.send("GET", "/v1/contacts", "last=P1D&transcript=%ED%A0%80")
    assert answer.faults == {("transcript", "invalid_characters")}


def test_the_nearest_known_name_is_suggested(api: Api) -> None:
    details = {
        fault["parameter"]: fault["detail"]
        for fault in api.get(chanel="VOICE", attribut__x="y", LIMIT="3").json["errors"]
    }
    assert "`channel`" in details["chanel"]
    assert "`limit`" in details["LIMIT"]
    assert "`attribute.KEY`" in details["attribut.x"]


def test_a_walk_goes_on_in_whatever_order_parameters_are_given(api: Api) -> None:
    query = {
        **WEEK,
        "attribute__language": "en",
        "attribute__customer_tier": ["gold", "bronze"],
        "channel": "VOICE,CHAT",
    }
    cursor = api.get(**query, limit=1).json["next_cursor"]
    turned = dict(reversed(query.items())) | {"attribute__customer_tier": ["bronze", "gold"], "channel": "CHAT,VOICE"}
    assert api.get(cursor=cursor, limit=1, **turned).json["contacts"] == api.get(**query, limit=2).json["contacts"][1:]


def test_repeats_and_comma_lists_are_the_same(api: Api) -> None:
    assert api.walk(**WEEK, channel="chat,TASK") == api.walk(**WEEK, channel=["Task", "CHAT"])


@pytest.mark.usefixtures("still")
def test_commas_belong_to_free_text(api: Api, contacts: list[SampleContact]) -> None:
    said = {"thank you very much, goodbye", "nothing like the pictures and"}
    found = api.walk(last="P50D", transcript=sorted(said))
    expected = [c for c in contacts if any(t in " ".join(itertools.chain(*c.said.values())) for t in said)]
    start = NOW - timedelta(days=50)
    expected = [c for c in expected if c.summary["InitiationTimestamp"] >= start.timestamp()]
    assert {contact["id"] for contact in found} == {contact.summary["Id"] for contact in expected}
    assert found


def test_head_is_get_whose_body_the_gateway_drops(api: Api) -> None:
    head, get = (api.send(method, "/v1/contacts", "last=P1D") for method in ("HEAD", "GET"))
    assert (head.status, len(head.text)) == (200, len(get.text))
    assert api.send("HEAD", "/v1/contacts", "last=P1").status == 422


def test_what_is_not_there(api: Api) -> None:
    for path in ("/v1/export", "/v2/contacts", "/v1"):
        answer = api.send("GET", path)
        assert (answer.status, answer.json["type"]) == (404, "/problems/not-found")
    for method in ("POST", "DELETE", "TRACE"):
        answer = api.send(method, "/v1/contacts")
        assert (answer.status, answer.json["type"]) == (405, "/problems/method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert api.send("OPTIONS", "/v1/contacts").status == 204


def test_health_calls_nothing_upstream(api: Api, aws: AwsServer) -> None:
    calls = aws.connect.quota.requests
    assert api.send("GET", "/health").json == {"status": "ok", "version": __version__}
    assert aws.connect.quota.requests == calls
