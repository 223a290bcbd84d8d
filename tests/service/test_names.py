"""Test names instead of ids: filters, expansion, lists, and what a limited client can learn."""

import itertools
import threading
import time as real_time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from contact_search.amazon_connect import directory as directory_module
from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.directory import Directory
from contact_search.search.grants import Grant
from contact_search.storage.transient_table import TransientTable
from operations import registry
from operations.deployed import on_this_machine
from sandbox.aws_server import REGION, AwsServer
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.clock import TODAY
from tests.conftest import INSTANCE_ID, Answer, Api, Gateway

# This window has only the contacts of these tests.
DAY = TODAY - timedelta(days=400)
WINDOW = {"from": f"{DAY}", "to": f"{DAY}"}
QUEUES = {"q-billing": "Refunds, EU", "q-sales": "Upsell", "q-sales-2": "UPSELL", "q-other": "Zurich", "q-own": "Own"}
AGENTS = {"a-1": "jane.doe", "a-2": "john.roe", "a-3": "zoe.poe"}


class Clock:
    """Add seconds to the real time."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def time(self) -> float:
        return real_time.time() + self.ahead

    def monotonic(self) -> float:
        return real_time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        real_time.sleep(min(seconds, 0.01))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(directory_module, "time", clock)
    return clock


@pytest.fixture(scope="module")
def records(aws: AwsServer) -> Iterator[None]:
    """Store contacts with queues and agents, two of which are not in the directory."""
    pairs = itertools.zip_longest([*QUEUES, "q-gone", None], [*AGENTS, "a-gone"])
    for number, (queue, agent) in enumerate(pairs):
        record: dict[str, Any] = {
            "ContactId": f"names-{number}",
            "InstanceARN": INSTANCE_ARN,
            "Channel": "VOICE",
            "InitiationMethod": "INBOUND",
            "InitiationTimestamp": f"{DAY}T0{number}:00:00Z",
        }
        if queue:
            record["Queue"] = {"ARN": f"{INSTANCE_ARN}/queue/{queue}", "EnqueueTimestamp": f"{DAY}T0{number}:01:00Z"}
        if agent:
            record["Agent"] = {
                "ARN": f"{INSTANCE_ARN}/agent/{agent}",
                "ConnectedToAgentTimestamp": f"{DAY}T0{number}:02:00Z",
            }
        aws.connect.contacts.put([parse_contact_record(record)])
    for queue_id, name in QUEUES.items():
        aws.connect.directory.add_queue(queue_id, name)
    for agent_id, name in AGENTS.items():
        aws.connect.directory.add_user(agent_id, name)
    aws.connect.directory.delete_queue("q-gone")
    aws.connect.directory.delete_user("a-gone")
    yield
    for number in range(len(QUEUES) + 2):
        aws.connect.contacts.query("DELETE FROM contacts WHERE id = ?", [f"names-{number}"])


@pytest.fixture
def environment(
    gateway: Gateway,  # noqa: ARG001 - reads the settings
    records: None,  # noqa: ARG001 - what there is to read
    clock: Clock,  # noqa: ARG001 - sets the time
    table: TransientTable,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], None]:
    """Become an environment that knows no names. Those that start later share the names of earlier ones."""
    import search_handler  # noqa: PLC0415 - reads its settings when it is imported

    def start() -> None:
        directory = Directory(search_handler.connect_instance, table)
        monkeypatch.setattr(search_handler, "services", replace(search_handler.services, directory=directory))

    start()
    return start


@pytest.fixture
def names_api(api: Api, environment: Callable[[], None]) -> Api:  # noqa: ARG001 - the environment that answers
    return api


@pytest.fixture
def client(aws: AwsServer, names_api: Api, request: pytest.FixtureRequest) -> Callable[..., Api]:
    """Make a client with this grant."""

    def make(**grant: Any) -> Api:
        name = f"{request.node.name}-{real_time.time_ns()}"[-100:]
        registry.add(on_this_machine(aws.url, REGION), name, "internal", Grant(**grant), f"key-of-{name}")
        return names_api.as_client(f"key-of-{name}")

    return make


def reads(aws: AwsServer) -> int:
    return aws.connect.quotas["ListUsers"].requests


def ids(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.text
    return {contact["queue_info"]["id"] for contact in answer.json["contacts"]}


def list_all(api: Api, plural: str, **parameters: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.send("GET", f"/v1/{plural}", urlencode({**parameters, **cursor}))
        assert answer.status == 200, answer.text
        found += answer.json[plural]
        if answer.json["next_cursor"] is None:
            assert "link" not in answer.headers
            return found
        assert answer.headers["link"].endswith('>; rel="next"')
        cursor = {"cursor": answer.json["next_cursor"]}


# Filters


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ({"queue": "Refunds, EU"}, {"q-billing"}),
        ({"queue": "REFUNDS, eu"}, {"q-billing"}),
        ({"queue": "upsell"}, {"q-sales", "q-sales-2"}),
        ({"queue": ["zurich", "Refunds, EU"]}, {"q-billing", "q-other"}),
        ({"queue": "zurich", "queue_id": "q-billing"}, {"q-billing", "q-other"}),
        ({"agent": "Jane.Doe"}, {"q-billing"}),
        ({"agent": ["jane.doe", "john.roe"]}, {"q-billing", "q-sales"}),
        ({"agent": "jane.doe", "agent_id": "a-2"}, {"q-billing", "q-sales"}),
        ({"agent": "jane.doe", "queue": "zurich"}, set()),
    ],
    ids=["comma", "case", "shared", "repeated", "or_id", "agent", "agents", "or_agent_id", "and"],
)
def test_names_stand_for_ids(names_api: Api, sent: dict[str, Any], found: set[str]) -> None:
    assert ids(names_api.get(**WINDOW, **sent)) == found


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        ({"queue": "Refunds"}, "is not the name of a queue; did you mean `Refunds, EU`?"),
        ({"queue": "Refunds, EU,Zurich"}, "is not the name of a queue; did you mean `Refunds, EU`?"),
        ({"queue": "xyxyxyxy"}, "is not the name of a queue"),
        ({"agent": "jane.do"}, "is not the username of an agent; did you mean `jane.doe`?"),
        ({"agent": "a-1"}, "is not the username of an agent"),
    ],
    ids=["part", "comma_list", "unlike_any", "agent", "id"],
)
def test_an_unknown_name_is_a_fault_with_the_nearest_name(names_api: Api, sent: dict[str, str], detail: str) -> None:
    answer = names_api.get(**WINDOW, **sent)
    assert (answer.status, answer.json["type"]) == (422, "/problems/validation")
    assert answer.json["errors"] == [{"parameter": next(iter(sent)), "code": "unknown_name", "detail": detail}]


def test_every_unknown_name_is_a_fault(names_api: Api) -> None:
    answer = names_api.get(**WINDOW, queue=["qqqq", "zurich"], agent=["wwww", "vvvv"])
    assert [fault["parameter"] for fault in answer.json["errors"]] == ["queue", "agent", "agent"]


def test_an_empty_or_overlong_name_is_a_fault(names_api: Api) -> None:
    assert names_api.get(**WINDOW, queue="").faults == {("queue", "empty")}
    assert names_api.get(**WINDOW, agent="x" * 200).faults == {("agent", "too_long")}
    assert names_api.get(**WINDOW, expand="queues").faults == {("expand", "unknown_value")}


def test_names_and_ids_together_are_at_most_100(names_api: Api) -> None:
    other_ids = ",".join(f"q-{number}" for number in range(99))
    assert names_api.get(**WINDOW, queue="zurich", queue_id=other_ids).status == 200
    assert names_api.get(**WINDOW, queue="upsell", queue_id=other_ids).faults == {("queue", "too_many")}


def test_a_cursor_is_good_for_the_same_ids(names_api: Api) -> None:
    cursor = names_api.get(**WINDOW, queue="upsell", limit=1).json["next_cursor"]
    again = names_api.get(**WINDOW, queue="Upsell", limit=1, expand="queue", cursor=cursor)
    assert [contact["queue_info"]["name"] for contact in again.json["contacts"]] == ["Upsell"]
    same = names_api.get(**WINDOW, queue_id="q-sales,q-sales-2", limit=1, cursor=cursor)
    assert same.status == 200
    other = names_api.get(**WINDOW, queue="zurich", limit=1, cursor=cursor)
    assert other.json["type"] == "/problems/invalid-cursor"


def test_a_search_by_name_costs_no_call_while_the_directory_is_fresh(
    names_api: Api, environment: Callable[[], None], aws: AwsServer, clock: Clock
) -> None:
    names_api.get(**WINDOW, queue="upsell")
    before = reads(aws)
    for _ in range(2):
        names_api.get(**WINDOW, queue="upsell", agent="jane.doe", expand="queue,agent")
        environment()  # another environment shares what the first has read
    clock.ahead += 3500
    names_api.get(**WINDOW, queue="upsell")
    assert reads(aws) == before


# Expansion


def test_expand_adds_names_to_contacts(names_api: Api) -> None:
    answer = names_api.get(**WINDOW, expand="queue,agent", sort="initiation_timestamp")
    contacts = answer.json["contacts"]
    assert [contact.get("queue_info", {}).get("name") for contact in contacts] == [*QUEUES.values(), None, None]
    usernames = [contact.get("agent_info", {}).get("username") for contact in contacts]
    assert usernames == [*AGENTS.values(), None, None, None, None]
    assert contacts[0]["queue_info"].keys() == {"id", "name", "enqueue_timestamp"}
    assert contacts[5]["queue_info"].keys() == {"id", "enqueue_timestamp"}  # it no longer exists, and has no name
    assert "expanded" not in answer.json


def test_only_what_is_asked_for_is_expanded(names_api: Api) -> None:
    for sent, has_name, has_username in (({}, False, False), ({"expand": "queue"}, True, False)):
        first = names_api.get(**WINDOW, **sent, sort="initiation_timestamp").json["contacts"][0]
        assert ("name" in first["queue_info"], "username" in first["agent_info"]) == (has_name, has_username)
    [first, *_] = names_api.get(**WINDOW, fields="channel", expand="queue,agent").json["contacts"]
    assert first.keys() == {"id", "channel"}


def test_a_post_expands_too(names_api: Api) -> None:
    time_range = {"type": "INITIATION_TIMESTAMP", "start_time": f"{DAY}", "end_time": f"{DAY}"}
    body = {"time_range": time_range, "search_criteria": {"agent_ids": ["a-1"]}, "expand": ["queue", "agent"]}
    [contact] = names_api.post(body).json["contacts"]
    assert (contact["queue_info"]["name"], contact["agent_info"]["username"]) == ("Refunds, EU", "jane.doe")
    assert names_api.post(body | {"expand": ["queues"]}).faults == {("/expand/0", "unknown_value")}


def test_the_etag_covers_names(names_api: Api, aws: AwsServer, clock: Clock) -> None:
    sent = {**WINDOW, "queue_id": "q-other", "expand": "queue"}
    etag = names_api.get(**sent).headers["etag"]
    assert names_api.get({"if-none-match": etag}, **sent).status == 304
    assert names_api.get(**{**sent, "expand": "agent"}).headers["etag"] != etag
    aws.connect.directory.rename_queue("q-other", "Genf")
    try:
        clock.ahead += 61
        assert names_api.get(**WINDOW, queue="genf").status == 200  # makes the service read the directory again
        renamed = names_api.get({"if-none-match": etag}, **sent)
        assert (renamed.status, renamed.json["contacts"][0]["queue_info"]["name"]) == (200, "Genf")
    finally:
        aws.connect.directory.rename_queue("q-other", "Zurich")


# The directory


def test_an_unknown_name_or_id_has_the_directory_read_again_once_a_minute_at_most(
    names_api: Api, aws: AwsServer, clock: Clock
) -> None:
    assert names_api.get(**WINDOW, queue="latecomer").status == 422
    before = reads(aws)
    aws.connect.directory.add_queue("q-late", "Latecomer")
    aws.connect.directory.add_user("a-gone", "late.agent")
    try:
        assert names_api.get(**WINDOW, queue="latecomer").status == 422
        assert reads(aws) == before
        clock.ahead += 61
        assert names_api.get(**WINDOW, queue="latecomer").status == 200
        assert reads(aws) == before + 1
        [contact] = names_api.get(**WINDOW, agent_id="a-gone", expand="agent").json["contacts"]
        assert contact["agent_info"]["username"] == "late.agent"
        clock.ahead += 61
        for _ in range(3):
            assert names_api.get(**WINDOW, queue="nobody-has-this").status == 422
        assert reads(aws) == before + 2
    finally:
        aws.connect.directory.delete_queue("q-late")
        aws.connect.directory.delete_user("a-gone")


def test_an_unknown_id_has_the_directory_read_again(names_api: Api, aws: AwsServer, clock: Clock) -> None:
    sent = {**WINDOW, "queue_id": "q-gone", "expand": "queue"}
    names_api.send("GET", "/v1/queues")
    clock.ahead += 61
    before = reads(aws)
    aws.connect.directory.add_queue("q-gone", "Back again")
    try:
        [contact] = names_api.get(**sent).json["contacts"]
        assert contact["queue_info"]["name"] == "Back again"
        assert reads(aws) == before + 1
    finally:
        aws.connect.directory.delete_queue("q-gone")


def test_ids_that_are_gone_do_not_have_it_read_again_and_again(names_api: Api, aws: AwsServer, clock: Clock) -> None:
    sent = {**WINDOW, "queue_id": "q-gone", "expand": "queue"}
    names_api.get(**sent)
    before = reads(aws)
    for _ in range(3):
        clock.ahead += 61
        [contact] = names_api.get(**sent).json["contacts"]
        assert "name" not in contact["queue_info"]
    assert reads(aws) == before


def test_an_old_directory_is_better_than_none(
    names_api: Api, aws: AwsServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names_api.send("GET", "/v1/queues")
    monkeypatch.setattr(aws.connect.behaviour, "list_queues_quota", 1e-9)
    exhaust(aws)
    clock.ahead += 2 * 24 * 3600
    assert ids(names_api.get(**WINDOW, queue="upsell")) == {"q-sales", "q-sales-2"}
    assert names_api.get(**WINDOW, queue="unknown-name").status == 422


def test_without_a_directory_expand_is_left_undone_and_the_rest_is_unavailable(
    names_api: Api, aws: AwsServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.connect.behaviour, "list_queues_quota", 1e-9)
    exhaust(aws)
    page = names_api.get(**WINDOW, expand="queue,agent")
    assert (page.status, page.json["expanded"]) == (200, False)
    assert "name" not in page.json["contacts"][0].get("queue_info", {})
    time_range = {"type": "INITIATION_TIMESTAMP", "start_time": f"{DAY}", "end_time": f"{DAY}"}
    assert names_api.post({"time_range": time_range, "expand": ["agent"]}).json["expanded"] is False
    for answer in (
        names_api.get(**WINDOW, queue="upsell"),
        names_api.get(**WINDOW, agent="jane.doe"),
        names_api.send("GET", "/v1/queues"),
        names_api.send("GET", "/v1/agents"),
    ):
        assert (answer.status, answer.json["type"]) == (503, "/problems/upstream-unavailable")
        assert answer.headers["retry-after"] == "10"
    assert names_api.get(**WINDOW, queue_id="q-sales").status == 200
    monkeypatch.undo()
    monkeypatch.setattr(directory_module, "time", clock)
    clock.ahead += 11
    assert "expanded" not in names_api.get(**WINDOW, expand="queue").json


def exhaust(aws: AwsServer) -> None:
    for _ in range(6):
        aws.connect.quotas["ListQueues"].allows(1e-9)


def test_names_take_nothing_of_the_quota_of_searches(names_api: Api, aws: AwsServer) -> None:
    before = aws.connect.quota.requests
    assert names_api.send("GET", "/v1/queues").status == names_api.send("GET", "/v1/agents").status == 200
    assert names_api.get(**WINDOW, queue="unknown-name").status == 422
    assert aws.connect.quota.requests == before
    assert ids(names_api.get(**WINDOW, queue="upsell", expand="queue,agent")) == {"q-sales", "q-sales-2"}
    assert aws.connect.quota.requests == before + 1


def test_a_directory_of_an_hour_ago_is_read_anew_beside_a_request_that_uses_the_old_one(
    names_api: Api, aws: AwsServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names_api.send("GET", "/v1/queues")
    before = reads(aws)
    clock.ahead += 3601
    may_read = threading.Event()
    read = ConnectClient.queue_names

    def read_later(client: ConnectClient) -> Iterator[dict[str, str]]:
        may_read.wait(60)
        yield from read(client)

    monkeypatch.setattr(ConnectClient, "queue_names", read_later)
    for _ in range(2):
        assert ids(names_api.get(**WINDOW, queue="upsell")) == {"q-sales", "q-sales-2"}
    assert reads(aws) == before
    may_read.set()
    wait_until(lambda: reads(aws) == before + 1)
    assert names_api.get(**WINDOW, queue="upsell").status == 200
    assert reads(aws) == before + 1


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = real_time.monotonic() + 60
    while not condition():
        assert real_time.monotonic() < deadline
        real_time.sleep(0.01)


# Lists


def test_lists_are_in_the_order_of_names(names_api: Api) -> None:
    queues = list_all(names_api, "queues")
    assert [queue["name"].casefold() for queue in queues] == sorted(queue["name"].casefold() for queue in queues)
    assert {queue["id"]: queue["name"] for queue in queues}.items() >= QUEUES.items()
    assert all(queue.keys() == {"id", "name"} for queue in queues)
    agents = list_all(names_api, "agents")
    assert [agent["username"].casefold() for agent in agents] == sorted(
        agent["username"].casefold() for agent in agents
    )
    assert {agent["id"]: agent["username"] for agent in agents}.items() >= AGENTS.items()
    assert all(agent.keys() == {"id", "username"} for agent in agents)


def test_only_standard_queues_are_listed(names_api: Api, connect: Any) -> None:
    of_agents = connect.list_queues(InstanceId=INSTANCE_ID, QueueTypes=["AGENT"])["QueueSummaryList"]
    assert of_agents
    assert {queue["Id"] for queue in of_agents}.isdisjoint(queue["id"] for queue in list_all(names_api, "queues"))


def test_a_page_of_a_list_has_100_names_unless_more_are_asked_for(names_api: Api, aws: AwsServer) -> None:
    added = [f"q-many-{number}" for number in range(120)]
    for queue_id in added:
        aws.connect.directory.add_queue(queue_id, f"Many of them {queue_id}")
    try:
        page = names_api.send("GET", "/v1/queues", "name=many+OF+them").json
        assert len(page["queues"]) == 100
        assert page["next_cursor"]
        page = names_api.send("GET", "/v1/queues", "name=many+OF+them&limit=1000").json
        assert {queue["id"] for queue in page["queues"]} == set(added)
        assert page["next_cursor"] is None
        assert len(list_all(names_api, "queues", name="many of them")) == 120
    finally:
        for queue_id in added:
            aws.connect.directory.delete_queue(queue_id)


def test_lists_have_pages_and_a_filter(names_api: Api) -> None:
    assert list_all(names_api, "queues", limit=2) == list_all(names_api, "queues", limit=1000)
    assert [queue["id"] for queue in list_all(names_api, "queues", name="PSEL", limit=1)] == ["q-sales", "q-sales-2"]
    assert [agent["id"] for agent in list_all(names_api, "agents", name=".poe")] == ["a-3"]
    assert list_all(names_api, "agents", name="nobody-has-this") == []


def test_a_list_is_private_and_answers_head(names_api: Api) -> None:
    answer = names_api.send("GET", "/v1/queues")
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert "Authorization" in answer.headers["vary"]
    assert names_api.send("HEAD", "/v1/agents").status == 200
    assert names_api.send("POST", "/v1/agents").headers["allow"] == "GET, HEAD, OPTIONS"
    assert names_api.as_client(None).send("GET", "/v1/queues").status == 401
    assert names_api.send("GET", "/v1/queues", headers={"accept": "text/html"}).status == 406


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("limit=0", ("limit", "out_of_range")),
        ("limit=1001", ("limit", "out_of_range")),
        ("limit=x", ("limit", "not_an_integer")),
        ("limit=1&limit=2", ("limit", "repeated")),
        ("name=", ("name", "empty")),
        ("nam=x", ("nam", "unknown")),
        (f"name={'x' * 128}", ("name", "too_long")),
    ],
)
def test_a_bad_parameter_of_a_list_is_a_fault(names_api: Api, query: str, fault: tuple[str, str]) -> None:
    answer = names_api.send("GET", "/v1/queues", query)
    assert answer.status == 422
    assert answer.faults == {fault}


def test_a_cursor_is_good_for_its_own_list(names_api: Api, client: Callable[..., Api]) -> None:
    cursor = names_api.send("GET", "/v1/queues", "limit=1").json["next_cursor"]
    other = client()
    for api, path, query in (
        (names_api, "/v1/agents", ""),
        (names_api, "/v1/queues", "name=x&"),
        (other, "/v1/queues", ""),
    ):
        answer = api.send("GET", path, f"{query}cursor={cursor}")
        assert answer.json["type"] == "/problems/invalid-cursor"
    search_cursor = names_api.get(**WINDOW, limit=1).json["next_cursor"]
    assert names_api.send("GET", "/v1/queues", f"cursor={search_cursor}").status == 400
    assert names_api.get(**WINDOW, cursor=cursor).status == 400


# Grants


def test_a_limited_client_sees_and_names_its_own_alone(client: Callable[..., Api]) -> None:
    limited = client(queue_ids=["q-own", "q-sales", "q-gone"], agent_ids=["a-1", "a-2"])
    assert list_all(limited, "queues", limit=1) == [{"id": "q-own", "name": "Own"}, {"id": "q-sales", "name": "Upsell"}]
    assert [agent["username"] for agent in list_all(limited, "agents")] == ["jane.doe", "john.roe"]
    # Another queue has the same name. It is not the client's.
    assert ids(limited.get(**WINDOW, queue="upsell")) == {"q-sales"}


@pytest.mark.parametrize(
    "query",
    [
        {"queue": "Zurich"},
        {"queue": "no-such-queue"},
        {"queue": ["own", "Zurich"]},
        {"queue": ["own", "no-such-queue"]},
        {"queue": "Zurich", "queue_id": "q-own"},
        {"queue": "q-other"},
        {"queue": "Zuric"},
    ],
    ids=["other", "unknown", "own_and_other", "own_and_unknown", "with_id", "id", "similar"],
)
def test_a_limited_client_does_not_learn_whether_a_name_exists(
    client: Callable[..., Api], aws: AwsServer, clock: Clock, query: dict[str, Any]
) -> None:
    limited = client(queue_ids=["q-own"])
    assert limited.get(**WINDOW, queue="own").status == 200
    before, clock.ahead = reads(aws), clock.ahead + 61
    answer = limited.get(**WINDOW, **query)
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
    fault = {"parameter": "queue", "code": "forbidden", "detail": "asks for more than this client is granted"}
    assert answer.json["errors"] == [fault]
    assert answer.json["detail"] == "This client is not granted everything that is asked for in queue."
    assert reads(aws) == before  # an unknown name would take longer otherwise


def test_the_same_holds_for_agents(client: Callable[..., Api]) -> None:
    limited = client(agent_ids=["a-1"])
    for name in ("zoe.poe", "nobody", "jane.do"):
        answer = limited.get(**WINDOW, agent=name)
        assert (answer.status, [fault["parameter"] for fault in answer.json["errors"]]) == (403, ["agent"])
    assert limited.get(**WINDOW, agent="JANE.DOE").status == 200
    assert limited.get(**WINDOW, queue="no-such-queue").status == 422  # its queues are not limited


@pytest.mark.parametrize(("field", "listed"), [("queue_info", "queues"), ("agent_info", "agents")])
def test_each_list_needs_its_own_field(client: Callable[..., Api], field: str, listed: str) -> None:
    limited = client(fields=frozenset({field, "initiation_timestamp"}))
    for plural in ("queues", "agents"):
        answer = limited.send("GET", f"/v1/{plural}")
        assert answer.status == (200 if plural == listed else 403)
    [contact, *_] = limited.get(**WINDOW, expand="queue,agent", sort="initiation_timestamp").json["contacts"]
    assert contact.keys() == {"id", field, "initiation_timestamp"}
    assert {"name", "username"} & contact[field].keys()


def test_a_limited_client_gets_the_names_of_its_own_contacts(client: Callable[..., Api]) -> None:
    limited = client(queue_ids=["q-sales"], agent_ids=["a-2"])
    [contact] = limited.get(**WINDOW, expand="queue,agent").json["contacts"]
    assert (contact["queue_info"]["name"], contact["agent_info"]["username"]) == ("Upsell", "john.roe")


def test_without_the_field_there_are_no_names(client: Callable[..., Api], aws: AwsServer) -> None:
    limited = client(fields=frozenset({"channel", "initiation_timestamp"}))
    before = reads(aws)
    for plural in ("queues", "agents"):
        answer = limited.send("GET", f"/v1/{plural}")
        assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
    for name in ("Zurich", "no-such-queue"):
        answer = limited.get(**WINDOW, queue=name)
        assert (answer.status, [fault["parameter"] for fault in answer.json["errors"]]) == (403, ["queue"])
    [first, *_] = limited.get(**WINDOW, expand="queue,agent").json["contacts"]
    assert first.keys() == {"id", "channel", "initiation_timestamp"}
    assert reads(aws) == before
