"""The DynamoDB table for what may be lost: without it searches take longer, but are answered."""

import time
from datetime import timedelta

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# What it holds saves time: nobody waits for it for long.
_CONFIG = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})


class StorageUnavailableError(Exception):
    """The table is out of reach; `code` can be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TransientTable:
    """Bytes by key, each with a life of its own. DynamoDB deletes days late, so expiry is checked here as well."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client = boto3.client("dynamodb", config=_CONFIG)

    def put(self, key: str, value: bytes, life: timedelta) -> None:
        """Keeps the value for so long; raises StorageUnavailableError."""
        expires_at = int(time.time() + life.total_seconds())
        item = {"key": {"S": key}, "value": {"B": value}, "expires_at": {"N": str(expires_at)}}
        try:
            self._client.put_item(TableName=self._name, Item=item)
        except (BotoCoreError, ClientError) as error:
            raise _unavailable(error) from error

    def get(self, key: str) -> bytes | None:
        """The value, if it is there and has not expired; raises StorageUnavailableError."""
        try:
            item = self._client.get_item(TableName=self._name, Key={"key": {"S": key}}).get("Item")
        except (BotoCoreError, ClientError) as error:
            raise _unavailable(error) from error
        if item is None or int(item["expires_at"]["N"]) <= time.time():
            return None
        return bytes(item["value"]["B"])


def _unavailable(error: BotoCoreError | ClientError) -> StorageUnavailableError:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return StorageUnavailableError(code)
