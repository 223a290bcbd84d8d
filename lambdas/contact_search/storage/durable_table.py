"""Keep what may not be lost in a DynamoDB table: the clients and their exports."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item, Value, from_attributes, to_attribute, to_attributes

# Somebody else has changed an item, or is changing it at this moment.
_CONFLICTS = {"ConditionalCheckFailed", "TransactionConflict"}
_CONFLICT_ERRORS = {"ConditionalCheckFailedException", "TransactionConflictException"}
_MOST_KEYS = 100  # of BatchGetItem


@dataclass(frozen=True)
class Replacement:
    """Write an item if `before` is what the table still has: see DurableTable.replace."""

    key: str
    item: Mapping[str, Value]
    before: Item | None


@dataclass(frozen=True)
class Addition:
    """Add attributes to an item, which need not exist before."""

    key: str
    attributes: Mapping[str, Value]


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
        self._call(self._client.put_item, **_put_parameters(Replacement(key, item, before)))

    def write_together(self, changes: Sequence[Replacement | Addition]) -> None:
        """Make all of these changes, or none.

        Raises:
            ConditionFailedError: The table has another version of an item that is to be replaced.
        """
        self._request(self._client.transact_write_items, TransactItems=[self._transact_item(one) for one in changes])

    def get_many(self, keys: Sequence[str]) -> dict[str, Item]:
        """Return those of the items that exist, by key, as they were last written."""
        items: dict[str, Item] = {}
        for start in range(0, len(keys), _MOST_KEYS):
            request: Any = [to_attributes({"key": key}) for key in keys[start : start + _MOST_KEYS]]
            requests: dict[str, Any] = {self._name: {"Keys": request, "ConsistentRead": True}}
            while requests:  # DynamoDB returns as much as it can at once
                response = self._request(self._client.batch_get_item, RequestItems=requests)
                for attributes in response["Responses"].get(self._name, ()):
                    items[attributes["key"]["S"]] = from_attributes(attributes)
                requests = response.get("UnprocessedKeys") or {}
        return items

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

    def _transact_item(self, change: Replacement | Addition) -> dict[str, Any]:
        table = {"TableName": self._name}
        if isinstance(change, Replacement):
            return {"Put": table | _put_parameters(change)}
        names = {f"#{number}": name for number, name in enumerate(change.attributes)}
        values = {f":{number}": to_attribute(value) for number, value in enumerate(change.attributes.values())}
        update = {
            "Key": to_attributes({"key": change.key}),
            "UpdateExpression": "SET " + ", ".join(f"#{number} = :{number}" for number in range(len(names))),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        return {"Update": table | update}

    def _call(self, operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
        return self._request(operation, TableName=self._name, **parameters)

    def _request(self, operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
        try:
            return operation(**parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if code in _CONFLICT_ERRORS or reasons & _CONFLICTS:
                raise ConditionFailedError({}) from None
            raise StorageUnavailableError(code) from error
        except BotoCoreError as error:
            raise StorageUnavailableError(type(error).__name__) from error


def _put_parameters(replacement: Replacement) -> dict[str, Any]:
    """Return what PutItem and a Put of TransactWriteItems have in common."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#version)"}
    if replacement.before is not None:
        condition = {
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeValues": {":version": to_attribute(replacement.before["version"])},
        }
    item = to_attributes({"key": replacement.key, **replacement.item})
    return {"Item": item, "ExpressionAttributeNames": {"#version": "version"}, **condition}
