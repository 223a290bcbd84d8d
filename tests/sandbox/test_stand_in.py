"""Test the stand-in of Amazon Connect through the real boto3 client: what it finds and what it refuses."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.amazon_connect.models import SearchableConnectBackend
from sandbox.amazon_connect.request_quota import RequestQuota
from sandbox.aws_server import AwsServer, connect_backend
from sandbox.contact_data.contact_record import StoredContact
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.clock import MIDNIGHT, Clock
from tests.conftest import INSTANCE_ID, SampleContact
from tests.oracle import matches, timestamp_of
from tests.profiles import examples
from tests.searches import searches


def window(days: float, end: datetime = MIDNIGHT) -> dict[str, Any]:
    return {"Type": "INITIATION_TIMESTAMP", "StartTime": end - timedelta(days=days), "EndTime": end}


@pytest.fixture
def behaviour(aws: AwsServer) -> Iterator[Behaviour]:
    """Return the stand-in's switches, which are reset after the test."""
    before, aws.connect.behaviour = aws.connect.behaviour, Behaviour()
    yield aws.connect.behaviour
    aws.connect.behaviour = before


def error_of(connect: Any, **request: Any) -> tuple[str, int, str]:
    """Return the error code, HTTP status and message of a refused search."""
    with pytest.raises(ClientError) as raised:
        connect.search_contacts(**{"InstanceId": INSTANCE_ID, "TimeRange": window(1)} | request)
    error = raised.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_finds_what_a_plain_loop_finds(connect: Any, contacts: list[SampleContact], data: st.DataObject) -> None:
    _, request = data.draw(searches(contacts))
    pages = list(connect.get_paginator("search_contacts").paginate(**request))
    found = [contact["Id"] for page in pages for contact in page["Contacts"]]
    assert sorted(found) == sorted(contact.summary["Id"] for contact in contacts if matches(contact, request))
    assert {page["TotalCount"] for page in pages} == {len(found)}


_RANGE = st.integers(1, 40).map(lambda days: window(days)["StartTime"])
_TIMESTAMP = st.sampled_from(["SCHEDULED_TIMESTAMP", "CONNECTED_TO_AGENT_TIMESTAMP", "DISCONNECT_TIMESTAMP"])
_TAG = st.builds(
    lambda key, value: {"TagKey": key, "TagValue": value},
    st.sampled_from(["cost-centre", "none"]),
    st.sampled_from(["4100", "4110", "4120"]),
)
_NEWER_CRITERIA = st.fixed_dictionaries(
    {},
    optional={
        "Name": st.fixed_dictionaries(
            {
                "SearchText": st.lists(st.sampled_from(["FOLLOW up", "enquiry", "billing", "sales"]), min_size=1),
                "MatchType": st.sampled_from(["MATCH_ALL", "MATCH_ANY", "MATCH_EXACT", "MATCH_NONE"]),
            }
        ),
        "SearchableSegmentAttributes": st.fixed_dictionaries(
            {
                "Criteria": st.just([{"Key": "connect:Subtype", "Values": ["connect:Chat", "connect:Task"]}]),
                "MatchType": st.sampled_from(["MATCH_ALL", "MATCH_ANY", "MATCH_NONE"]),
            }
        ),
        "ContactTags": st.fixed_dictionaries(
            {},
            optional={
                "OrConditions": st.lists(st.lists(_TAG, min_size=1, max_size=2), min_size=1, max_size=3),
                "AndConditions": st.lists(_TAG, min_size=1, max_size=1),
                "TagCondition": _TAG,
            },
        ),
        "AiAgents": st.fixed_dictionaries(
            {},
            optional={
                "Id": st.just("7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"),
                "VersionNumber": st.integers(1, 4),
                "AiAgentEscalated": st.booleans(),
                "AiUseCase": st.sampled_from(["SelfService", "AgentAssistance"]),
            },
        ).map(lambda criterion: {"Criteria": [criterion]}),
        "AdditionalTimeRange": st.fixed_dictionaries(
            {
                "Criteria": st.lists(
                    st.builds(
                        lambda type_, start: {"TimeRange": {"Type": type_, "StartTime": start, "EndTime": MIDNIGHT}},
                        _TIMESTAMP,
                        _RANGE,
                    )
                    | st.builds(
                        lambda type_: {"TimestampCondition": {"Type": type_, "ConditionType": "NOT_EXISTS"}}, _TIMESTAMP
                    ),
                    min_size=1,
                    max_size=3,
                ),
                "MatchType": st.sampled_from(["MATCH_ALL", "MATCH_ANY", "MATCH_NONE"]),
            }
        ),
    },
)


