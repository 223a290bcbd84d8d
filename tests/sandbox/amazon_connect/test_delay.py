"""Search contacts that become searchable some time after their timestamps."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.amazon_connect.models import SearchableConnectBackend
from tests.sandbox.amazon_connect.conftest import INSTANCE_ID, NOW, Clock, agent, put, queue, record, to_text

MINUTE = timedelta(minutes=1)


def found(connect: Any, time_field: str) -> list[str]:
    time_range = {"Type": time_field, "StartTime": NOW - timedelta(days=7), "EndTime": NOW + timedelta(days=7)}
    response = connect.search_contacts(InstanceId=INSTANCE_ID, TimeRange=time_range)
    assert response["TotalCount"] == len(response["Contacts"])
    return [contact["Id"] for contact in response["Contacts"]]


def test_contacts_are_searchable_at_once_by_default(connect: Any, backend: SearchableConnectBackend) -> None:
    put(backend, record("c-1", timedelta(0)), record("ahead", -MINUTE))
    assert found(connect, "INITIATION_TIMESTAMP") == ["ahead", "c-1"]


@pytest.mark.parametrize(
    ("time_field", "happens"),
    [
        ("INITIATION_TIMESTAMP", timedelta(0)),
        ("SCHEDULED_TIMESTAMP", timedelta(0)),  # a schedule is known from the beginning, however far ahead
        ("ENQUEUE_TIMESTAMP", 10 * MINUTE),
        ("CONNECTED_TO_AGENT_TIMESTAMP", 20 * MINUTE),
        ("DISCONNECT_TIMESTAMP", 30 * MINUTE),
    ],
)
def test_each_timestamp_is_searchable_after_the_delay(
    connect: Any, backend: SearchableConnectBackend, clock: Clock, time_field: str, happens: timedelta
) -> None:
    backend.behaviour.searchable_after = 5 * MINUTE
    put(
        backend,
        record(
            "c-1",
            timedelta(0),
            Queue=queue("q-1") | {"EnqueueTimestamp": to_text(NOW + 10 * MINUTE)},
            Agent=agent("a-1") | {"ConnectedToAgentTimestamp": to_text(NOW + 20 * MINUTE)},
            ScheduledTimestamp=to_text(NOW + timedelta(days=3)),
            DisconnectTimestamp=to_text(NOW + 30 * MINUTE),
        ),
    )
    clock.now = NOW + happens + 5 * MINUTE - timedelta(milliseconds=1)
    assert found(connect, time_field) == []
    clock.now += timedelta(milliseconds=1)
    assert found(connect, time_field) == ["c-1"]


def test_the_other_operations_know_a_contact_at_once(connect: Any, backend: SearchableConnectBackend) -> None:
    backend.behaviour.searchable_after = timedelta(hours=1)
    put(backend, record("c-1", timedelta(0), Queue=queue("q-1", "Billing")))
    assert found(connect, "INITIATION_TIMESTAMP") == []
    assert connect.describe_contact(InstanceId=INSTANCE_ID, ContactId="c-1")["Contact"]["Id"] == "c-1"
    assert len(connect.list_queues(InstanceId=INSTANCE_ID)["QueueSummaryList"]) == 1
