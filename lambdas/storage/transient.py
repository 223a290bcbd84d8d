"""The DynamoDB table for what may be lost: without it searches take longer, but are answered."""

import math
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws.errors import AwsError
from aws.service import Service
from storage.item import DYNAMODB, ConditionFailedError, Item, StorageUnavailableError, Value, plain, typed, whole
from telemetry import logger

# What it holds saves time: nobody waits for it for long.
_READ_TIMEOUT, _ATTEMPTS = 2, 2  # in seconds; in all
# Seconds for which a table that could not be reached is not asked again.
_REST = 5.0


class TransientTable:
    """Items by key, with attributes of whole numbers, text and bytes. Raises StorageUnavailableError."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dynamodb = Service("dynamodb", read_timeout=_READ_TIMEOUT, attempts=_ATTEMPTS)
        self._rests_until = 0.0

    def get(self, key: str) -> Item | None:
        """The item, if it is there and has not expired: DynamoDB itself deletes days late."""
        item = plain(self._call("GetItem", Key=_key(key), ConsistentRead=True).get("Item", {}))
        return item if item and item.get("expires_at", math.inf) > time.time() else None

    def put(self, key: str, item: Mapping[str, Value], life: timedelta) -> None:
        """Keeps the item for so long, in place of what there may be."""
        self._call("PutItem", Item=whole(key, {**item, "expires_at": _end_of(life)}))

    def update(
        self,
        key: str,
        expression: str,
        values: Mapping[str, Value],
        *,
        condition: str = "",
        life: timedelta | None = None,
    ) -> Item:
        """DynamoDB's UpdateItem: the item as it is then. Raises ConditionFailedError.

        In the expression (a SET clause comes first) and the condition `#x` is an attribute, `:x` one of the values.
        """
        if life is not None:
            values = {**values, "expires_at": _end_of(life)}
            expression = expression.replace("SET ", "SET #expires_at = :expires_at, ", 1)
        answer = self._call(
            "UpdateItem",
            Key=_key(key),
            UpdateExpression=expression,
            ExpressionAttributeNames={f"#{name}": name for name in re.findall(r"#(\w+)", f"{expression} {condition}")},
            ExpressionAttributeValues={f":{name}": typed(value) for name, value in values.items()},
            ReturnValues="ALL_NEW",
            **({"ConditionExpression": condition} if condition else {}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return plain(answer.get("Attributes", {}))

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        if time.monotonic() < self._rests_until:
            raise StorageUnavailableError("Resting")
        try:
            return self.dynamodb.call(f"{DYNAMODB}.{operation}", {"TableName": self.name, **parameters})
        except AwsError as error:
            if error.code == "ConditionalCheckFailedException":
                raise ConditionFailedError(plain(error.answer.get("Item", {}))) from None
            if error.code != "ValidationException":  # that is of one request alone, and a mistake of ours
                self._rests_until = time.monotonic() + _REST
            logger.warning("table unavailable", extra={"code": error.code})
            raise StorageUnavailableError(error.code) from error


def _key(key: str) -> dict[str, Any]:
    return {"key": typed(key)}


def _end_of(life: timedelta) -> int:
    return int(time.time() + life.total_seconds())
