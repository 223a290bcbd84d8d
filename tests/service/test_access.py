"""Test who sees what: a partner sees its own rows and fields, and no request can widen that."""

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contact_search.amazon_connect.contact import Contact
from contact_search.search.grants import Grant
from operations import registry
from operations.deployed import Deployed
from sandbox.clients import PARTNER_KEY
from tests.clock import MIDNIGHT, TODAY, Clock
from tests.conftest import Answer, Api, SampleContact
from tests.profiles import examples

HIDDEN = {"name", "tags", "segment_attributes"}
START, END = f"{TODAY - timedelta(days=50)}", f"{TODAY}"
WINDOW = {"from": START, "to": END}
_NUMBERS = itertools.count()  # makes names of clients unique


@pytest.fixture(scope="session")
def partner(api: Api) -> Api:
    return api.as_client(PARTNER_KEY)


@pytest.fixture(scope="session")
def own(contacts: list[SampleContact], queues: list[str]) -> set[str]:
    """Return the ids of the contacts in the window that the partner may see."""
    return {
        one.summary["Id"]
        for one in contacts
        if one.summary.get("QueueInfo", {}).get("Id") in queues[:2]
        and one.summary["Channel"] in ("VOICE", "CHAT")
        and _is_in_window(one)
    }


@pytest.fixture
def client(stack: Deployed, api: Api) -> Callable[[Grant], Api]:
    """Makes a client with this grant."""

    def make(grant: Grant) -> Api:
        name = f"granted-{next(_NUMBERS)}"
        registry.add(stack, name, "internal", grant, f"key-of-{name}")
        return api.as_client(f"key-of-{name}")

    return make


def test_a_partner_sees_all_that_it_is_granted_and_nothing_else(partner: Api, own: set[str]) -> None:
    assert own
    answer = partner.get(**WINDOW, limit=100)
    assert answer.json["total"] == {"value": len(own), "relation": "eq"}
    found = partner.walk(**WINDOW, limit=100)
    assert sorted(contact["id"] for contact in found) == sorted(own)
    assert not any(HIDDEN & contact.keys() for contact in found)
    posted = partner.post({"time_range": _time_range(), "limit": 100})
    assert posted.json["contacts"] == answer.json["contacts"]


def test_it_may_ask_for_a_part_of_what_it_is_granted(partner: Api, queues: list[str], own: set[str]) -> None:
    found = partner.walk(**WINDOW, queue_id=queues[1], channel="chat", fields="channel,queue_info")
    assert found
    assert {contact["id"] for contact in found} < own
    assert all(contact["queue_info"]["id"] == queues[1] and contact["channel"] == "CHAT" for contact in found)
    assert all(contact.keys() == {"id", "channel", "queue_info"} for contact in found)


Q = "QUEUE"  # stands for a queue that is not the partner's
MINE = "MINE"  # and this for one that is
# Each row: a request, and the refused names. None means that the answer is either narrow or a refusal.
ATTACKS: list[tuple[dict[str, Any], list[str] | None]] = [
    ({"queue_id": Q}, ["queue_id"]),
    ({"queue_id": f"{MINE},{Q}"}, ["queue_id"]),
    ({"queue_id": [MINE, Q]}, ["queue_id"]),
    ({"queue_id": f"{MINE}, {Q}"}, ["queue_id"]),
    ({"QUEUE_ID": Q}, None),
    ({"queue_id": f"{MINE}\n"}, None),
    ({"queue_id": "*"}, ["queue_id"]),
    ({"queue_id": "UPPER"}, ["queue_id"]),
    ({"queue_id[]": Q}, None),
    ({"channel": "TASK"}, ["channel"]),
    ({"channel": "voice,eMaIl"}, ["channel"]),
    ({"transcript": "refund"}, ["transcript"]),
    ({"transcript.agent": "refund", "transcript.customer": "x"}, ["transcript.agent", "transcript.customer"]),
    ({"attribute.tier": "gold"}, ["attribute.tier"]),
    ({"attribute.tier": "gold", "attribute.x": "1"}, ["attribute.tier", "attribute.x"]),
    ({"segment.connect:Subtype": "connect:Telephony"}, ["segment.connect:Subtype"]),
    ({"tag.cost-centre": "4100"}, ["tag.cost-centre"]),
    ({"name": "follow"}, ["name"]),
    ({"name": "follow", "name_match": "none"}, ["name"]),
    ({"fields": "name"}, ["fields"]),
    ({"fields": "id,tags"}, ["fields"]),
    ({"fields": "Name"}, None),
    ({"fields": "segment_attributes,channel"}, ["fields"]),
    ({"sort": "channel"}, None),
    ({"queue_id": Q, "sort": "-channel", "tag.a": "b"}, ["tag.a", "queue_id"]),
]


