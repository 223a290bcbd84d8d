"""Keep what may not be lost in a DynamoDB table: the clients."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item, Value, from_attributes, to_attribute, to_attributes


class DurableTable:
    """Read and write items by key. Values are whole numbers, text and bytes.

    All methods raise StorageUnavailableError.
    """

    def __init__(self, name: str, client: Any) -> None:
        self._name = name
        self._client = client

    def get(self, key: str) -> Item | None:
        """Return the item as it was last written."""
        response = self._call(self._client.get_item, Key=to_attributes({"key": key}), ConsistentRead=True)
        return from_attributes(response["Item"]) if "Item" in response else None

    def put(self, key: str, item: Mapping[str, Value]) -> None:
        """Write the item, in place of what the table has."""
        self._call(self._client.put_item, Item=to_attributes({"key": key, **item}))

    def replace(self, key: str, item: Mapping[str, Value], before: Item | None) -> None:
        """Write the item if `before` is what the table still has.

        Args:
            key: The item's key.
            item: The new item, with a `version` that no item before had.
            before: The item as it was read, None if there was none.

        Raises:
            ConditionFailedError: The table has another version.
        """
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#version)"}
        if before is not None:
            condition = {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeValues": {":version": to_attribute(before["version"])},
            }
        attributes = to_attributes({"key": key, **item})
        names = {"#version": "version"}
        self._call(self._client.put_item, Item=attributes, ExpressionAttributeNames=names, **condition)

    def delete(self, key: str) -> None:
        """Delete the item if there is one."""
        self._call(self._client.delete_item, Key=to_attributes({"key": key}))

    def items(self, prefix: str) -> Iterator[tuple[str, Item]]:
        """Yield the items whose keys have this prefix, with the rest of their keys.

        It reads the whole table, so it is for operators only.
        """
        start: dict[str, Any] = {}
        while True:
            response = self._call(self._client.scan, ConsistentRead=True, **start)
            for attributes in response["Items"]:
                key = attributes["key"]["S"]
                if key.startswith(prefix):
                    yield key.removeprefix(prefix), from_attributes(attributes)
            if "LastEvaluatedKey" not in response:
                return
            start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}

    def _call(self, operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
        try:
            return operation(TableName=self._name, **parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                raise ConditionFailedError({}) from None
            raise StorageUnavailableError(code) from error
        except BotoCoreError as error:
            raise StorageUnavailableError(type(error).__name__) from error
