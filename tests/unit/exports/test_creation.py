"""Test that an export is created once, even by simultaneous requests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from contact_search.exports import creation as module
from contact_search.exports.creation import Creation, NewExport
from contact_search.exports.errors import KeyReusedError, NotStartedError, SearchTooLargeError, TooManyExportsError
from contact_search.exports.job import Job
from contact_search.exports.listing import Listing
from contact_search.exports.store import ExportStore
from contact_search.search.grants import Caller, Grant
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.errors import StorageUnavailableError
from tests.unit.exports.conftest import NOW

CALLER = Caller("acme", "1", Grant(exports=True))
WEEK = timedelta(days=7)


@dataclass
class Machine:
    """Record what is started, or fail to start it."""

    error: Exception | None = None
    started: list[str] = field(default_factory=list)

    def start(self, job: Job, _: datetime) -> None:
        if self.error is not None:
            raise self.error
        self.started.append(job.id)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def create(store: ExportStore, machine: Machine) -> Callable[..., Job]:
    """Create an export."""

    def create_export(body: Any = None, key: str = "", now: datetime = NOW, *, store: ExportStore = store) -> Job:
        creation = Creation(store, machine, 3, WEEK)  # type: ignore[arg-type]
        return creation.create(NewExport("csv", body or {}, key), CALLER, now)

    return create_export


def end(store: ExportStore, job: Job) -> None:
    store.save(job.changed(NOW, status="succeeded", ended_at=NOW))


class Contended(ExportStore):
    """Let another request create an export each time the list has been read."""

    def __init__(self, table: DurableTable, others: int, create: Callable[[], Job]) -> None:
        super().__init__(table)
        self.others, self._create = others, create

    def listing(self, client: str) -> Listing:
        listing = super().listing(client)
        if self.others:
            self.others -= 1
            self._create()
        return listing


def test_two_simultaneous_exports_are_both_created(
    store: ExportStore, table: DurableTable, create: Callable[..., Job]
) -> None:
    job = create(store=Contended(table, 2, create))
    assert len(store.listing("acme").entries) == 3
    assert store.get("acme", job.id) == job


def test_simultaneous_exports_do_not_exceed_the_limit(table: DurableTable, create: Callable[..., Job]) -> None:
    with pytest.raises(TooManyExportsError):
        create(store=Contended(table, 3, create))


def test_simultaneous_requests_with_one_key_create_one_export(
    table: DurableTable, create: Callable[..., Job], machine: Machine, store: ExportStore
) -> None:
    job = create(key="key", store=Contended(table, 1, lambda: create(key="key")))
    assert [entry.id for entry in store.listing("acme").entries] == [job.id]
    assert set(machine.started) == {job.id}


def test_endless_contention_is_reported_as_an_outage(
    table: DurableTable, create: Callable[..., Job], store: ExportStore
) -> None:
    def create_and_end() -> Job:
        job = create()
        end(store, job)
        return job

    with pytest.raises(StorageUnavailableError):
        create(store=Contended(table, 99, create_and_end))


def test_a_key_has_one_body(create: Callable[..., Job]) -> None:
    job = create({"a": 1, "b": 2}, key="key")
    assert create({"b": 2, "a": 1}, key="key") == job
    with pytest.raises(KeyReusedError):
        create({"a": 1}, key="key")
    assert create({"a": 1}, key="key", now=NOW + timedelta(hours=24)).id != job.id


def test_an_export_that_has_begun_is_not_started_again(
    create: Callable[..., Job], machine: Machine, store: ExportStore
) -> None:
    job = create(key="key")
    create(key="key")
    assert machine.started == [job.id, job.id]
    store.save(job.changed(NOW, status="running"))
    assert create(key="key").status == "running"
    assert machine.started == [job.id, job.id]


def test_expired_exports_are_forgotten(create: Callable[..., Job], store: ExportStore, table: DurableTable) -> None:
    jobs = [create() for _ in range(3)]
    later = NOW + WEEK
    assert create(now=later).id not in {job.id for job in jobs}  # expired ones do not count, whatever their status
    assert len(store.listing("acme").entries) == 1
    assert len(list(table.items("export "))) == 1


def test_only_a_few_expired_exports_are_forgotten_at_a_time(
    create: Callable[..., Job], store: ExportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_FORGOTTEN", 2)
    jobs = []
    for _ in range(5):
        jobs.append(create())
        end(store, jobs[-1])
    create(now=NOW + WEEK)
    left = [entry.id for entry in store.listing("acme").entries][1:]
    assert left == [job.id for job in reversed(jobs[2:])]


def test_the_number_of_a_clients_exports_is_limited(
    create: Callable[..., Job], store: ExportStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EXPORTS", 4)
    for _ in range(4):
        end(store, create())
    with pytest.raises(TooManyExportsError) as caught:
        create()
    assert not caught.value.are_unfinished


def test_a_search_must_fit_into_an_item(create: Callable[..., Job]) -> None:
    create({"queue_ids": ["q" * 500_000]})
    with pytest.raises(SearchTooLargeError):
        create({"queue_ids": [f"{number * 7919**5}" for number in range(40_000)]})


def test_an_export_that_cannot_be_started_is_removed(
    create: Callable[..., Job], machine: Machine, store: ExportStore
) -> None:
    machine.error = NotStartedError("StateMachineDoesNotExist")
    with pytest.raises(NotStartedError):
        create()
    [entry] = store.listing("acme").entries
    assert store.get("acme", entry.id) is None
    machine.error = None
    assert [create(), create(), create()]


def test_an_export_with_a_key_that_cannot_be_started_waits_for_a_retry(
    create: Callable[..., Job], machine: Machine, store: ExportStore
) -> None:
    machine.error = NotStartedError("StateMachineDoesNotExist")
    with pytest.raises(NotStartedError):
        create(key="key")
    machine.error = None
    job = create(key="key")
    assert machine.started == [job.id]
    assert len(store.listing("acme").entries) == 1


def test_an_export_that_was_not_started_is_started_with_the_next_one(
    create: Callable[..., Job], machine: Machine
) -> None:
    machine.error = NotStartedError("StateMachineDoesNotExist")
    with pytest.raises(NotStartedError):
        create(key="key")
    machine.error = None
    job = create(now=NOW + timedelta(minutes=1))
    assert len(machine.started) == 2
    assert machine.started[-1] == job.id
