"""Test that a search is limited to what its caller is granted, and refused where it asks for more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from contact_search.amazon_connect.contact_details import ContactDetails
from contact_search.search import body, query
from contact_search.search.grants import Caller, ForbiddenError, Grant, find_caller, is_granted, restrict
from contact_search.search.model import Search
from contact_search.storage.durable_table import DurableTable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def get(**parameters: str) -> Search:
    """Parse a query of the last 50 days. A parameter's `__` is a dot."""
    named = {name.replace("__", "."): [value] for name, value in parameters.items()}
    return query.parse({"last": ["P50D"]} | named, NOW)


def post(criteria: dict[str, Any], **members: Any) -> Search:
    """Parse a body about November."""
    time_range = {"type": "INITIATION_TIMESTAMP", "start_time": "2026-11-01", "end_time": "2026-11-19"}
    return body.parse({"time_range": time_range, "search_criteria": criteria} | members, NOW)


def caller(grant: Grant) -> Caller:
    return Caller("partner", "3", grant)


def refused(search: Search, grant: Grant) -> ForbiddenError:
    with pytest.raises(ForbiddenError) as caught:
        restrict(search, caller(grant))
    return caught.value


def test_an_unlimited_grant_changes_only_the_owner_of_a_search() -> None:
    search = get(queue_id="a", transcript="refund", attribute__tier="gold", fields="channel", limit="7")
    assert restrict(search, caller(Grant())) == replace(search, owner="partner 3")


@pytest.mark.parametrize(
    ("grant", "criteria"),
    [
        (Grant(queue_ids=["b", "a"]), {"QueueIds": ["a", "b"]}),
        (Grant(agent_ids=["b", "a"]), {"AgentIds": ["a", "b"]}),
        (Grant(channels=["VOICE", "CHAT"]), {"Channels": ["CHAT", "VOICE"]}),
        (Grant(agent_hierarchy_groups={"L2Ids": ["g"]}), {"AgentHierarchyGroups": {"L2Ids": ["g"]}}),
    ],
    ids=["queues", "agents", "channels", "hierarchy"],
)
@pytest.mark.parametrize("search", [get(), post({})], ids=["query", "body"])
def test_what_is_not_asked_for_is_limited_to_the_grant(search: Search, grant: Grant, criteria: dict[str, Any]) -> None:
    assert restrict(search, caller(grant)).criteria == criteria


@pytest.mark.parametrize(
    ("criteria", "restricted"),
    [
        ({"queue_ids": []}, {"QueueIds": ["a", "b"]}),
        ({"queue_ids": ["b"]}, {"QueueIds": ["b"]}),
        ({"queue_ids": ["b", "a"]}, {"QueueIds": ["b", "a"]}),
        ({"queue_ids": ["b"], "channels": ["CHAT"]}, {"QueueIds": ["b"], "Channels": ["CHAT"]}),
    ],
    ids=["empty-list", "part", "all", "part-and-more"],
)
def test_a_part_of_the_grant_may_be_asked_for(criteria: dict[str, Any], restricted: dict[str, Any]) -> None:
    assert restrict(post(criteria), caller(Grant(queue_ids=["a", "b"]))).criteria == restricted


@pytest.mark.parametrize(
    ("grant", "criteria", "restricted"),
    [
        ({"L1Ids": ["g", "h"]}, {"l1_ids": ["h"]}, {"L1Ids": ["h"]}),
        ({"L1Ids": ["g", "h"]}, {"l1_ids": []}, {"L1Ids": ["g", "h"]}),
        ({"L1Ids": ["g"]}, {"l2_ids": []}, {"L1Ids": ["g"]}),
    ],
    ids=["part", "empty-list", "empty-list-on-another-level"],
)
def test_hierarchy_groups_are_limited_on_the_granted_level(
    grant: Any, criteria: dict[str, Any], restricted: dict[str, Any]
) -> None:
    search = post({"agent_hierarchy_groups": criteria})
    assert restrict(search, caller(Grant(agent_hierarchy_groups=grant))).criteria["AgentHierarchyGroups"] == restricted


INITIATION_ONLY = Grant(fields=frozenset({"initiation_timestamp"}))