@given(criteria=_NEWER_CRITERIA)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_newer_criteria_find_what_a_plain_loop_finds(
    connect: Any, contacts: list[SampleContact], criteria: dict[str, Any]
) -> None:
    request = {"InstanceId": INSTANCE_ID, "TimeRange": window(50), "SearchCriteria": criteria}
    pages = connect.get_paginator("search_contacts").paginate(**request)
    found = sorted(contact["Id"] for page in pages for contact in page["Contacts"])
    assert found == sorted(contact.summary["Id"] for contact in contacts if matches(contact, request))


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_contacts_without_the_sorted_timestamp_come_last(
    connect: Any, contacts: list[SampleContact], order: str
) -> None:
    request = {"TimeRange": window(50), "Sort": {"FieldName": "SCHEDULED_TIMESTAMP", "Order": order}}
    pages = connect.get_paginator("search_contacts").paginate(InstanceId=INSTANCE_ID, **request)
    by_id = {contact.summary["Id"]: contact.summary for contact in contacts}
    times = [timestamp_of(by_id[c["Id"]], "SCHEDULED_TIMESTAMP") for page in pages for c in page["Contacts"]]
    present = [time for time in times if time is not None]
    assert 0 < len(present) < len(times)
    assert times == sorted(present, reverse=order == "DESCENDING") + [None] * (len(times) - len(present))


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"MaxResults": 101}, "MaxResults"),
        ({"SearchCriteria": {"AgentIds": ["a"] * 101}}, "SearchCriteria.AgentIds"),
        ({"SearchCriteria": {"AgentIds": ["a" * 257]}}, "SearchCriteria.AgentIds.1.member"),
        (
            {"SearchCriteria": {"AgentHierarchyGroups": {"L2Ids": ["g"] * 11}}},
            "SearchCriteria.AgentHierarchyGroups.L2Ids",
        ),
        ({"SearchCriteria": {"Channels": ["FAX"]}}, "SearchCriteria.Channels.1.member"),
        ({"Sort": {"FieldName": "ENQUEUE_TIMESTAMP", "Order": "ASCENDING"}}, "Sort.FieldName"),
        ({"NextToken": "x" * 100_001}, "NextToken"),
    ],
)
def test_it_holds_requests_to_the_service_models_constraints(connect: Any, request_: Any, path: str) -> None:
    code, status, message = error_of(connect, **request_)
    assert (code, status) == ("InvalidParameterException", 400)
    assert f"'{path}'" in message


def test_an_instance_that_does_not_exist(connect: Any) -> None:
    assert error_of(connect, InstanceId="nowhere")[:2] == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize("name", ["InvalidParameterException", "InvalidRequestException"])
def test_a_window_spans_at_most_8_weeks(connect: Any, behaviour: Behaviour, name: Any) -> None:
    behaviour.window_exception = name
    connect.search_contacts(InstanceId=INSTANCE_ID, TimeRange=window(56))
    assert error_of(connect, TimeRange=window(56.001))[:2] == (name, 400)
    assert error_of(connect, TimeRange=window(-1))[:2] == ("InvalidParameterException", 400)


def test_a_token_is_of_one_search_and_has_a_life_and_a_length(connect: Any, behaviour: Behaviour, clock: Clock) -> None:
    behaviour.token_length = 100_000
    first = {"InstanceId": INSTANCE_ID, "TimeRange": window(30), "MaxResults": 3}
    token = connect.search_contacts(**first)["NextToken"]
    assert len(token) == 100_000
    assert connect.search_contacts(**first, NextToken=token)["Contacts"]
    invalid = ("InvalidRequestException", 400)
    assert error_of(connect, **first | {"TimeRange": window(29)}, NextToken=token)[:2] == invalid
    assert error_of(connect, **first, NextToken="made-up")[:2] == invalid
    clock.advance(timedelta(hours=25))
    assert error_of(connect, **first, NextToken=token)[:2] == invalid


