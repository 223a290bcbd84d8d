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
        self._runs = False
        self._numbers = count()
        self._sleeping: list[tuple[float, int, threading.Lock]] = []

    def time(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return round(self.now * 1e9)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if not self._runs:
            self.now += seconds
            return
        turn = self._turn_at(self.now + seconds)
        self._wake_next()
        turn.acquire()

    def run(self, *functions: Callable[[], T]) -> list[T | Exception]:
        """Run functions concurrently, switching when one sleeps. Return what each returns or raises."""
        results: dict[int, T | Exception] = {}

        def run_one(number: int, turn: threading.Lock) -> None:
            turn.acquire()
            try:
                results[number] = functions[number]()
            except Exception as error:  # noqa: BLE001 - the test wants it
                results[number] = error
            self._wake_next()

        turns = [self._turn_at(self.now) for _ in functions]
        threads = [threading.Thread(target=run_one, args=pair) for pair in enumerate(turns)]
        for thread in threads:
            thread.start()
        self._runs = True
        self._wake_next()
        for thread in threads:
            thread.join()
        self._runs = False
        return [results[number] for number in range(len(functions))]

    def _turn_at(self, moment: float) -> threading.Lock:
        """Return a lock that can be acquired when it is this moment."""
        turn = threading.Lock()
        turn.acquire()
        heapq.heappush(self._sleeping, (moment, next(self._numbers), turn))
        return turn

    def _wake_next(self) -> None:
        """Let whoever sleeps for the shortest time go on. It alone runs, so that nothing else has to be locked."""
        if self._sleeping:
            moment, _, turn = heapq.heappop(self._sleeping)
            self.now = max(self.now, moment)
            turn.release()


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
