"""The DynamoDB table for what may not be lost: the clients."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from storage.item import ConditionFailedError, Item, StorageUnavailableError, Value, plain, typed, whole


class DurableTable:
    """Items by key, with attributes of whole numbers, text and bytes. Raises StorageUnavailableError."""

    def __init__(self, name: str, client: Any) -> None:
        """`client` is one of DynamoDB."""
        self.name = name
        self._client = client

    def get(self, key: str) -> Item | None:
        """The item as it was last written."""
        found = self._call("get_item", Key={"key": {"S": key}}, ConsistentRead=True).get("Item")
        return None if found is None else plain(found)

    def put(self, key: str, item: Mapping[str, Value]) -> None:
        """Writes the whole item, in place of what there may be."""
        self._call("put_item", Item=whole(key, item))

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
        self._call("put_item", Item=whole(key, item), ExpressionAttributeNames={"#version": "version"}, **condition)

    def delete(self, key: str) -> None:
        """Nothing happens where there is none."""
        self._call("delete_item", Key={"key": {"S": key}})

    def items(self, prefix: str) -> Iterator[tuple[str, Item]]:
        """The items whose keys begin so, with the rest of their keys. Reads the whole table: for operators."""
        start: dict[str, Any] = {}
        while True:
            page = self._call("scan", ConsistentRead=True, **start)
            for found in page["Items"]:
                key = found["key"]["S"]
                if key.startswith(prefix):
                    yield key.removeprefix(prefix), plain(found)
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            return getattr(self._client, operation)(TableName=self.name, **parameters)  # type: ignore[no-any-return]
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                raise ConditionFailedError({}) from None
            raise StorageUnavailableError(code) from error
        except BotoCoreError as error:
            raise StorageUnavailableError(type(error).__name__) from error