def test_the_quota_is_requests_a_second_with_a_burst_of_one(
    aws: AwsServer, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = boto3.client("connect", endpoint_url=aws.url, config=Config(retries={"total_max_attempts": 1}))
    behaviour.quota = 0.5
    now = 1_000.0
    monkeypatch.setitem(aws.connect.quotas, "SearchContacts", RequestQuota())  # other tests have used up theirs
    monkeypatch.setattr("sandbox.amazon_connect.request_quota.monotonic", lambda: now)
    connect.search_contacts(InstanceId=INSTANCE_ID, TimeRange=window(1))
    now += 1.9
    assert error_of(connect)[:2] == ("ThrottlingException", 429)
    now += 0.2
    connect.search_contacts(InstanceId=INSTANCE_ID, TimeRange=window(1))


@pytest.fixture(scope="module")
def crowd() -> Iterator[SearchableConnectBackend]:
    """Create a region with 10,150 contacts, several of them in the same millisecond."""
    backend = connect_backend("eu-central-1")
    backend.add_instance(INSTANCE_ARN)
    start = (MIDNIGHT - timedelta(days=2)).timestamp()
    backend.contacts.put(
        StoredContact(INSTANCE_ARN, {"Id": f"{n}", "InitiationTimestamp": start + n // 3}) for n in range(10_150)
    )
    yield backend
    backend.contacts.close()


@pytest.fixture(scope="module")
def crowded(aws: AwsServer, crowd: SearchableConnectBackend) -> Callable[..., Any]:
    """Return a function that searches the crowd, with this configuration of boto3's paginator."""
    client = boto3.client("connect", region_name=crowd.region_name, endpoint_url=aws.url)

    def search(**configuration: Any) -> Any:
        paging = {"PageSize": 97, **configuration}
        return client.get_paginator("search_contacts").paginate(
            InstanceId=INSTANCE_ID, TimeRange=window(3), PaginationConfig=paging
        )

    return search


@pytest.fixture(scope="module")
def almost_all(crowded: Callable[..., Any]) -> tuple[list[str], str]:
    """Return the results on the 103 pages before the one with the limit in it, and the token to go on with."""
    result = crowded(MaxItems=103 * 97).build_full_result()
    return [contact["Id"] for contact in result["Contacts"]], result["NextToken"]


@pytest.mark.parametrize("total_count", ["exact", "capped"])
@pytest.mark.parametrize("at_result_limit", ["end", "error"])
def test_only_the_first_10_000_results_can_be_had(
    crowd: SearchableConnectBackend,
    crowded: Callable[..., Any],
    almost_all: tuple[list[str], str],
    at_result_limit: Any,
    total_count: Any,
) -> None:
    crowd.behaviour = Behaviour(at_result_limit=at_result_limit, total_count=total_count)
    before, token = almost_all
    found = [*before]
    total = 0
    try:
        for page in crowded(StartingToken=token):
            found += [contact["Id"] for contact in page["Contacts"]]
            total = page["TotalCount"]
        ended = "end"
    except ClientError as error:
        ended = error.response["Error"]["Code"]
    assert ended == {"end": "end", "error": "InvalidRequestException"}[at_result_limit]
    assert len(found) == len(set(found)) == 10_000
    assert total == (10_150 if total_count == "exact" else 10_000)


def test_a_phrase_does_not_span_two_turns(connect: Any, contacts: list[SampleContact]) -> None:
    contact = next(contact for contact in contacts if len(contact.said.get("AGENT", ())) > 1)
    last, first = contact.said["AGENT"][0].split()[-1], contact.said["AGENT"][1].split()[0]
    moment = datetime.fromtimestamp(contact.summary["InitiationTimestamp"], UTC)

    def found(text: str) -> int:
        criterion = {"ParticipantRole": "AGENT", "SearchText": [text], "MatchType": "MATCH_ALL"}
        analysis = {"Transcript": {"Criteria": [criterion]}}
        time_range = {"Type": "INITIATION_TIMESTAMP", "StartTime": moment, "EndTime": moment}
        answer = connect.search_contacts(
            InstanceId=INSTANCE_ID, TimeRange=time_range, SearchCriteria={"ContactAnalysis": analysis}
        )
        return len(answer["Contacts"])

    assert found(contact.said["AGENT"][0].upper()) == 1
    assert found(f"{last} {first}") == 0
    assert found('"!?') == found('"') == 0
