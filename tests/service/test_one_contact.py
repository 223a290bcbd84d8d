"""Test single contacts: all members that Connect returns, quota and cache, and who sees what."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import boto3
import pytest
from botocore.config import Config
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contact_search import aws_clients
from contact_search.amazon_connect import directory as directory_module
from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.contact_reader import KEPT, QUOTA, ContactReader
from contact_search.amazon_connect.directory import DirectoryUnavailableError
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.amazon_connect.result_cache import ResultCache
from contact_search.search.grants import Grant
from contact_search.storage.transient_table import TransientTable
from operations import registry
from operations.deployed import Deployed
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.aws_server import AwsServer
from sandbox.clients import partner_grant
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.clock import NOW, REAL_TIME, TODAY, Clock
from tests.conftest import INSTANCE_ID, Answer, Api, SampleContact
from tests.profiles import examples
from tests.service_model import SEARCH_CONTACTS, snake_case
from tests.upstream import upstream

CONTACT = SEARCH_CONTACTS.service_model.shape_for("Contact")
FIRST, TRANSFERRED, OLD = "one-first", "one-transferred", "one-old"
NUMBER = "+441632960001"
_NUMBERS = itertools.count()  # makes names of clients unique


@pytest.fixture(scope="module", autouse=True)
def records(aws: AwsServer) -> Iterator[None]:
    """Store a conversation of two contacts, and a contact of a year ago."""
    begun = NOW - timedelta(days=40)
    record: dict[str, Any] = {
        "InstanceARN": INSTANCE_ARN,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": begun.isoformat(),
        "Queue": {"ARN": f"{INSTANCE_ARN}/queue/one-queue", "Name": "Complaints"},
        "Agent": {
            "ARN": f"{INSTANCE_ARN}/agent/one-agent",
            "Username": "one.agent",
            "ConnectedToAgentTimestamp": (begun + timedelta(minutes=1)).isoformat(),
            "AfterContactWorkDuration": 30,
            "HierarchyGroups": {
                f"Level{level}": {"ARN": f"{INSTANCE_ARN}/agent-group/one-group-{level}"} for level in (1, 2)
            },
        },
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": NUMBER},
        "DisconnectReason": "CUSTOMER_DISCONNECT",
        "Recordings": [{"Location": "bucket/connect/recording.wav", "StorageType": "S3"}],
        "Name": "Follow-up",
    }
    links = {"InitialContactId": FIRST, "PreviousContactId": FIRST}
    of_first, of_transferred = {"tier": "gold", "account": "first"}, {"tier": "silver", "account": "transferred"}
    written = [
        record | {"ContactId": FIRST, "Attributes": of_first},
        record | {"ContactId": TRANSFERRED, "Attributes": of_transferred} | links,
        record | {"ContactId": OLD, "InitiationTimestamp": (NOW - timedelta(days=365)).isoformat()},
    ]
    aws.connect.contacts.put(map(parse_contact_record, written))
    yield
    for one in written:
        aws.connect.contacts.query("DELETE FROM contacts WHERE id = ?", [one["ContactId"]])


@pytest.fixture
def client(stack: Deployed, api: Api) -> Callable[..., Api]:
    """Make a client with this grant."""

    def make(**grant: Any) -> Api:
        name = f"one-contact-{next(_NUMBERS)}"
        registry.add(stack, name, "internal", Grant(**grant), f"key-of-{name}")
        return api.as_client(f"key-of-{name}")

    return make


@pytest.fixture
def partner(client: Callable[..., Api], queues: list[str]) -> Api:
    """Add a client with the partner's grant, which its usage plan does not throttle."""
    return client(**dict(partner_grant(queues)))


def get(api: Api, contact_id: str, headers: dict[str, str] | None = None, /, **parameters: Any) -> Answer:
    """Send GET /v1/contacts/{id}."""
    path = f"/v1/contacts/{quote(contact_id, safe='')}"
    return api.send("GET", path, urlencode(parameters, doseq=True), headers)


