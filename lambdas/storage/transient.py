"""The DynamoDB table for what may be lost: without it searches take longer, but are answered."""

import math
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aws_client import aws_client
from storage.item import ConditionFailedError, Item, StorageUnavailableError, Value, plain, typed, whole
from telemetry import logger

# What it holds saves time: nobody waits for it for long.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
# Seconds for which a table that could not be reached is not asked again.
_REST = 5.0


class TransientTable:
    """Items by key, with attributes of whole numbers, text and bytes. Raises StorageUnavailableError."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client = aws_client("dynamodb", _CONFIG)
        self._rests_until = 0.0

    def get(self, key: str) -> Item | None:
        """The item, if it is there and has not expired: DynamoDB itself deletes days late."""
        item = plain(self._call(self.client.get_item, Key=_key(key), ConsistentRead=True).get("Item", {}))
        return item if item and item.get("expires_at", math.inf) > time.time() else None

    def put(self, key: str, item: Mapping[str, Value], life: timedelta) -> None:
        """Keeps the item for so long, in place of what there may be."""
        self._call(self.client.put_item, Item=whole(key, {**item, "expires_at": _end_of(life)}))

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
            self.client.update_item,
            Key=_key(key),
            UpdateExpression=expression,
            ExpressionAttributeNames={f"#{name}": name for name in re.findall(r"#(\w+)", f"{expression} {condition}")},
            ExpressionAttributeValues={f":{name}": typed(value) for name, value in values.items()},
            ReturnValues="ALL_NEW",
            **({"ConditionExpression": condition} if condition else {}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return plain(answer.get("Attributes", {}))

    def _call(self, operation: Any, **parameters: Any) -> dict[str, Any]:
        if time.monotonic() < self._rests_until:
            raise StorageUnavailableError("Resting")
        try:
            return operation(TableName=self.name, **parameters)  # type: ignore[no-any-return]
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, self.client.exceptions.ConditionalCheckFailedException):
                raise ConditionFailedError(plain(error.response.get("Item", {}))) from None
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            if code != "ValidationException":  # that is of one request alone, and a mistake of ours
                self._rests_until = time.monotonic() + _REST
            logger.warning("table unavailable", extra={"code": code})
            raise StorageUnavailableError(code) from error


def _key(key: str) -> dict[str, Any]:
    return {"key": typed(key)}


def _end_of(life: timedelta) -> int:
    return int(time.time() + life.total_seconds())