@pytest.mark.parametrize(("sent", "refused"), ATTACKS, ids=json.dumps)
def test_no_parameter_widens_what_it_sees(
    partner: Api, queues: list[str], own: set[str], sent: dict[str, Any], refused: list[str] | None
) -> None:
    filled = {name: _filled(value, queues) for name, value in sent.items()}
    answer = partner.send("GET", "/v1/contacts", urlencode({**WINDOW, **filled}, doseq=True))
    assert_narrow(answer, own)
    if refused is not None:
        assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
        assert [error["parameter"] for error in answer.json["errors"]] == refused
        assert all(name in answer.json["detail"] for name in refused)


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("search_criteria.queue_ids", [Q], "/search_criteria/queue_ids"),
        ("search_criteria.queue_ids", [MINE, Q], "/search_criteria/queue_ids"),
        ("search_criteria.queue_ids", [], None),
        ("search_criteria.channels", [], None),
        ("search_criteria.channels", ["email"], "/search_criteria/channels"),
        ("search_criteria.contact_analysis", {}, "/search_criteria/contact_analysis"),
        ("search_criteria.name", {"search_text": [], "match_type": "MATCH_NONE"}, "/search_criteria/name"),
        ("search_criteria.contact_tags", {"tag_condition": {"tag_key": "x"}}, "/search_criteria/contact_tags"),
        (
            "search_criteria.searchable_contact_attributes",
            {"criteria": [{"key": "tier", "values": ["gold"]}]},
            "/search_criteria/searchable_contact_attributes",
        ),
        (
            "search_criteria.searchable_segment_attributes",
            {"criteria": [{"key": "a", "values": ["b"]}]},
            "/search_criteria/searchable_segment_attributes",
        ),
        ("search_criteria.agent_ids", [], None),
        ("search_criteria", {}, None),
        ("search_criteria", None, None),
        ("fields", ["name"], "/fields"),
        ("QueueIds", [Q], None),
        ("grant", {}, None),
    ],
)
def test_no_body_widens_what_it_sees(
    partner: Api, queues: list[str], own: set[str], path: str, value: Any, pointer: str | None
) -> None:
    body: dict[str, Any] = {"time_range": _time_range(), "limit": 100}
    target, names = body, path.split(".")
    for name in names[:-1]:
        target = target.setdefault(name, {})
    target[names[-1]] = _filled(value, queues)
    answer = partner.post(body)
    assert_narrow(answer, own)
    if pointer is not None:
        assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


# Each row: a request for a contact. FOREIGN stands for a contact that is not the partner's.
ATTACKS_ON_ONE_CONTACT: list[tuple[str, str]] = [
    ("FOREIGN", ""),
    ("FOREIGN", "expand=attributes,queue,agent"),
    ("FOREIGN", "fields=id"),
    ("FOREIGN", "fields=channel,queue_info&expand=queue"),
    ("UPPER", ""),
    ("FOREIGN%00", ""),
    ("FOREIGN%2F", ""),
    ("%2e%2e%2FFOREIGN", ""),
    ("FOREIGN%20", ""),
    ("FOREIGN,FOREIGN", ""),
    ("*", ""),
]


@pytest.mark.parametrize(("contact_id", "query"), ATTACKS_ON_ONE_CONTACT)
@pytest.mark.parametrize("headers", [{}, {"cache-control": "no-cache", "if-none-match": "*", "x-client": "full"}])
def test_no_way_to_ask_for_a_foreign_contact_tells_anything_of_it(
    api: Api,
    partner: Api,
    own: set[str],
    contacts: list[SampleContact],
    contact_id: str,
    query: str,
    headers: dict[str, str],
) -> None:
    foreign = next(
        one.summary["Id"] for one in contacts if one.summary["Channel"] == "EMAIL" and one.summary["Id"] not in own
    )
    assert api.send("GET", f"/v1/contacts/{foreign}").status == 200
    sent = contact_id.replace("FOREIGN", foreign).replace("UPPER", foreign.upper())
    nothing = partner.send("GET", "/v1/contacts/there-is-none")
    assert nothing.status == 404
    assert partner.send("GET", f"/v1/contacts/{sent}", query, headers) == nothing


