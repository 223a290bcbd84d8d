"""The DynamoDB table for what may not be lost: the clients."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws.errors import AwsError
from aws.service import Service
from storage.item import DYNAMODB, ConditionFailedError, Item, StorageUnavailableError, Value, plain, typed, whole


class DurableTable:
    """Items by key, with attributes of whole numbers, text and bytes. Raises StorageUnavailableError."""

    def __init__(self, name: str, dynamodb: Service) -> None:
        self.name = name
        self._dynamodb = dynamodb

    def get(self, key: str) -> Item | None:
        """The item as it was last written."""
        found = self._call("GetItem", Key={"key": {"S": key}}, ConsistentRead=True).get("Item")
        return None if found is None else plain(found)

    def put(self, key: str, item: Mapping[str, Value]) -> None:
        """Writes the whole item, in place of what there may be."""
        self._call("PutItem", Item=whole(key, item))

    def replace(self, key: str, item: Mapping[str, Value], before: Item | None) -> None:
        """Writes the whole item where `before` still stands (None: nothing), or raises ConditionFailedError.

        Both have a `version`, which is another one with every change.
        """
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#version)"}
        if before is not None:
            condition = {
                "ConditionExpression": "#version = :version",
                "ExpressionAttributeValues": {":version": typed(before["version"])},
            }
        self._call("PutItem", Item=whole(key, item), ExpressionAttributeNames={"#version": "version"}, **condition)

    def delete(self, key: str) -> None:
        """Nothing happens where there is none."""
        self._call("DeleteItem", Key={"key": {"S": key}})

    def items(self, prefix: str) -> Iterator[tuple[str, Item]]:
        """The items whose keys begin so, with the rest of their keys. Reads the whole table: for operators."""
        start: dict[str, Any] = {}
        while True:
            page = self._call("Scan", ConsistentRead=True, **start)
            for found in page["Items"]:
                key = found["key"]["S"]
                if key.startswith(prefix):
                    yield key.removeprefix(prefix), plain(found)
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            return self._dynamodb.call(f"{DYNAMODB}.{operation}", {"TableName": self.name, **parameters})
        except AwsError as error:
            if error.code == "ConditionalCheckFailedException":
                raise ConditionFailedError({}) from None
            raise StorageUnavailableError(error.code) from error
