"""Who the caller is and what it is granted."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contact_search.amazon_connect.directory import Directory, DirectoryUnavailableError
from contact_search.search.grants import Grant
from operations import registry
from operations.deployed import Deployed
from sandbox.aws_server import AwsServer
from sandbox.clients import PARTNER_KEY
from tests.clock import Clock
from tests.conftest import Answer, Api

_NUMBERS = itertools.count()  # make names of clients unique


@pytest.fixture
def client(stack: Deployed, api: Api) -> Callable[..., Api]:
    """Make a client with this grant."""

    def make(**grant: Any) -> Api:
        name = f"me-{next(_NUMBERS)}"
        registry.add(stack, name, "frontend", Grant(**grant), f"key-of-{name}")
        return api.as_client(f"key-of-{name}")

    return make


def get(api: Api, query: str = "") -> Answer:
    return api.send("GET", "/v1/me", query)


def test_null_is_not_limited(api: Api) -> None:
    answer = get(api)
    assert answer.json == {
        "client": "full",
        "usage_plan": "internal",
        "grant": {
            "queues": None,
            "agents": None,
            "channels": None,
            "fields": None,
            "attribute_keys": None,
            "transcript_search": True,
            "lookback": None,
            "page_limit": None,
            "exports": True,
        },
    }
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Authorization, X-Api-Key, Origin, Accept-Encoding"


@pytest.mark.usefixtures("new_directory")
def test_the_partner_of_the_laptop(api: Api, aws: AwsServer, queues: list[str]) -> None:
    me = get(api.as_client(PARTNER_KEY)).json
    assert (me["client"], me["usage_plan"]) == ("partner", "partner")
    names = {queue.id: queue.name for queue in aws.connect.directory.queues()}
    assert me["grant"]["queues"] == [{"id": id_, "name": names[id_]} for id_ in queues[:2]]
    assert me["grant"]["channels"] == ["VOICE", "CHAT"]
    assert me["grant"]["fields"] == sorted(me["grant"]["fields"])
    assert "name" not in me["grant"]["fields"]
    assert (me["grant"]["attribute_keys"], me["grant"]["transcript_search"], me["grant"]["exports"]) == (
        [],
        False,
        False,
    )


@pytest.mark.usefixtures("new_directory")
def test_every_limit_is_told(client: Callable[..., Api], aws: AwsServer) -> None:
    [agent, *_] = aws.connect.directory.users()
    caller = client(
        agent_ids=[agent.id, "gone"],
        agent_hierarchy_groups={"L2Ids": ["g"]},
        fields=frozenset({"channel", "agent_info", "agent_info.device_info", "recordings"}),
        attribute_keys=frozenset({"tier", "account"}),
        lookback=timedelta(days=30),
        page_limit=20,
    )
    me = get(caller).json
    assert me["usage_plan"] == "frontend"
    assert me["grant"] == {
        "queues": None,
        "agents": [{"id": agent.id, "username": agent.name}, {"id": "gone"}],
        "agent_hierarchy_groups": {"l2_ids": ["g"]},
        "channels": None,
        "fields": ["agent_info", "agent_info.device_info", "channel", "recordings"],
        "attribute_keys": ["account", "tier"],
        "transcript_search": True,
        "lookback": "P30D",
        "page_limit": 20,
        "exports": False,
    }


def test_names_are_for_those_who_see_queues(client: Callable[..., Api], queues: list[str]) -> None:
    me = get(client(queue_ids=queues[:1], fields=frozenset({"channel"}))).json
    assert me["grant"]["queues"] == [{"id": queues[0]}]


def test_without_names_there_are_ids(
    client: Callable[..., Api], queues: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise DirectoryUnavailableError

    monkeypatch.setattr(Directory, "snapshot_with", fail)
    answer = get(client(queue_ids=queues[:2]))
    assert answer.status == 200
    assert answer.json["grant"]["queues"] == [{"id": queue_id} for queue_id in queues[:2]]


def test_a_change_of_the_grant_is_seen_within_60_seconds(stack: Deployed, api: Api, clock: Clock) -> None:
    registry.add(stack, "me-changed", "internal", Grant(), "key-of-me-changed")
    caller = api.as_client("key-of-me-changed")
    assert get(caller).json["grant"]["channels"] is None
    registry.regrant(stack, "me-changed", {"channels": ["CHAT"]}, wider=False)
    clock.advance(timedelta(seconds=61))
    assert get(caller).json["grant"]["channels"] == ["CHAT"]


def test_it_takes_no_parameters(api: Api) -> None:
    answer = get(api, "client=partner&fields=id")
    assert (answer.status, answer.faults) == (422, {("client", "unknown"), ("fields", "unknown")})


def test_it_needs_a_credential_and_calls_no_search(api: Api, aws: AwsServer) -> None:
    calls = aws.connect.quota.requests
    assert get(api.as_client(None)).status == 401
    assert api.send("HEAD", "/v1/me").status == 200
    assert api.send("POST", "/v1/me").headers["allow"] == "GET, HEAD, OPTIONS"
    assert api.send("GET", "/v1/me", headers={"accept": "text/html"}).status == 406
    assert aws.connect.quota.requests == calls