@pytest.mark.parametrize(
    ("grant", "parameters", "sources"),
    [
        (Grant(queue_ids=["a"]), {"queue_id": "b"}, ["queue_id"]),
        (Grant(queue_ids=["a"]), {"queue_id": "a,b"}, ["queue_id"]),
        (Grant(queue_ids=["a"]), {"queue_id": "A"}, ["queue_id"]),
        (Grant(agent_ids=["a"]), {"agent_id": "b"}, ["agent_id"]),
        (Grant(agent_ids=["a"]), {"routing_agent_id": "b"}, ["routing_agent_id"]),
        (Grant(channels=["VOICE"]), {"channel": "email"}, ["channel"]),
        (Grant(agent_hierarchy_groups={"L1Ids": ["g"]}), {"agent_hierarchy_l1_id": "h"}, ["agent_hierarchy_l1_id"]),
        (Grant(agent_hierarchy_groups={"L1Ids": ["g"]}), {"agent_hierarchy_l2_id": "g"}, ["agent_hierarchy_l2_id"]),
        (Grant(transcript_search=False), {"transcript": "refund"}, ["transcript"]),
        (
            Grant(transcript_search=False),
            {"transcript__agent": "refund", "transcript__customer": "x"},
            ["transcript.agent", "transcript.customer"],
        ),
        (Grant(attribute_keys=frozenset({"tier"})), {"attribute__Tier": "gold"}, ["attribute.Tier"]),
        (
            Grant(attribute_keys=frozenset()),
            {"attribute__a": "1", "attribute__b.c": "2"},
            ["attribute.a", "attribute.b.c"],
        ),
        (Grant(attribute_keys=frozenset({"a"})), {"attribute__a": "1", "attribute[b]": "2"}, ["attribute.b"]),
        (INITIATION_ONLY, {"name": "x"}, ["name"]),
        (INITIATION_ONLY, {"agent_id": "x"}, ["agent_id"]),
        (
            INITIATION_ONLY,
            {"agent_hierarchy_l1_id": "x", "agent_hierarchy_l2_id": "y"},
            ["agent_hierarchy_l1_id", "agent_hierarchy_l2_id"],
        ),
        (INITIATION_ONLY, {"channel": "VOICE"}, ["channel"]),
        (INITIATION_ONLY, {"initiation_method": "API"}, ["initiation_method"]),
        (INITIATION_ONLY, {"queue_id": "x"}, ["queue_id"]),
        (INITIATION_ONLY, {"routing_agent_id": "x"}, ["routing_agent_id"]),
        (INITIATION_ONLY, {"segment__connect:Subtype": "x"}, ["segment.connect:Subtype"]),
        (INITIATION_ONLY, {"active_region": "eu-west-2"}, ["active_region"]),
        (INITIATION_ONLY, {"tag__a": "x", "tag__b": "x"}, ["tag.a", "tag.b"]),
        (INITIATION_ONLY, {"ai_use_case": "SelfService"}, ["ai_use_case"]),
        (INITIATION_ONLY, {"fields": "id,channel"}, ["fields"]),
        (INITIATION_ONLY, {"sort": "initiation_method"}, ["sort"]),
        (INITIATION_ONLY, {"sort": "expiry_timestamp"}, ["sort"]),
        (INITIATION_ONLY, {"time_field": "disconnect_timestamp"}, ["time_field"]),
        (INITIATION_ONLY, {"time_field": "enqueue_timestamp"}, ["time_field"]),
        (INITIATION_ONLY, {"time_field": "disconnect_timestamp", "follow": "true"}, ["time_field"]),
        (INITIATION_ONLY, {"disconnect_timestamp__exists": "false"}, ["disconnect_timestamp.exists"]),
        (Grant(fields=frozenset({"channel"})), {}, ["time_field"]),
        (Grant(fields=frozenset({"queue_info"})), {"time_field": "enqueue_timestamp"}, ["time_field"]),
        (Grant(lookback=timedelta(days=30)), {}, ["last"]),
        (
            Grant(queue_ids=["a"], transcript_search=False),
            {"queue_id": "b", "transcript": "x"},
            ["queue_id", "transcript"],
        ),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else "",
)
def test_a_query_for_more_than_is_granted_is_refused_by_name(
    grant: Grant, parameters: dict[str, str], sources: list[str]
) -> None:
    error = refused(get(**parameters), grant)
    assert error.sources == sources
    assert error.source_type == "parameter"


@pytest.mark.parametrize(
    ("grant", "criteria", "pointer"),
    [
        (Grant(queue_ids=["a"]), {"queue_ids": ["a", "b"]}, "/search_criteria/queue_ids"),
        (Grant(transcript_search=False), {"contact_analysis": {}}, "/search_criteria/contact_analysis"),
        (
            Grant(agent_hierarchy_groups={"L1Ids": ["g"]}),
            {"agent_hierarchy_groups": {"l1_ids": ["h"]}},
            "/search_criteria/agent_hierarchy_groups",
        ),
        (
            Grant(attribute_keys=frozenset()),
            {"searchable_contact_attributes": {"criteria": [{"key": "a.b", "values": []}]}},
            "/search_criteria/searchable_contact_attributes",
        ),
        (
            INITIATION_ONLY,
            {
                "additional_time_range": {
                    "criteria": [
                        {"timestamp_condition": {"type": "DISCONNECT_TIMESTAMP", "condition_type": "NOT_EXISTS"}}
                    ],
                    "match_type": "MATCH_ALL",
                }
            },
            "/search_criteria/additional_time_range",
        ),
        (INITIATION_ONLY, {"contact_tags": {"tag_condition": {"tag_key": "x"}}}, "/search_criteria/contact_tags"),
        (INITIATION_ONLY, {"name": {"search_text": [], "match_type": "MATCH_NONE"}}, "/search_criteria/name"),
        (Grant(lookback=timedelta(days=10)), {}, "/time_range/start_time"),
        (Grant(fields=frozenset({"channel"})), {}, "/time_range/type"),
    ],
    ids=["queues", "transcript", "hierarchy", "attribute", "time", "tags", "name", "lookback", "window"],
)
def test_a_body_for_more_than_is_granted_is_refused_by_pointer(
    grant: Grant, criteria: dict[str, Any], pointer: str
) -> None:
    error = refused(post(criteria), grant)
    assert error.sources == [pointer]
    assert error.source_type == "pointer"


@pytest.mark.parametrize(
    ("member", "value", "pointer"),
    [
        ("fields", ["name"], "/fields"),
        ("sort", {"field_name": "CHANNEL", "order": "ASCENDING"}, "/sort/field_name"),
    ],
    ids=["fields", "sort"],
)
def test_a_body_is_also_refused_by_its_other_members(member: str, value: Any, pointer: str) -> None:
    assert refused(post({}, **{member: value}), INITIATION_ONLY).sources == [pointer]


@pytest.mark.parametrize(
    ("grant", "parameters", "granted"),
    [
        (Grant(lookback=timedelta(days=30)), {}, {"last": "P30D before now"}),
        (Grant(channels=["CHAT", "EMAIL"]), {"channel": "VOICE"}, {"channel": "CHAT, EMAIL"}),
        (Grant(channels=["CHAT"], fields=frozenset({"channel"})), {"channel": "VOICE"}, {"channel": "CHAT"}),
        (Grant(channels=["CHAT"], fields=frozenset({"initiation_timestamp"})), {"channel": "VOICE"}, {}),
        (
            Grant(fields=frozenset({"name", "initiation_timestamp"})),
            {"fields": "channel"},
            {"fields": "id, initiation_timestamp, name"},
        ),
        (Grant(fields=frozenset({"initiation_timestamp"})), {"channel": "VOICE"}, {}),
        (Grant(queue_ids=["a"], channels=["CHAT"]), {"queue_id": "b"}, {}),
        (Grant(attribute_keys=frozenset({"a"})), {"attribute__b": "1"}, {}),
    ],
    ids=["lookback", "channels", "channels-seen", "channels-unseen", "fields", "another-field", "queues", "attributes"],
)
def test_a_refusal_says_what_is_granted_unless_it_is_sensitive(
    grant: Grant, parameters: dict[str, str], granted: dict[str, str]
) -> None:
    assert refused(get(**parameters), grant).granted == granted


def test_the_text_of_a_refusal_has_no_sources() -> None:
    """Sources may be keys of attributes, and the text of an error may be logged."""
    assert str(refused(get(attribute__a="1", attribute__b="2"), Grant(attribute_keys=frozenset()))) == "2 refused"


def test_a_search_without_sources_is_refused_all_the_same() -> None:
    search = replace(get(queue_id="b"), sources={})
    assert refused(search, Grant(queue_ids=["a"])).sources == ["QueueIds"]


@pytest.mark.parametrize(
    ("grant", "parameters"),
    [
        (Grant(attribute_keys=frozenset({"tier"})), {"attribute__tier": "gold"}),
        (Grant(lookback=timedelta(days=50)), {}),
        (Grant(lookback=timedelta(days=30)), {"cursor": "a-cursor"}),
        (INITIATION_ONLY, {"fields": "id,initiation_timestamp"}),
        (INITIATION_ONLY, {"initiation_timestamp__from": "2026-11-01"}),
        (Grant(fields=frozenset({"queue_info", "initiation_timestamp"})), {"time_field": "enqueue_timestamp"}),
        (Grant(attribute_keys=frozenset()), {}),
        (Grant(fields=frozenset({"channel", "initiation_timestamp"})), {"channel": "VOICE"}),
    ],
    ids=[
        "attribute",
        "lookback",
        "later-page",
        "fields",
        "additional-time",
        "enqueue-timestamp",
        "no-attribute",
        "field",
    ],
)
def test_a_search_within_the_grant_is_not_refused(grant: Grant, parameters: dict[str, str]) -> None:
    assert restrict(get(**parameters), caller(grant)).criteria == get(**parameters).criteria


@pytest.mark.parametrize("step", [{}, {"agent_criteria": {}}], ids=["step", "agent"])
def test_routing_criteria_without_agents_are_within_any_grant_of_agents(step: dict[str, Any]) -> None:
    search = post({"routing_criteria": {"steps": [step]}})
    assert restrict(search, caller(Grant(agent_ids=["a"]))).criteria == search.criteria | {"AgentIds": ["a"]}


@pytest.mark.parametrize(
    ("granted", "requested", "returned"),
    [
        (None, "", set()),
        (None, "channel", {"channel"}),
        ({"channel", "initiation_timestamp"}, "", {"id", "channel", "initiation_timestamp"}),
        ({"channel", "initiation_timestamp"}, "channel", {"channel"}),
    ],
    ids=["all", "all-asked-for-one", "some", "some-asked-for-one"],
)
def test_only_granted_fields_are_returned(granted: set[str] | None, requested: str, returned: set[str]) -> None:
    search = get(fields=requested) if requested else get()
    grant = Grant(fields=None if granted is None else frozenset(granted))
    assert restrict(search, caller(grant)).fields == returned


@pytest.mark.parametrize(
    ("page_limit", "limit", "expected"),
    [(None, "80", 80), (None, "0", 0), (3, "80", 3), (3, "2", 2), (3, "0", 0)],
    ids=["no-limit", "no-limit-count", "limited", "less", "limited-count"],
)
def test_a_page_has_no_more_contacts_than_granted(page_limit: int | None, limit: str, expected: int) -> None:
    assert restrict(get(limit=limit), caller(Grant(page_limit=page_limit))).limit == expected


def test_another_client_or_revision_makes_it_another_search() -> None:
    callers = [Caller("a", "1", Grant()), Caller("a", "2", Grant()), Caller("b", "1", Grant())]
    assert len({restrict(get(), caller).identity for caller in callers}) == 3


CONTACT = ContactDetails.model_validate(
    {
        "Channel": "VOICE",
        "InitiationTimestamp": NOW - timedelta(days=30),
        "QueueInfo": {"Id": "q"},
        "AgentInfo": {
            "Id": "a",
            "HierarchyGroups": {
                "Level1": {"Arn": "arn:aws:connect:eu-west-2:1:instance/i/agent-group/g"},
                "Level2": {},
            },
        },
    }
)


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (Grant(), True),
        (Grant(queue_ids=["p", "q"]), True),
        (Grant(queue_ids=["p", "a"]), False),
        (Grant(agent_ids=["a", "b"]), True),
        (Grant(agent_ids=["b", "q"]), False),
        (Grant(channels=["VOICE"]), True),
        (Grant(channels=["CHAT"]), False),
        (Grant(agent_hierarchy_groups={"L1Ids": ["g", "h"]}), True),
        (Grant(agent_hierarchy_groups={"L1Ids": ["h"]}), False),
        (Grant(agent_hierarchy_groups={"L2Ids": ["g"]}), False),
        (Grant(agent_hierarchy_groups={"L3Ids": ["g"]}), False),
        (Grant(lookback=timedelta(days=30)), True),
        (Grant(lookback=timedelta(days=29)), False),
        (Grant(queue_ids=["q"], agent_ids=["a"], channels=["VOICE"], lookback=timedelta(days=31)), True),
        (Grant(queue_ids=["p"], agent_ids=["a"], channels=["VOICE"], lookback=timedelta(days=31)), False),
        (Grant(queue_ids=["q"], agent_ids=["b"], channels=["VOICE"], lookback=timedelta(days=31)), False),
        (Grant(queue_ids=["q"], agent_ids=["a"], channels=["CHAT"], lookback=timedelta(days=31)), False),
    ],
    ids=lambda value: value.model_dump_json(exclude_defaults=True) if isinstance(value, Grant) else "",
)
def test_a_contact_is_judged_as_a_search_would_be(grant: Grant, *, expected: bool) -> None:
    assert is_granted(CONTACT, grant, NOW) is expected


