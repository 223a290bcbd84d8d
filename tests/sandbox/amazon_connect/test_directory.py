"""List queues and users: names from contact records, changes by tests, pages, quotas and errors."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.amazon_connect.models import SearchableConnectBackend
from tests.sandbox.amazon_connect.conftest import (
    INSTANCE_ARN,
    INSTANCE_ID,
    NOW,
    REGION,
    Clock,
    agent,
    error,
    put,
    queue,
    record,
)

STANDARD = {"InstanceId": INSTANCE_ID, "QueueTypes": ["STANDARD"]}


def queue_names(connect: Any) -> dict[str, str]:
    pages = connect.get_paginator("list_queues").paginate(**STANDARD)
    return {summary["Id"]: summary["Name"] for page in pages for summary in page["QueueSummaryList"]}


def usernames(connect: Any) -> dict[str, str]:
    pages = connect.get_paginator("list_users").paginate(InstanceId=INSTANCE_ID)
    return {summary["Id"]: summary["Username"] for page in pages for summary in page["UserSummaryList"]}


def test_list_queues_and_users_of_contact_records(connect: Any, backend: SearchableConnectBackend) -> None:
    put(backend, record("c-1", Queue=queue("q-1", "Billing"), Agent=agent("a-1", "jdoe")))
    [found] = connect.list_queues(**STANDARD)["QueueSummaryList"]
    assert found == {
        "Id": "q-1",
        "Arn": f"{INSTANCE_ARN}/queue/q-1",
        "Name": "Billing",
        "QueueType": "STANDARD",
        "LastModifiedTime": found["LastModifiedTime"],
        "LastModifiedRegion": REGION,
    }
    assert found["LastModifiedTime"] == NOW - timedelta(days=1)
    [user] = connect.list_users(InstanceId=INSTANCE_ID)["UserSummaryList"]
    assert user == {
        "Id": "a-1",
        "Arn": f"{INSTANCE_ARN}/agent/a-1",
        "Username": "jdoe",
        "LastModifiedTime": NOW - timedelta(days=1),
        "LastModifiedRegion": REGION,
    }


def test_each_user_has_a_personal_queue_without_a_name(connect: Any, backend: SearchableConnectBackend) -> None:
    personal = {"ARN": f"{INSTANCE_ARN}/queue/agent/a-1", "Name": None}
    put(backend, record("c-1", Queue=queue("q-1", "Billing")), record("c-2", Queue=personal, Agent=agent("a-1")))
    [found] = connect.list_queues(InstanceId=INSTANCE_ID, QueueTypes=["AGENT"])["QueueSummaryList"]
    assert (found["Id"], found["Arn"], found["QueueType"]) == ("a-1", personal["ARN"], "AGENT")
    assert "Name" not in found
    both = connect.list_queues(InstanceId=INSTANCE_ID)["QueueSummaryList"]
    assert both == connect.list_queues(InstanceId=INSTANCE_ID, QueueTypes=["AGENT", "STANDARD"])["QueueSummaryList"]
    assert [summary["QueueType"] for summary in both] == ["AGENT", "STANDARD"]


def test_the_latest_record_names_a_queue_and_the_id_is_the_last_resort(
    connect: Any, backend: SearchableConnectBackend
) -> None:
    put(
        backend,
        record("c-1", timedelta(days=3), Queue=queue("q-1", "Old"), Agent=agent("a-1", "old")),
        record("c-2", timedelta(days=1), Queue=queue("q-1", "New"), Agent=agent("a-1", "new")),
        record("c-3", timedelta(days=2), Queue=queue("q-1", "Old"), Agent=agent("a-1", "old")),
        record("c-4", timedelta(hours=1), Queue=queue("q-1"), Agent=agent("a-1", "")),
        record("c-5", Queue=queue("q-2"), Agent=agent("a-2")),
    )
    assert queue_names(connect) == {"q-1": "New", "q-2": "q-2"}
    assert usernames(connect) == {"a-1": "new", "a-2": "a-2"}
    put(backend, record("c-6", timedelta(days=9), Queue=queue("q-2", "Named late"), Agent=agent("a-2", "late")))
    assert queue_names(connect)["q-2"] == "Named late"
    assert usernames(connect)["a-2"] == "late"


def test_changes_outlast_later_records(connect: Any, backend: SearchableConnectBackend, clock: Clock) -> None:
    put(
        backend,
        record("c-1", Queue=queue("q-1", "Billing"), Agent=agent("a-1", "jdoe")),
        record("c-2", Queue=queue("q-2", "Sales"), Agent=agent("a-2", "asmith")),
    )
    clock.now = NOW + timedelta(hours=1)
    backend.directory.rename_queue("q-1", "Invoices")
    backend.directory.delete_queue("q-2")
    backend.directory.add_queue("q-3", "New queue")
    backend.directory.rename_user("a-1", "jane.doe")
    backend.directory.delete_user("a-2")
    backend.directory.add_user("a-3", "new.user")
    put(
        backend,
        record("c-3", timedelta(0), Queue=queue("q-1", "Billing"), Agent=agent("a-1", "jdoe")),
        record("c-4", timedelta(0), Queue=queue("q-2", "Sales"), Agent=agent("a-2", "asmith")),
    )
    assert queue_names(connect) == {"q-1": "Invoices", "q-3": "New queue"}
    assert usernames(connect) == {"a-1": "jane.doe", "a-3": "new.user"}
    assert connect.list_users(InstanceId=INSTANCE_ID)["UserSummaryList"][0]["LastModifiedTime"] == clock.now
    assert backend.contacts.queue_ids() == ["q-1", "q-2"]  # contacts remain
    for change in (backend.directory.delete_queue, lambda queue_id: backend.directory.rename_queue(queue_id, "x")):
        with pytest.raises(KeyError):
            change("q-2")


def test_pages(connect: Any, backend: SearchableConnectBackend) -> None:
    for number in range(1_205):
        backend.directory.add_queue(f"q-{number:04}", f"Queue {number}")
        backend.directory.add_user(f"a-{number:04}", f"user{number}")
    assert len(queue_names(connect)) == len(usernames(connect)) == 1_205
    assert len(connect.list_queues(**STANDARD)["QueueSummaryList"]) == 100  # the documented default
    sizes, page = [], connect.list_users(InstanceId=INSTANCE_ID, MaxResults=1_000)
    while True:
        sizes.append(len(page["UserSummaryList"]))
        if "NextToken" not in page:
            break
        page = connect.list_users(InstanceId=INSTANCE_ID, MaxResults=205, NextToken=page["NextToken"])
    assert sizes == [1_000, 205]


def test_a_deletion_between_pages_skips_nothing(connect: Any, backend: SearchableConnectBackend) -> None:
    for number in range(5):
        backend.directory.add_queue(f"q-{number}", f"Queue {number}")
    first = connect.list_queues(**STANDARD, MaxResults=2)
    for deleted in ("q-0", "q-1"):
        backend.directory.delete_queue(deleted)
    rest = connect.list_queues(**STANDARD, MaxResults=3, NextToken=first["NextToken"])
    assert [summary["Id"] for summary in rest["QueueSummaryList"]] == ["q-2", "q-3", "q-4"]
    assert "NextToken" not in rest


def test_a_token_is_valid_for_its_own_request_and_time(connect: Any, backend: SearchableConnectBackend) -> None:
    for user in ("a-1", "a-2"):
        backend.directory.add_user(user, user)
    token = connect.list_users(InstanceId=INSTANCE_ID, MaxResults=1)["NextToken"]
    assert error(connect.list_queues, NextToken=token).code == "InvalidRequestException"
    assert error(connect.list_users, NextToken="forged").code == "InvalidRequestException"
    backend.behaviour.token_life = timedelta(seconds=-1)
    assert error(connect.list_users, NextToken=token).code == "InvalidRequestException"


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("list_queues", {"MaxResults": 1_001}, "InvalidParameterException"),
        ("list_users", {"MaxResults": 1_001}, "InvalidParameterException"),
        ("list_queues", {"QueueTypes": ["OTHER"]}, "InvalidParameterException"),
        ("list_queues", {"QueueTypes": ["STANDARD", "AGENT", "AGENT"]}, "InvalidParameterException"),
        ("list_users", {"InstanceId": "i" * 101}, "InvalidParameterException"),
        ("list_users", {"InstanceId": "nowhere"}, "ResourceNotFoundException"),
        ("list_queues", {"InstanceId": "nowhere"}, "ResourceNotFoundException"),
    ],
)
def test_errors(connect: Any, operation: str, request_: dict[str, Any], code: str) -> None:
    found = error(getattr(connect, operation), **request_)
    assert (found.code, found.status) == (code, 404 if code == "ResourceNotFoundException" else 400)


@pytest.mark.parametrize("operation", ["list_queues", "list_users"])
def test_each_operation_has_a_quota_with_a_burst_of_5(
    connect: Any, backend: SearchableConnectBackend, clock: Clock, operation: str
) -> None:
    call = getattr(connect, operation)
    setattr(backend.behaviour, f"{operation}_quota", 2)
    for _ in range(5):
        call(InstanceId=INSTANCE_ID)
    found = error(call)
    assert (found.code, found.status) == ("ThrottlingException", 429)
    clock.now += timedelta(seconds=0.5)
    call(InstanceId=INSTANCE_ID)
    assert error(call).code == "ThrottlingException"
    clock.now += timedelta(minutes=1)
    for _ in range(5):
        call(InstanceId=INSTANCE_ID)
    assert error(call).code == "ThrottlingException"
    counts = {name: (quota.requests, quota.throttled) for name, quota in backend.quotas.items() if quota.requests}
    assert list(counts.values()) == [(14, 3)]  # other operations are not affected
