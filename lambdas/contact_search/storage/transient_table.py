"""Keep what may be lost in a DynamoDB table: without it searches take longer, but are answered."""

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contact_search.log_lines import TABLE_UNAVAILABLE
from contact_search.logger import logger
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item, Value, from_attributes, to_attribute, to_attributes

# For this time a table that could not be reached is not called again.
CIRCUIT_OPEN_SECONDS = 5.0


class TransientTable:
    """Read and write items by key. Values are whole numbers, text and bytes.

    All methods raise StorageUnavailableError.

    Attributes:
        circuit_open_until: The time.monotonic() until which the table is not called, after a failure.
    """

    def __init__(self, name: str, client: Any) -> None:
        self.circuit_open_until = 0.0
        self._name = name
        self._client = client

    def get(self, key: str) -> Item | None:
        """Return the item unless it has expired: DynamoDB deletes expired items days late."""
        response = self._call(self._client.get_item, Key=to_attributes({"key": key}), ConsistentRead=True)
        item = from_attributes(response.get("Item", {}))
        return item if item and item.get("expires_at", math.inf) > time.time() else None

    def put(self, key: str, item: Mapping[str, Value], lifetime: timedelta) -> None:
        """Write the item for this time, in place of what the table has."""
        attributes = to_attributes({"key": key, **item, "expires_at": _expires_at(lifetime)})
        self._call(self._client.put_item, Item=attributes)

    def update(  # noqa: PLR0913 - DynamoDB has as many, and more
        self,
        key: str,
        expression: str,
        values: Mapping[str, Value],
        *,
        condition: str = "",
        lifetime: timedelta | None = None,
        returns_item: bool = False,
    ) -> Item:
        """Update the item.

        Args:
            key: The item's key.
            expression: An update expression, in which `#x` is the attribute x and `:x` the value x. If there is a
                lifetime it has to have a SET clause.
            values: The values, by name.
            condition: A condition expression. Without one the item is always updated.
            lifetime: The time after which the item expires, None to leave that as it is.
            returns_item: Whether to return the item, or to raise it with the error. A large one takes time.

        Returns:
            The whole item as it is now, or an empty one.

        Raises:
            ConditionFailedError: The condition does not hold.
        """
        if lifetime is not None:
            values = {**values, "expires_at": _expires_at(lifetime)}
            expression = expression.replace("SET ", "SET #expires_at = :expires_at, ", 1)
        parameters: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if values:
            parameters["ExpressionAttributeValues"] = {
                f":{name}": to_attribute(value) for name, value in values.items()
            }
        response = self._call(
            self._client.update_item,
            Key=to_attributes({"key": key}),
            UpdateExpression=expression,
            ExpressionAttributeNames={f"#{name}": name for name in re.findall(r"#(\w+)", f"{expression} {condition}")},
            ReturnValues="ALL_NEW" if returns_item else "NONE",
            ReturnValuesOnConditionCheckFailure="ALL_OLD" if returns_item else "NONE",
            **parameters,
        )
        return from_attributes(response.get("Attributes", {}))

    def _call(self, operation: Callable[..., dict[str, Any]], **parameters: Any) -> dict[str, Any]:
        if time.monotonic() < self.circuit_open_until:
            raise StorageUnavailableError("CircuitOpen")
        try:
            return operation(TableName=self._name, **parameters)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                raise ConditionFailedError(from_attributes(error.response.get("Item", {}))) from None
            # ValidationException is a mistake of ours in this request, and says nothing about the table.
            raise self._unavailable(code, opens_circuit=code != "ValidationException") from error
        except BotoCoreError as error:
            raise self._unavailable(type(error).__name__, opens_circuit=True) from error

    def _unavailable(self, code: str, *, opens_circuit: bool) -> StorageUnavailableError:
        if opens_circuit:
            self.circuit_open_until = time.monotonic() + CIRCUIT_OPEN_SECONDS
        logger.warning(TABLE_UNAVAILABLE.message, extra=TABLE_UNAVAILABLE.extra(code=code))
        return StorageUnavailableError(code)


def _expires_at(lifetime: timedelta) -> int:
    return int(time.time() + lifetime.total_seconds())
