"""Test that items expire, that updates are atomic, and that an unavailable table is left alone for a while."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contact_search.storage import transient_table
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item
from contact_search.storage.transient_table import CIRCUIT_OPEN_SECONDS, TransientTable
from tests.unit.conftest import Clock

MINUTE = timedelta(minutes=1)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://dynamodb")


@pytest.fixture(autouse=True)
def _clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transient_table, "time", clock)


@pytest.fixture
def table(dynamodb: Any) -> TransientTable:
    return TransientTable("table", dynamodb)


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GetItem")


def test_an_item_is_there_until_it_expires(table: TransientTable, clock: Clock) -> None:
    assert table.get("k") is None
    table.put("k", {"number": 1, "text": "two", "bytes": b"three"}, MINUTE)
    found = table.get("k") or {}
    assert found == {"number": 1, "text": "two", "bytes": b"three", "expires_at": int(clock.now) + 60}
    clock.now += 61
    assert table.get("k") is None


def test_an_update_returns_the_item_if_asked_for(table: TransientTable) -> None:
    assert table.update("k", "SET #a = :a", {"a": 1}, returns_item=True) == {"a": 1}
    more = table.update("k", "SET #a = #a + :more", {"more": 2}, condition="#a < :more", returns_item=True)
    assert more == {"a": 3}
    assert table.update("k", "SET #a = :a", {"a": 4}) == {}
    assert table.get("k") == {"a": 4}
    assert table.update("k", "REMOVE #a", {}, returns_item=True) == {}


@pytest.mark.parametrize(("returns_item", "item"), [(True, {"a": 1}), (False, {})])
def test_a_failed_condition_returns_the_present_item_if_asked_for(
    table: TransientTable, returns_item: bool, item: Item
) -> None:
    with pytest.raises(ConditionFailedError) as nothing:
        table.update("k", "SET #a = :a", {"a": 1}, condition="attribute_exists(#a)", returns_item=returns_item)
    assert nothing.value.item == {}
    table.update("k", "SET #a = :a", {"a": 1})
    with pytest.raises(ConditionFailedError) as failed:
        table.update("k", "SET #a = :a", {"a": 2}, condition="#a > :a", returns_item=returns_item)
    assert failed.value.item == item


def test_an_update_with_a_lifetime_expires(table: TransientTable, clock: Clock) -> None:
    table.update("k", "SET #a = :a", {"a": 1}, lifetime=MINUTE)
    clock.now += 61
    assert table.get("k") is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (failure("ResourceNotFoundException"), "ResourceNotFoundException"),
        (failure("ProvisionedThroughputExceededException"), "ProvisionedThroughputExceededException"),
        (UNREACHABLE, "EndpointConnectionError"),
    ],
)
def test_an_unavailable_table_is_left_alone_for_a_while(error: Exception, code: str, clock: Clock) -> None:
    client = Mock(get_item=Mock(side_effect=error))
    table = TransientTable("table", client)
    for expected in (code, "CircuitOpen"):
        with pytest.raises(StorageUnavailableError, match=expected):
            table.get("k")
    assert client.get_item.call_count == 1
    assert table.circuit_open_until == clock.now + CIRCUIT_OPEN_SECONDS
    clock.now += CIRCUIT_OPEN_SECONDS
    client.get_item = Mock(return_value={})
    assert table.get("k") is None


def test_an_invalid_request_does_not_open_the_circuit() -> None:
    table = TransientTable("table", Mock(get_item=Mock(side_effect=failure("ValidationException"))))
    for _ in range(2):
        with pytest.raises(StorageUnavailableError, match="ValidationException"):
            table.get("k")
    assert table.circuit_open_until == 0
