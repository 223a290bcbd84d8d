"""Items of DynamoDB tables, as the functions have them and as they are on the wire."""

import base64
from collections.abc import Mapping
from typing import Any

DYNAMODB = "DynamoDB_20120810"  # as X-Amz-Target has it

Value = int | str | bytes
Item = dict[str, Any]


class StorageUnavailableError(Exception):
    """The table is out of reach; `code` can be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ConditionFailedError(Exception):
    """The condition of an update does not hold; `item` is what the table has, empty if it has nothing."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


def typed(value: Value) -> dict[str, Any]:
    """As DynamoDB has values on the wire."""
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value} if isinstance(value, str) else {"B": base64.b64encode(value).decode()}


def whole(key: str, item: Mapping[str, Value]) -> dict[str, Any]:
    """The item with its key, on the wire."""
    return {name: typed(value) for name, value in {"key": key, **item}.items()}


def plain(attributes: Mapping[str, Mapping[str, Any]]) -> Item:
    """Without the key, which whoever asks knows."""
    return {name: _value(value) for name, value in attributes.items() if name != "key"}


def _value(typed_value: Mapping[str, Any]) -> Value:
    if "N" in typed_value:
        return int(typed_value["N"])
    return str(typed_value["S"]) if "S" in typed_value else base64.b64decode(typed_value.get("B", ""))