@pytest.mark.parametrize("field", ["customer_endpoint", "recordings", "attributes", "name", "tags", "wisdom_info"])
def test_a_partner_cannot_ask_for_more_of_its_own_contact(partner: Api, own: set[str], field: str) -> None:
    path = f"/v1/contacts/{min(own)}"
    refused = partner.send("GET", path, f"fields=id,{field}")
    assert (refused.status, refused.json["errors"][0]["parameter"]) == (403, "fields")
    seen = partner.send("GET", path, "expand=attributes,queue,agent").json
    assert seen.keys() <= Contact.model_fields.keys() - HIDDEN
    assert seen.get("agent_info", {}).keys() <= {"id", "username", "connected_to_agent_timestamp"}


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "10.0.0.1", "x-client": "full", "x-principal-id": "full"},
        {"cache-control": "no-cache"},
        {"x-http-method-override": "GET", "x-original-url": "/health"},
        {"if-none-match": "*"},
        {"x-amzn-requestcontext": '{"authorizer": {"client": "full"}}'},
    ],
)
def test_no_header_widens_what_it_sees(api: Api, partner: Api, own: set[str], headers: dict[str, str]) -> None:
    api.get(**WINDOW, limit=100)  # the page that another client might poison is cached
    assert_narrow(partner.get(headers, **WINDOW, limit=100), own)


@pytest.mark.parametrize("method", ["get", "Get", "head", "gEt"])
def test_the_case_of_a_method_leads_nowhere(api: Api, method: str) -> None:
    """A method that API Gateway does not know is one of ANY, which has no authorizer."""
    answer = api.as_client(None).send(method, "/v1/contacts", urlencode(WINDOW))
    assert answer.status in (401, 405)
    assert 'contacts":' not in answer.text


def test_the_query_may_be_encoded_in_any_way(partner: Api, queues: list[str], own: set[str]) -> None:
    window = urlencode(WINDOW)
    for name in ("queue%5Fid", "%71ueue_id"):
        assert_narrow(partner.send("GET", "/v1/contacts", f"{window}&{name}={queues[5]}"), own)
    twice = quote(quote(queues[5], safe="-"), safe="")
    assert_narrow(partner.send("GET", "/v1/contacts", f"{window}&queue_id={queues[0]}%2C{twice}"), own)
    assert_narrow(partner.send("GET", "/v1/contacts", f"{window}&queue_id={queues[0]}&queue_id={queues[5]}"), own)


def test_a_cursor_is_good_for_its_client_alone(api: Api, partner: Api) -> None:
    for owner, other in ((api, partner), (partner, api)):
        cursor = owner.get(**WINDOW, limit=1).json["next_cursor"]
        assert owner.get(**WINDOW, cursor=cursor).status == 200
        answer = other.get(**WINDOW, cursor=cursor)
        assert (answer.status, answer.json["type"]) == (400, "/problems/invalid-cursor")
        body = {"time_range": _time_range(), "cursor": cursor}
        assert other.post(body).json["type"] == "/problems/invalid-cursor"


def test_a_cursor_does_not_outlive_a_change_of_the_grant(
    stack: Deployed, client: Callable[[Grant], Api], queues: list[str], forget_clients: Callable[[], None]
) -> None:
    caller = client(Grant(queue_ids=queues[:3]))
    cursor = caller.get(**WINDOW, limit=1).json["next_cursor"]
    [name] = [one["name"] for one in registry.list_clients(stack) if one["grant"].get("queue_ids") == queues[:3]]
    registry.regrant(stack, name, {"queue_ids": queues[:1]}, wider=False)
    forget_clients()
    assert caller.get(**WINDOW, cursor=cursor).json["type"] == "/problems/invalid-cursor"
    assert {one["queue_info"]["id"] for one in caller.walk(**WINDOW, limit=100)} == {queues[0]}
    registry.regrant(stack, name, {"queue_ids": queues[:3]}, wider=True)
    forget_clients()
    assert caller.get(**WINDOW, cursor=cursor).json["type"] == "/problems/invalid-cursor"