@dataclass
class Service:
    """Hold the API with a cache and a limiter of single contacts, and count its calls."""

    api: Api
    aws: AwsServer
    table: TransientTable
    monkeypatch: pytest.MonkeyPatch

    def use(self, rate: float = 1000, burst: int = 1000, url: str | None = None) -> None:
        """Become an environment with this quota, and perhaps with another Amazon Connect."""
        import search_handler  # noqa: PLC0415 - reads its settings when it is imported

        if url:
            self.monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", url)
        limiter = RateLimiter(self.table, rate, burst, 5, REAL_TIME, name=QUOTA)
        client = ConnectClient(INSTANCE_ID, aws_clients.connect_client())
        contacts = ContactReader(client, limiter, ResultCache(self.table, KEPT))
        services = replace(search_handler.services, contacts=contacts, contact_limiter=limiter)
        self.monkeypatch.setattr(search_handler, "services", services)

    def calls(self, operation: str) -> int:
        return self.aws.connect.quotas[operation].requests

    @property
    def described(self) -> int:
        return self.calls("DescribeContact")


@pytest.fixture
def service(
    api: Api,
    aws: AwsServer,
    table: TransientTable,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    service = Service(api, aws, table, monkeypatch)
    service.use()
    yield service
    aws.connect.behaviour = Behaviour()


# Members


def value_of(shape: Shape, seen: tuple[str, ...] = ()) -> Any:
    """Build a value of a shape with all members. A recursive shape appears once within itself."""
    match shape.type_name:
        case "structure":
            return {
                name: value_of(member, (*seen, shape.name))
                for name, member in shape.members.items()
                if seen.count(_innermost(member).name) < 1
            }
        case "list":
            return [value_of(shape.member, seen)]
        case "map":
            return {"Some Key": value_of(shape.value, seen)}
        case "timestamp":
            return 1_795_165_200.25
        case "boolean":
            return False
        case "integer" | "long":
            return 3
        case "float" | "double":
            return 2.5
    return f"a {shape.name}"


def _innermost(shape: Shape) -> Shape:
    if shape.type_name == "list":
        return _innermost(shape.member)
    return _innermost(shape.value) if shape.type_name == "map" else shape


def as_we_spell_it(value: Any, shape: Shape) -> Any:
    """Convert names to snake_case, except the keys of maps, which are data."""
    match shape.type_name:
        case "structure":
            return {snake_case(name): as_we_spell_it(member, shape.members[name]) for name, member in value.items()}
        case "list":
            return [as_we_spell_it(element, shape.member) for element in value]
        case "map":
            return {key: as_we_spell_it(element, shape.value) for key, element in value.items()}
        case "timestamp":
            return "2026-11-20T09:00:00.250Z"
    return value


def test_every_member_of_the_service_model_is_there_and_nothing_else(service: Service) -> None:
    contact = value_of(CONTACT)
    assert contact.keys() == CONTACT.members.keys()
    attributes = contact["Attributes"]
    with upstream(200, json.dumps({"Contact": contact, "Attributes": attributes, "Mood": 1})) as url:
        service.use(url=url)
        answer = get(service.api, "c", expand="attributes")
    assert answer.json == as_we_spell_it(contact, CONTACT)


def test_a_contact_is_what_boto3_gives(api: Api, connect: Any, contacts: list[SampleContact]) -> None:
    compared = 0
    for one in contacts[:40]:
        contact_id = one.summary["Id"]
        described = connect.describe_contact(InstanceId=INSTANCE_ID, ContactId=contact_id)["Contact"]
        attributes = connect.get_contact_attributes(
            InstanceId=INSTANCE_ID, InitialContactId=described.get("InitialContactId", contact_id)
        )
        answer = get(api, contact_id, expand="attributes").json
        assert set(answer) == {snake_case(name) for name in described} | {"attributes"}
        assert answer["attributes"] == attributes["Attributes"]
        initiated = described["InitiationTimestamp"].astimezone(UTC)  # boto3 has the time zone of this machine
        assert answer["initiation_timestamp"][:19] == f"{initiated:%Y-%m-%dT%H:%M:%S}"
        compared += 1
    assert compared == 40


def test_a_contact_has_all_that_a_search_returns_of_it(api: Api) -> None:
    for found in api.get(last="P30D", limit=50, expand="queue,agent").json["contacts"]:
        described = get(api, found["id"], expand="queue,agent").json
        found.pop("ai_agent_info", None)  # DescribeContact has it in wisdom_info
        for member in ("queue_info", "agent_info"):
            assert found.pop(member, {}).items() <= described.get(member, {}).items()
        assert found.items() <= described.items()


def test_what_a_search_does_not_return(api: Api) -> None:
    contact = get(api, FIRST).json
    assert contact["customer_endpoint"] == {"type": "TELEPHONE_NUMBER", "address": NUMBER}
    assert contact["disconnect_reason"] == "CUSTOMER_DISCONNECT"
    assert contact["recordings"][0]["location"] == "bucket/connect/recording.wav"
    assert contact["agent_info"]["after_contact_work_duration"] == 30
    assert contact["agent_info"]["hierarchy_groups"]["level2"]["arn"].endswith("/agent-group/one-group-2")


def test_attributes_are_those_of_the_first_contact_and_only_there_if_asked_for(api: Api, aws: AwsServer) -> None:
    calls = aws.connect.quotas["GetContactAttributes"].requests
    for contact_id in (FIRST, TRANSFERRED):
        assert "attributes" not in get(api, contact_id).json  # though Connect includes them
        assert "attributes" not in get(api, contact_id, fields="attributes,channel").json
    assert aws.connect.quotas["GetContactAttributes"].requests == calls
    for contact_id in (FIRST, TRANSFERRED):
        assert get(api, contact_id, expand="Attributes").json["attributes"] == {"tier": "gold", "account": "first"}


def test_a_conversation_whose_first_contact_is_gone_has_no_attributes(api: Api, aws: AwsServer) -> None:
    later = {
        "InstanceARN": INSTANCE_ARN,
        "ContactId": "one-orphan",
        "InitialContactId": "one-gone",
        "InitiationTimestamp": NOW.isoformat(),
    }
    aws.connect.contacts.put([parse_contact_record(later)])
    assert get(api, "one-orphan", expand="attributes").json["attributes"] == {}
    aws.connect.contacts.query("DELETE FROM contacts WHERE id = ?", ["one-orphan"])


@pytest.mark.usefixtures("new_directory")
def test_names_are_added_as_in_a_search(api: Api) -> None:
    plain, named = get(api, FIRST).json, get(api, FIRST, expand="queue,agent").json
    assert "name" not in plain["queue_info"]
    assert (named["queue_info"]["name"], named["agent_info"]["username"]) == ("Complaints", "one.agent")
    plain["queue_info"]["name"], plain["agent_info"]["username"] = "Complaints", "one.agent"
    assert named == plain
    assert "username" not in get(api, FIRST, expand="queue").json["agent_info"]
    assert get(api, FIRST, expand="queue", fields="channel").json == {"id": FIRST, "channel": "VOICE"}


def test_without_names_the_contact_says_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise DirectoryUnavailableError

    monkeypatch.setattr(directory_module.Directory, "snapshot_with", fail)
    answer = get(api, FIRST, expand="agent", fields="agent_info,channel")
    assert (answer.status, answer.json["expanded"]) == (200, False)
    assert "username" not in answer.json["agent_info"]
    assert "expanded" not in get(api, FIRST).json


def test_fields_are_those_asked_for(api: Api) -> None:
    answer = get(api, FIRST, fields="channel, customer_endpoint,case", expand="queue")
    assert answer.faults == {("fields", "unknown_value")}
    assert get(api, FIRST, fields=["channel,cases", "disconnect_reason"]).json == {
        "id": FIRST,
        "channel": "VOICE",
        "disconnect_reason": "CUSTOMER_DISCONNECT",
    }


@pytest.mark.parametrize(
    ("parameters", "faults"),
    [
        ({"fields": "channel,"}, {("fields", "empty")}),
        ({"expand": "names"}, {("expand", "unknown_value")}),
        ({"field": "channel", "expand": ""}, {("field", "unknown"), ("expand", "empty")}),
        ({"fields": "expanded"}, {("fields", "unknown_value")}),
        ({"last": "P1D"}, {("last", "unknown")}),
    ],
)
def test_every_fault_is_named(api: Api, parameters: dict[str, str], faults: set[tuple[str, str]]) -> None:
    answer = get(api, FIRST, **parameters)
    assert (answer.status, answer.faults) == (422, faults)


# Quota and cache


def test_a_page_and_all_its_contacts_cost_one_search(service: Service) -> None:
    searches, described = service.calls("SearchContacts"), service.described
    page = service.api.get(last="P60D", limit=20).json["contacts"]
    assert len(page) == 20
    for found in page:
        assert get(service.api, found["id"]).json["id"] == found["id"]
    assert service.calls("SearchContacts") == searches + 1
    assert service.described == described + 20


def test_the_headers_are_about_its_own_quota(service: Service) -> None:
    service.use(rate=10, burst=15)
    answer = get(service.api, FIRST)
    assert answer.headers["ratelimit-policy"] == f'"{QUOTA}";q=10;w=1'
    assert answer.headers["ratelimit"].startswith(
        f'"{QUOTA}";r=1'
    )  # 13 to 15 of 15 are free, depending on the time that has passed


def test_its_limiter_is_its_own(service: Service) -> None:
    service.use(rate=0.01, burst=1)
    assert get(service.api, FIRST).status == 200
    refused = get(service.api, OLD)
    assert (refused.status, refused.json["type"]) == (429, "/problems/throttled")
    assert refused.headers["ratelimit-policy"] == f'"{QUOTA}";q=1;w=100'
    assert int(refused.headers["retry-after"]) > 90
    assert service.api.get(last="P1D").status == 200


def test_a_contact_is_fresh_for_5_seconds(service: Service, still: Clock) -> None:
    described = service.described
    first = get(service.api, FIRST)
    assert first.headers["cache-control"] == "private, max-age=5"
    assert first.headers["cache-status"] == "contact-search; fwd=miss; stored"
    assert first.headers["vary"] == "Authorization, X-Api-Key, Origin, Accept-Encoding"
    again = get(service.api, FIRST, fields="channel", expand="queue")
    assert (again.headers["cache-status"][:20], again.headers["age"]) == ("contact-search; hit;", "0")
    assert service.described == described + 1
    still.advance(timedelta(seconds=5))
    assert get(service.api, FIRST).headers["cache-status"] == "contact-search; fwd=miss; stored"
    assert (
        get(service.api, FIRST, {"cache-control": "no-cache"})
        .headers["cache-status"]
        .startswith("contact-search; fwd=request")
    )
    assert service.described == described + 3


def test_attributes_are_shared_as_well_and_the_oldest_part_tells_the_age(service: Service, still: Clock) -> None:
    calls = service.calls("GetContactAttributes")
    get(service.api, FIRST, expand="attributes")
    still.advance(timedelta(seconds=3))
    answer = get(service.api, TRANSFERRED, expand="attributes")
    assert answer.headers["age"] == "3"
    assert service.calls("GetContactAttributes") == calls + 1


def test_that_a_contact_is_missing_is_cached_as_well(service: Service) -> None:
    described = service.described
    assert [get(service.api, "one-missing").status for _ in range(3)] == [404] * 3
    assert service.described == described + 1


def test_caches_forget_a_contact_within_a_minute(service: Service, still: Clock) -> None:
    get(service.api, FIRST)
    with upstream(500, "{}", "InternalServiceException") as url:
        service.use(url=url)
        still.advance(timedelta(seconds=50))
        stale = get(service.api, FIRST)
        assert (stale.status, stale.headers["age"]) == (200, "50")
        assert stale.headers["cache-status"] == "contact-search; fwd=stale; detail=stale-if-error"
        still.advance(timedelta(seconds=11))
        assert get(service.api, FIRST).status == 502


def test_a_contact_waits_for_its_turn_in_the_quota(service: Service) -> None:
    service.use(rate=5, burst=1)
    statuses = [get(service.api, contact_id).status for contact_id in (FIRST, TRANSFERRED, OLD)]
    assert statuses == [200] * 3


def test_without_the_table_contacts_are_answered(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.table, "circuit_open_until", float("inf"))
    answer = get(service.api, FIRST)
    assert answer.headers["cache-status"] == "contact-search; fwd=bypass; detail=storage-unavailable"
    assert answer.headers["cache-control"] == "private, max-age=0"


# Who sees it

INSIDE: list[dict[str, Any]] = [
    {"queue_ids": ["other", "one-queue"]},
    {"agent_ids": ["one-agent"]},
    {"agent_hierarchy_groups": {"L1Ids": ["one-group-1"]}},
    {"agent_hierarchy_groups": {"L2Ids": ["x", "one-group-2"]}},
    {"channels": ["CHAT", "VOICE"]},
    {"lookback": timedelta(days=41)},
]
OUTSIDE: list[dict[str, Any]] = [
    {"queue_ids": ["other"]},
    {"agent_ids": ["other"]},
    {"agent_hierarchy_groups": {"L1Ids": ["one-group-2"]}},
    {"agent_hierarchy_groups": {"L3Ids": ["one-group-1"]}},
    {"channels": ["CHAT"]},
    {"lookback": timedelta(days=39)},
    {"queue_ids": ["one-queue"], "channels": ["CHAT"]},
]


@pytest.mark.parametrize("grant", INSIDE)
def test_a_granted_contact_is_returned(client: Callable[..., Api], grant: dict[str, Any]) -> None:
    assert get(client(**grant), FIRST).status == 200


@pytest.mark.parametrize("grant", OUTSIDE)
def test_a_contact_outside_the_grant_does_not_differ_from_one_that_does_not_exist(
    client: Callable[..., Api], service: Service, grant: dict[str, Any]
) -> None:
    caller = client(**grant)
    for number, parameters in enumerate(({}, {"expand": "queue,agent,attributes", "fields": "agent_info"})):
        seen = []
        for contact_id in ((FIRST, "one-nothing"), (TRANSFERRED, "one-other-nothing"))[number]:
            calls = {name: quota.requests for name, quota in service.aws.connect.quotas.items()}
            answers = [get(caller, contact_id, **parameters) for _ in range(2)]
            cost = {name: quota.requests - calls[name] for name, quota in service.aws.connect.quotas.items()}
            seen.append((answers, {name: calls for name, calls in cost.items() if calls}))
        assert seen[0] == seen[1]
        assert seen[0][0][0].status == 404
    assert seen[0][0][0].json == {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no contact with this id, or it is one that this client may not see.",
        "request_id": "request-1",
    }


def test_a_grant_of_one_contact_is_that_of_a_search(partner: Api, contacts: list[SampleContact]) -> None:
    """Compare the callers who find a contact with those who may get it."""
    own = {one["id"] for one in partner.walk(last="P100D", limit=100)}
    some = {one.summary["Id"] for one in contacts[:60]}
    visible = {contact_id for contact_id in some if get(partner, contact_id).status == 200}
    assert visible == own & some
    assert 0 < len(visible) < len(some)


@pytest.mark.parametrize(
    ("fields", "returned"),
    [
        (["channel"], {"id", "channel"}),
        (["channel", "customer_endpoint"], {"id", "channel", "customer_endpoint"}),
        (["recordings", "attributes"], {"id", "recordings", "attributes"}),
        (["queue_info", "agent_info"], {"id", "queue_info", "agent_info"}),
    ],
)
def test_fields_that_a_search_does_not_have_are_granted_by_name(
    client: Callable[..., Api], fields: list[str], returned: set[str]
) -> None:
    caller = client(fields=frozenset(fields))
    answer = get(caller, FIRST, expand="queue,agent,attributes")
    assert answer.json.keys() == returned
    refused = get(caller, FIRST, fields="disconnect_reason,channel")
    assert (refused.status, refused.json["errors"][0]["parameter"]) == (403, "fields")


@pytest.mark.usefixtures("new_directory")
def test_what_only_one_contact_tells_of_its_agent_is_granted_by_name(client: Callable[..., Api]) -> None:
    seen = get(client(fields=frozenset({"agent_info"})), FIRST, expand="agent").json["agent_info"]
    assert seen.keys() == {"id", "username", "connected_to_agent_timestamp"}
    named = client(fields=frozenset({"agent_info", "agent_info.after_contact_work_duration"}))
    assert get(named, FIRST, fields="agent_info").json["agent_info"].keys() == {
        "id",
        "connected_to_agent_timestamp",
        "after_contact_work_duration",
    }
    alone = client(fields=frozenset({"agent_info.after_contact_work_duration"}))
    assert get(alone, FIRST, expand="agent").json == {"id": FIRST, "agent_info": {"after_contact_work_duration": 30}}


@pytest.mark.parametrize(
    ("grant", "attributes"),
    [
        ({"attribute_keys": frozenset({"tier", "other"})}, {"tier": "gold"}),
        ({"attribute_keys": frozenset()}, {}),
        ({"fields": frozenset({"attributes"}), "attribute_keys": frozenset({"account"})}, {"account": "first"}),
    ],
)
def test_attributes_are_granted_by_key(
    client: Callable[..., Api], grant: dict[str, Any], attributes: dict[str, str]
) -> None:
    assert get(client(**grant), FIRST, expand="attributes").json["attributes"] == attributes


def test_a_search_neither_returns_nor_accepts_the_fields_of_one_contact(client: Callable[..., Api]) -> None:
    caller = client(fields=frozenset({"initiation_timestamp", "customer_endpoint", "agent_info.state_transitions"}))
    assert all(one.keys() == {"id", "initiation_timestamp"} for one in caller.get(last="P30D").json["contacts"])
    assert caller.get(last="P30D", fields="customer_endpoint").faults == {("fields", "unknown_value")}
    window = {"type": "INITIATION_TIMESTAMP", "start_time": f"{TODAY}", "end_time": f"{TODAY}"}
    assert caller.post({"time_range": window, "fields": ["recordings"]}).faults == {("/fields/0", "unknown_value")}


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contact_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_foreign_ids_are_a_404_whatever_they_are(limited: Api, contact_id: str) -> None:
    answer = get(limited, contact_id)
    assert (answer.status, answer.json["type"]) == (404, "/problems/not-found")


@pytest.fixture
def limited(client: Callable[..., Api]) -> Api:
    """Add a client that sees no contacts, which its usage plan does not throttle."""
    return client(queue_ids=["none"])


@pytest.mark.parametrize(
    "contact_id", ["..", ".", "a/b", "../queues-summary", "a?b", "%2e%2e", "a b", "é", "x" * 257, "*", "${aws:x}"]
)
def test_what_cannot_be_an_id_is_the_same_404_without_a_call(
    api: Api, limited: Api, aws: AwsServer, contact_id: str
) -> None:
    described = aws.connect.quotas["DescribeContact"].requests
    answers = [get(caller, contact_id) for caller in (api, limited)]
    assert aws.connect.quotas["DescribeContact"].requests == described
    assert answers[0] == answers[1] == get(api, "one-nothing")


def test_it_needs_a_credential(api: Api) -> None:
    assert get(api.as_client(None), FIRST).status == 401
    assert get(api.as_client("wrong"), FIRST).status == 401


# Path


def test_it_has_get_and_head(api: Api) -> None:
    assert api.send("HEAD", f"/v1/contacts/{FIRST}").status == 200
    refused = api.send("DELETE", f"/v1/contacts/{FIRST}")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    options = api.as_client(None).send("OPTIONS", f"/v1/contacts/{FIRST}", headers={"origin": "https://a.example"})
    assert (options.status, options.headers["access-control-allow-methods"]) == (204, "GET, HEAD, OPTIONS")
    assert api.send("GET", f"/v1/contacts/{FIRST}", headers={"accept": "text/html"}).status == 406


def test_the_search_by_body_keeps_its_path(api: Api, aws: AwsServer) -> None:
    described = aws.connect.quotas["DescribeContact"].requests
    refused = api.send("GET", "/v1/contacts/search")
    assert (refused.status, refused.headers["allow"]) == (405, "POST, OPTIONS")
    window = {"type": "INITIATION_TIMESTAMP", "start_time": f"{TODAY}", "end_time": f"{TODAY}"}
    assert api.post({"time_range": window}).status == 200
    assert aws.connect.quotas["DescribeContact"].requests == described


# Failures

PROBLEMS = [
    (400, "InvalidRequestException", 422, "rejected-by-connect"),
    (400, "InvalidParameterException", 422, "rejected-by-connect"),
    (404, "ResourceNotFoundException", 404, "not-found"),
    (500, "InternalServiceException", 502, "upstream-error"),
    (429, "ThrottlingException", 429, "throttled"),
    (403, "AccessDeniedException", 500, "misconfigured"),
    (503, "ServiceUnavailableException", 503, "upstream-unavailable"),
    (418, "SomethingNewException", 502, "upstream-error"),
]


def errors_of(operation: str) -> set[str]:
    return {shape.name for shape in SEARCH_CONTACTS.service_model.operation_model(operation).error_shapes}


def test_every_error_of_both_operations_is_among_those_that_are_tested() -> None:
    tested = {error for _, error, _, _ in PROBLEMS}
    assert errors_of("DescribeContact") | errors_of("GetContactAttributes") <= tested


@pytest.mark.parametrize(("upstream_status", "error", "status", "problem"), PROBLEMS)
def test_every_error_of_connect_is_a_problem(
    service: Service, upstream_status: int, error: str, status: int, problem: str
) -> None:
    with upstream(upstream_status, '{"Message": "about arn:aws:connect:::instance/secret"}', error) as url:
        service.use(rate=0.5, burst=1, url=url)
        answer = get(service.api, FIRST, {"prefer": "wait=0"})
    assert (answer.status, answer.json["type"]) == (status, f"/problems/{problem}")
    assert answer.headers["cache-control"] == "no-store"
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    assert "secret" not in answer.text


@pytest.mark.parametrize(("upstream_status", "error", "status", "problem"), PROBLEMS)
def test_every_error_of_the_attributes_is_a_problem(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    upstream_status: int,
    error: str,
    status: int,
    problem: str,
) -> None:
    """Check all errors except a conversation that is gone, which has no attributes."""
    import search_handler  # noqa: PLC0415 - reads its settings when it is imported

    described = ConnectClient(INSTANCE_ID, aws_clients.connect_client())
    with upstream(upstream_status, '{"Message": "about arn:aws:connect:::instance/secret"}', error) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", url)
        failing = ConnectClient(INSTANCE_ID, aws_clients.connect_client())
        monkeypatch.setattr(described, "get_contact_attributes", failing.get_contact_attributes)
        services = replace(search_handler.services, contacts=ContactReader(described, None, None))
        monkeypatch.setattr(search_handler, "services", services)
        answer = get(api, FIRST, expand="attributes")
    if problem == "not-found":
        assert answer.json["attributes"] == {}
    else:
        assert (answer.status, answer.json["type"]) == (status, f"/problems/{problem}")
        assert NUMBER not in answer.text


@pytest.mark.parametrize("body", ["<html>", '{"Contact": {"Id": {"not": "text"}}}', "{}"])
def test_an_answer_that_cannot_be_read(service: Service, body: str) -> None:
    with upstream(200, body) as url:
        service.use(url=url)
        answer = get(service.api, FIRST)
    assert (answer.status, answer.json["type"]) == (502, "/problems/upstream-error")


def test_connect_does_not_answer_in_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(read_timeout=0.1, retries={"total_max_attempts": 1})  # the real client waits for seconds
    monkeypatch.setattr(aws_clients, "connect_client", lambda: boto3.client("connect", config=config))
    with upstream(200, "{}", delay=2) as url:
        service.use(url=url)
        answer = get(service.api, FIRST)
    assert (answer.status, answer.json["type"]) == (504, "/problems/upstream-timeout")


def test_the_unforeseen_is_logged_without_the_contact(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    import search_handler  # noqa: PLC0415 - reads its settings when it is imported

    broken: Any = AmazonConnect  # has no `describe`
    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, contacts=broken))
    answer = get(api, FIRST)
    assert (answer.status, answer.json["type"]) == (500, "/problems/internal")
