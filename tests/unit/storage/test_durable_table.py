"""Test that the durable table never overwrites a version that was not read."""

from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contact_search.storage.durable_table import Addition, DurableTable, Replacement
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError


@pytest.fixture
def table(dynamodb: Any) -> DurableTable:
    return DurableTable("table", dynamodb)


def test_items_are_written_read_and_deleted(table: DurableTable) -> None:
    assert table.get("k") is None
    table.put("k", {"a": 1, "b": "text"})
    assert table.get("k") == {"a": 1, "b": "text"}
    table.delete("k")
    table.delete("k")
    assert table.get("k") is None


def test_an_item_is_replaced_only_at_the_version_that_was_read(table: DurableTable) -> None:
    table.replace("k", {"version": "1"}, None)
    with pytest.raises(ConditionFailedError):
        table.replace("k", {"version": "2"}, None)
    table.replace("k", {"version": "2"}, {"version": "1"})
    with pytest.raises(ConditionFailedError):
        table.replace("k", {"version": "3"}, {"version": "1"})
    assert table.get("k") == {"version": "2"}


def test_changes_are_made_together_or_not_at_all(table: DurableTable) -> None:
    table.write_together([Replacement("k", {"version": 1}, None), Addition("parts", {"1": "a", "2": "b"})])
    table.write_together([Replacement("k", {"version": 2}, {"version": 1}), Addition("parts", {"3": "c"})])
    with pytest.raises(ConditionFailedError):
        table.write_together([Addition("parts", {"3": "x"}), Replacement("k", {"version": 3}, {"version": 1})])
    assert table.get("k") == {"version": 2}
    assert table.get("parts") == {"1": "a", "2": "b", "3": "c"}


def test_many_items_are_read_at_once(table: DurableTable) -> None:
    for number in range(120):
        table.put(f"k{number}", {"a": number})
    items = table.get_many([f"k{number}" for number in range(250)])
    assert items == {f"k{number}": {"a": number} for number in range(120)}
    assert table.get_many([]) == {}


def test_unprocessed_keys_are_requested_again() -> None:
    keys = {"table": {"Keys": [{"key": {"S": "b"}}], "ConsistentRead": True}}
    batch_get_item = Mock(
        side_effect=[
            {"Responses": {"table": [{"key": {"S": "a"}, "n": {"N": "1"}}]}, "UnprocessedKeys": keys},
            {"Responses": {"table": [{"key": {"S": "b"}, "n": {"N": "2"}}]}, "UnprocessedKeys": {}},
        ]
    )
    items = DurableTable("table", Mock(batch_get_item=batch_get_item)).get_many(["a", "b"])
    assert items == {"a": {"n": 1}, "b": {"n": 2}}
    assert batch_get_item.call_args.kwargs == {"RequestItems": keys}


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_simultaneous_write_is_a_failed_condition(reason: str) -> None:
    error = ClientError(
        {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": [{"Code": reason}]},
        "TransactWriteItems",
    )
    with pytest.raises(ConditionFailedError):
        DurableTable("table", Mock(transact_write_items=Mock(side_effect=error))).write_together([])


def test_items_are_found_by_prefix_over_all_pages() -> None:
    def attributes(key: str) -> dict[str, Any]:
        return {"key": {"S": key}, "a": {"N": "1"}}

    scan = Mock(
        side_effect=[
            {"Items": [attributes("client a"), attributes("other")], "LastEvaluatedKey": {"key": {"S": "other"}}},
            {"Items": [attributes("client b")]},
        ]
    )
    assert list(DurableTable("table", Mock(scan=scan)).items("client ")) == [("a", {"a": 1}), ("b", {"a": 1})]
    assert scan.call_args.kwargs["ExclusiveStartKey"] == {"key": {"S": "other"}}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetItem"), "ResourceNotFound"),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), "EndpointConnectionError"),
    ],
)
def test_all_failures_become_the_same_error(error: Exception, code: str) -> None:
    with pytest.raises(StorageUnavailableError, match=code):
        DurableTable("table", Mock(get_item=Mock(side_effect=error))).get("k")