def test_a_change_is_seen_within_60_seconds(
    stack: Deployed, client: Callable[[Grant], Api], queues: list[str], clock: Clock
) -> None:
    caller = client(Grant(queue_ids=queues[4:6]))
    assert caller.get(**WINDOW, queue_id=queues[5]).status == 200
    [name] = [one["name"] for one in registry.list_clients(stack) if one["grant"].get("queue_ids") == queues[4:6]]
    registry.regrant(stack, name, {"queue_ids": queues[4:5]}, wider=False)
    assert caller.get(**WINDOW, queue_id=queues[5]).status == 200
    clock.advance(timedelta(seconds=61))
    assert caller.get(**WINDOW, queue_id=queues[5]).status == 403
    registry.revoke(stack, name)
    clock.advance(timedelta(seconds=61))
    assert caller.get(**WINDOW).status == 401


@pytest.mark.parametrize(
    ("grant", "sent", "refused"),
    [
        (Grant(fields=frozenset({"channel"})), {"time_field": "disconnect_timestamp"}, ["time_field"]),
        (Grant(fields=frozenset({"channel", "initiation_timestamp"})), {"sort": "initiation_method"}, ["sort"]),
        (Grant(fields=frozenset({"initiation_timestamp"})), {"agent_id": "a"}, ["agent_id"]),
        (Grant(fields=frozenset({"initiation_timestamp"})), {"sort": "expiry_timestamp"}, ["sort"]),
        (
            Grant(fields=frozenset({"initiation_timestamp"})),
            {"disconnect_timestamp.exists": "false"},
            ["disconnect_timestamp.exists"],
        ),
        (Grant(lookback=timedelta(days=30)), {}, ["from"]),
        (Grant(agent_ids=["a"]), {"agent_id": "b"}, ["agent_id"]),
        (Grant(agent_ids=["a"]), {"routing_agent_id": "b"}, ["routing_agent_id"]),
        (Grant(agent_hierarchy_groups={"L1Ids": ["g"]}), {"agent_hierarchy_l1_id": "h"}, ["agent_hierarchy_l1_id"]),
        (Grant(agent_hierarchy_groups={"L1Ids": ["g"]}), {"agent_hierarchy_l2_id": "g"}, ["agent_hierarchy_l2_id"]),
        (Grant(attribute_keys=frozenset({"tier"})), {"attribute.Tier": "gold"}, ["attribute.Tier"]),
        (Grant(attribute_keys=frozenset({"tier"})), {"attribute.tier": "gold"}, None),
    ],
)
def test_every_part_of_a_grant_counts(
    client: Callable[[Grant], Api], grant: Grant, sent: dict[str, str], refused: list[str] | None
) -> None:
    answer = client(grant).send("GET", "/v1/contacts", urlencode(WINDOW | sent))
    assert answer.status == (403 if refused else 200), answer.text
    if refused:
        assert [error["parameter"] for error in answer.json["errors"]] == refused


@pytest.mark.parametrize(
    ("grant", "sent", "granted"),
    [
        (Grant(lookback=timedelta(days=30)), {"last": "P31D"}, {"last": ": P30D before now"}),
        (Grant(channels=["VOICE", "CHAT"]), {"last": "P1D", "channel": "TASK"}, {"channel": ": VOICE, CHAT"}),
        (
            Grant(fields=frozenset({"channel", "initiation_timestamp"})),
            {"last": "P1D", "fields": "name"},
            {"fields": ": channel, id, initiation_timestamp"},
        ),
        # Attribute keys are sensitive, and ids are many.
        (Grant(attribute_keys=frozenset({"tier"})), {"last": "P1D", "attribute.x": "y"}, {"attribute.x": ""}),
        (Grant(queue_ids=["q"]), {"last": "P1D", "queue_id": "r"}, {"queue_id": ""}),
        (Grant(transcript_search=False), {"last": "P1D", "transcript": "refund"}, {"transcript": ""}),
        (
            Grant(lookback=timedelta(hours=12), channels=["CHAT"]),
            {"last": "P1D", "channel": "VOICE"},
            {"channel": ": CHAT", "last": ": PT12H before now"},
        ),
    ],
    ids=["lookback", "channels", "fields", "attributes", "queues", "transcripts", "all_at_once"],
)
def test_a_refusal_says_what_is_granted(
    client: Callable[[Grant], Api], grant: Grant, sent: dict[str, str], granted: dict[str, str]
) -> None:
    answer = client(grant).get(**sent)
    assert answer.status == 403
    details = {fault["parameter"]: fault["detail"] for fault in answer.json["errors"]}
    assert details == {name: f"asks for more than this client is granted{limit}" for name, limit in granted.items()}


