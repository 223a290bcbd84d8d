"""Test when the directory of names is read, by which environment, and how it is stored."""

import random
import threading
import time as real_time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from contact_search.amazon_connect import directory as directory_module
from contact_search.amazon_connect.directory import Directory, DirectoryUnavailableError, NameIndex
from contact_search.amazon_connect.errors import ThrottledError
from contact_search.storage.transient_table import TransientTable


class Clock:
    """Real time, which the test can move forward. Sleeping takes no real time; if `sleeps`, it moves the clock."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.sleeps = False

    def time(self) -> float:
        return real_time.time() + self.ahead

    def monotonic(self) -> float:
        return real_time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        if self.sleeps:
            self.ahead += seconds
        real_time.sleep(min(seconds, 0.005))


@dataclass
class FakeConnect:
    """List these names in several results, or fail."""

    queues: dict[str, str] = field(default_factory=lambda: {"q-1": "Billing", "q-2": "Sales"})
    agents: dict[str, str] = field(default_factory=lambda: {"a-1": "jdoe"})
    page_size: int = 1_000
    error: Exception | None = None
    reads: int = 0
    calls: int = 0
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def queue_names(self) -> Iterator[dict[str, str]]:
        self.reads += 1
        yield from self._results(self.queues)

    def agent_names(self) -> Iterator[dict[str, str]]:
        yield from self._results(self.agents)

    def _results(self, names: dict[str, str]) -> Iterator[dict[str, str]]:
        ids = list(names)
        for at in range(0, max(len(ids), 1), self.page_size):
            assert self.may_answer.wait(10)
            self.calls += 1
            if self.error is not None:
                raise self.error
            yield {id_: names[id_] for id_ in ids[at : at + self.page_size]}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(directory_module, "time", clock)
    return clock


@pytest.fixture
def connect() -> FakeConnect:
    return FakeConnect()


NewEnvironment = Callable[[], Directory]


@pytest.fixture
def new_environment(connect: FakeConnect, dynamodb: Any, clock: Clock) -> NewEnvironment:  # noqa: ARG001 - sets the time
    return lambda: Directory(connect, TransientTable("table", dynamodb))  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = real_time.monotonic() + 10
    while not condition():
        assert real_time.monotonic() < deadline
        real_time.sleep(0.005)


def test_names_are_found_in_any_letter_case() -> None:
    names = NameIndex({"1": "Billing", "2": "BILLING", "3": "Straße"})
    assert names.ids("billing") == ("1", "2")
    assert names.ids("STRASSE") == ("3",)
    assert names.ids("Bill") == ()


def test_names_are_in_order_without_regard_to_letter_case() -> None:
    names = NameIndex({"1": "beta", "2": "Alpha", "3": "ALPHA", "4": "Gamma"})
    assert [id_ for _, id_, _ in names.in_order] == ["2", "3", "1", "4"]


@pytest.mark.parametrize(
    ("name", "nearest"), [("biling", "Billing"), ("SALE", "Sales"), ("zzz", None)], ids=["typo", "case", "none"]
)
def test_the_nearest_name_has_the_spelling_of_connect(name: str, nearest: str | None) -> None:
    assert NameIndex({"1": "Billing", "2": "Sales"}).nearest(name) == nearest


def test_one_environment_reads_for_all(new_environment: NewEnvironment, connect: FakeConnect) -> None:
    first, second = new_environment().snapshot(), new_environment().snapshot()
    assert connect.reads == 1
    assert first.version == second.version
    assert second.queues.name_by_id == connect.queues
    assert second.agents.name_by_id == connect.agents


def test_environments_that_ask_at_the_same_time_wait_for_the_reader(
    new_environment: NewEnvironment, connect: FakeConnect
) -> None:
    connect.may_answer.clear()
    versions: list[str] = []
    threads = [threading.Thread(target=lambda: versions.append(new_environment().snapshot().version)) for _ in range(4)]
    for thread in threads:
        thread.start()
    eventually(lambda: connect.reads == 1)
    connect.may_answer.set()
    for thread in threads:
        thread.join()
    assert connect.reads == 1
    assert len(versions) == 4
    assert len(set(versions)) == 1


def test_a_request_waits_no_longer_than_it_asks_for(new_environment: NewEnvironment, connect: FakeConnect) -> None:
    connect.may_answer.clear()
    directory = new_environment()
    with pytest.raises(DirectoryUnavailableError):
        directory.snapshot(wait=0.01)
    connect.may_answer.set()
    eventually(lambda: bool(directory.snapshot().version))
    assert connect.reads == 1


def test_a_directory_of_any_size_is_stored(new_environment: NewEnvironment, connect: FakeConnect) -> None:
    chance = random.Random(1)  # noqa: S311 - but test data
    for number in range(30_000):
        connect.agents[str(uuid.UUID(int=chance.getrandbits(128)))] = f"agent.{number}@example.com"
    new_environment().snapshot()
    assert new_environment().snapshot().agents.name_by_id == connect.agents
    assert connect.reads == 1


def test_a_snapshot_with_a_lost_part_is_read_again(
    new_environment: NewEnvironment, connect: FakeConnect, dynamodb: Any, clock: Clock
) -> None:
    version = new_environment().snapshot().version
    dynamodb.delete_item(TableName="table", Key={"key": {"S": f"directory {version} 0"}})
    with pytest.raises(DirectoryUnavailableError):
        new_environment().snapshot()
    clock.ahead += 61
    assert new_environment().snapshot().version != version
    assert connect.reads == 2


def test_calls_are_spaced_after_a_burst(new_environment: NewEnvironment, connect: FakeConnect, clock: Clock) -> None:
    connect.agents = {f"a-{number}": f"user{number}" for number in range(100)}
    connect.page_size, clock.sleeps = 10, True
    started = real_time.monotonic()
    new_environment().snapshot()
    assert connect.calls == 11
    assert 3.5 <= clock.ahead + real_time.monotonic() - started < 6


def test_an_hour_later_names_are_renewed_in_the_background(
    new_environment: NewEnvironment, connect: FakeConnect, clock: Clock
) -> None:
    directory, other = new_environment(), new_environment()
    old = directory.snapshot()
    other.snapshot()
    clock.ahead += 3_599
    assert directory.snapshot().version == old.version
    assert connect.reads == 1
    clock.ahead += 2
    connect.may_answer.clear()
    assert directory.snapshot().version == old.version
    connect.may_answer.set()
    eventually(lambda: directory.snapshot().version != old.version)
    other.snapshot()
    eventually(lambda: other.snapshot().version == directory.snapshot().version)
    assert connect.reads == 2


def test_a_failed_read_is_repeated_10_seconds_later_by_one_environment(
    new_environment: NewEnvironment, connect: FakeConnect, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    connect.error = ThrottledError("ThrottlingException")
    for _ in range(3):
        with pytest.raises(DirectoryUnavailableError):
            new_environment().snapshot()
    assert connect.reads == 1
    assert [record.message for record in caplog.records] == ["directory unavailable"]
    clock.ahead += 11
    connect.error = None
    assert new_environment().snapshot().queues.ids("billing") == ("q-1",)


def test_after_a_failed_read_names_that_are_known_stay(
    new_environment: NewEnvironment, connect: FakeConnect, clock: Clock
) -> None:
    directory = new_environment()
    known = directory.snapshot()
    connect.error = ThrottledError("ThrottlingException")
    clock.ahead += timedelta(days=3).total_seconds()
    assert directory.newer_than(known) is known
    assert new_environment().snapshot().version == known.version


def test_a_reader_that_dies_is_replaced_a_minute_later(
    new_environment: NewEnvironment, dynamodb: Any, clock: Clock
) -> None:
    item = {"key": "directory", "next_read": int(clock.time()) + 60, "is_reading": 1}
    attributes = {name: {"S" if isinstance(value, str) else "N": str(value)} for name, value in item.items()}
    dynamodb.put_item(TableName="table", Item=attributes)
    with pytest.raises(DirectoryUnavailableError):
        new_environment().snapshot(wait=0.05)
    clock.ahead += 61
    assert new_environment().snapshot().queues.ids("sales") == ("q-2",)


def test_without_the_table_each_environment_reads_once_a_minute(
    new_environment: NewEnvironment, connect: FakeConnect, dynamodb: Any, clock: Clock
) -> None:
    dynamodb.delete_table(TableName="table")
    directory = new_environment()
    first = directory.snapshot()
    assert directory.newer_than(first) is first
    assert connect.reads == 1
    clock.ahead += 61
    assert directory.newer_than(first).version != first.version
    new_environment().snapshot()
    assert connect.reads == 3


def test_without_the_table_a_failed_read_is_repeated_10_seconds_later(
    new_environment: NewEnvironment, connect: FakeConnect, dynamodb: Any, clock: Clock
) -> None:
    dynamodb.delete_table(TableName="table")
    directory = new_environment()
    connect.error = ThrottledError("ThrottlingException")
    for _ in range(2):
        with pytest.raises(DirectoryUnavailableError):
            directory.snapshot()
    assert connect.reads == 1
    clock.ahead += 11
    connect.error = None
    assert directory.snapshot().agents.ids("JDOE") == ("a-1",)


def test_an_agents_own_queue_has_the_agents_id_and_no_name(
    new_environment: NewEnvironment, connect: FakeConnect, clock: Clock
) -> None:
    directory = new_environment()
    directory.snapshot_with({"a-2"})
    clock.ahead += 61
    connect.agents["a-2"] = "new"
    assert directory.snapshot_with({"a-2"}, {"a-2"}).agents.name_by_id["a-2"] == "new"
