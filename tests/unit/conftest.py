"""Fixtures of unit tests: a clock that the test moves, and tables of moto in this process."""

import heapq
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

import boto3
import pytest
from moto import mock_aws

T = TypeVar("T")


class Clock:
    """Stand in for the module `time`. Time passes only when somebody sleeps or the test says so."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0  # November 2026
        self._tickets = count()
        self._sleeping: list[tuple[float, int]] = []
        self._awake: tuple[float, int] | None = None
        self._condition = threading.Condition()

    def time(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return round(self.now * 1e9)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if self._awake is None:
            self.now += seconds
            return
        with self._condition:
            ticket = self._sleep_until(self.now + seconds)
            self._wake_next()
            self._condition.wait_for(lambda: self._awake == ticket)

    def run(self, *functions: Callable[[], T]) -> list[T | Exception]:
        """Run functions concurrently, switching when one sleeps. Return what each returns or raises."""
        results: dict[int, T | Exception] = {}

        def run_one(number: int, ticket: tuple[float, int]) -> None:
            with self._condition:
                self._condition.wait_for(lambda: self._awake == ticket)
            try:
                results[number] = functions[number]()
            except Exception as error:  # noqa: BLE001 - the test wants it
                results[number] = error
            with self._condition:
                self._wake_next()

        tickets = [self._sleep_until(self.now) for _ in functions]
        threads = [threading.Thread(target=run_one, args=pair) for pair in enumerate(tickets)]
        for thread in threads:
            thread.start()
        with self._condition:
            self._wake_next()
        for thread in threads:
            thread.join()
        return [results[number] for number in range(len(functions))]

    def _sleep_until(self, wake: float) -> tuple[float, int]:
        ticket = (wake, next(self._tickets))
        heapq.heappush(self._sleeping, ticket)
        return ticket

    def _wake_next(self) -> None:
        self._awake = heapq.heappop(self._sleeping) if self._sleeping else None
        self.now = max(self.now, self._awake[0]) if self._awake else self.now
        self._condition.notify_all()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that can replace the `time` of a module."""
    return Clock()


@pytest.fixture(scope="session")
def boto3_session() -> boto3.Session:
    """Make a session that keeps what its first client has read: a new session takes a quarter of a second for that."""
    return boto3.Session("test", "test", region_name="eu-west-2")


@pytest.fixture
def dynamodb(boto3_session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a client of moto's DynamoDB, with an empty table `table`."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    mock = mock_aws()
    mock.start(reset=False)  # the stand-in of other tests may be in this process
    client = boto3_session.client("dynamodb")
    client.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield client
    with suppress(client.exceptions.ResourceNotFoundException):  # the test has deleted it
        client.delete_table(TableName="table")
    mock.stop(remove_data=False)