def test_a_page_has_no_more_contacts_than_granted(client: Callable[[Grant], Api], own: set[str]) -> None:
    answer = client(Grant(page_limit=3)).get(**WINDOW, limit=100)
    assert len(answer.json["contacts"]) == 3
    assert answer.json["next_cursor"]
    assert answer.json["total"]["value"] > len(own)


def test_a_page_that_the_grant_shortens_says_so(client: Callable[[Grant], Api]) -> None:
    limited = client(Grant(page_limit=3))
    time_range = {"type": "INITIATION_TIMESTAMP", "start_time": WINDOW["from"], "end_time": WINDOW["to"]}
    shortened = limited.get(**WINDOW)
    for answer in (
        shortened,
        limited.get({"if-none-match": shortened.headers["etag"]}, **WINDOW),
        limited.get(**WINDOW, limit=4),
        limited.get(**WINDOW, limit=4, cursor=limited.get(**WINDOW, limit=4).json["next_cursor"]),
        limited.post({"time_range": time_range}),
    ):
        assert (answer.status, answer.headers["page-limit"]) in ((200, "3"), (304, "3"))
    for answer in (limited.get(**WINDOW, limit=3), limited.get(**WINDOW, limit=0), client(Grant()).get(**WINDOW)):
        assert "page-limit" not in answer.headers


def test_no_field_but_the_id_may_be_granted(client: Callable[[Grant], Api]) -> None:
    grant = Grant(fields=frozenset({"initiation_timestamp"}))
    assert all(one.keys() == {"id", "initiation_timestamp"} for one in client(grant).walk(**WINDOW, limit=100))


@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_a_grant_and_a_search_are_an_intersection(
    data: st.DataObject, api: Api, stack: Deployed, contacts: list[SampleContact], queues: list[str]
) -> None:
    agents = sorted({one.summary["AgentInfo"]["Id"] for one in contacts if "AgentInfo" in one.summary})
    values = {"queue_ids": queues, "agent_ids": agents[:12], "channels": ["VOICE", "CHAT", "TASK", "EMAIL"]}
    some: dict[str, Any] = {
        name: data.draw(st.none() | st.sets(st.sampled_from(all_), min_size=1)) for name, all_ in values.items()
    }
    grant = Grant(**{name: given and sorted(given) for name, given in some.items()})
    asked = {
        name.removesuffix("s"): sorted(
            data.draw(st.sets(st.sampled_from((some[name] and sorted(some[name])) or all_), max_size=3))
        )
        for name, all_ in values.items()
    }
    name = f"property-{next(_NUMBERS)}"
    registry.add(stack, name, "internal", grant, f"key-of-{name}")
    found = {one["id"] for one in api.as_client(f"key-of-{name}").walk(**WINDOW, **asked, limit=100)}
    expected = {
        one.summary["Id"]
        for one in contacts
        if _is_in_window(one)
        and all(
            not allowed or _value(one.summary, member) in allowed
            for member in values
            for allowed in (some[member], asked[member.removesuffix("s")])
        )
    }
    assert found == expected
    registry.revoke(stack, name)


def _is_in_window(contact: SampleContact) -> bool:
    start = MIDNIGHT - timedelta(days=50)
    end = MIDNIGHT + timedelta(days=1)  # an end date includes its day
    return bool(start.timestamp() <= contact.summary["InitiationTimestamp"] < end.timestamp())


def assert_narrow(answer: Answer, own: set[str]) -> None:
    """Assert that the answer is a refusal, or only what the partner may see."""
    assert answer.status in (200, 304, 400, 401, 403, 422), answer.text
    if answer.status == 200:
        assert answer.json["total"]["value"] <= len(own)
        assert {contact["id"] for contact in answer.json["contacts"]} <= own
        assert not any(HIDDEN & contact.keys() for contact in answer.json["contacts"])


def _value(summary: dict[str, Any], member: str) -> str | None:
    if member == "channels":
        return str(summary["Channel"])
    info: dict[str, str] = summary.get({"queue_ids": "QueueInfo", "agent_ids": "AgentInfo"}[member], {})
    return info.get("Id")


def _filled(value: Any, queues: list[str]) -> Any:
    return json.loads(
        json.dumps(value).replace(Q, queues[5]).replace(MINE, queues[0]).replace("UPPER", queues[0].upper())
    )


def _time_range() -> dict[str, str]:
    return {"type": "INITIATION_TIMESTAMP", "start_time": START, "end_time": END}


def test_the_fields_that_are_hidden_are_fields() -> None:
    assert Contact.model_fields.keys() > HIDDEN