@pytest.mark.parametrize(
    "grant",
    [
        Grant(queue_ids=["q"]),
        Grant(agent_ids=["a"]),
        Grant(channels=["VOICE"]),
        Grant(agent_hierarchy_groups={"L1Ids": ["g"]}),
        Grant(lookback=timedelta(days=30)),
    ],
    ids=["queues", "agents", "channels", "hierarchy", "lookback"],
)
@pytest.mark.parametrize("members", [{}, {"AgentInfo": {}}], ids=["nothing", "agent"])
def test_what_a_contact_does_not_have_is_not_granted(members: dict[str, Any], grant: Grant) -> None:
    assert is_granted(ContactDetails.model_validate(members), Grant(), NOW)
    assert not is_granted(ContactDetails.model_validate(members), grant, NOW)


class FakeTable(DurableTable):
    """Have one client."""

    def __init__(self, *, revoked: int) -> None:
        self._client = {"id": "1", "usage_key": "u", "by_token": 0, "revoked": revoked}

    def get(self, key: str) -> dict[str, Any] | None:
        stored = {"revision": "3", "grant": '{"page_limit": 5}', "usage_plan": "internal"}
        return self._client | stored if key == "client partner" else None


def test_a_caller_is_a_client_with_its_grant() -> None:
    expected = Caller("partner", "3", Grant(page_limit=5), "internal")
    assert find_caller(FakeTable(revoked=0), "partner") == expected
    assert find_caller(FakeTable(revoked=0), "another") is None
    assert find_caller(FakeTable(revoked=1), "partner") is None


@pytest.mark.parametrize(
    "limits",
    [
        {"queue_ids": []},
        {"agent_hierarchy_groups": {"L1Ids": ["a"], "L2Ids": ["b"]}},
        {"agent_hierarchy_groups": {}},
        {"fields": ["colour"]},
        {"page_limit": 0},
        {"lookback": "PT0S"},
        {"lookback": "P732D"},
        {"queues": ["a"]},
    ],
    ids=lambda limits: ",".join(f"{name}-{value}" for name, value in limits.items()),
)
def test_what_cannot_be_granted(limits: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Grant.model_validate(limits)


def test_exports_must_be_granted_explicitly() -> None:
    assert not Grant().exports
    assert not Grant.model_validate_json("{}").exports  # stored before exports existed


def test_a_grant_survives_being_stored() -> None:
    grant = Grant(
        queue_ids=["a"],
        fields=frozenset({"channel", "name"}),
        attribute_keys=frozenset(),
        lookback=timedelta(days=30),
        page_limit=5,
        exports=True,
    )
    assert Grant.model_validate_json(grant.model_dump_json(exclude_defaults=True)) == grant
