"""The durable table never overwrites what it did not read."""

from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contact_search.storage.durable_table import DurableTable
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
def test_failures_are_one_error(error: Exception, code: str) -> None:
    with pytest.raises(StorageUnavailableError, match=code):
        DurableTable("table", Mock(get_item=Mock(side_effect=error))).get("k")
