"""Test that environments share results, and that one at a time calls Connect for a result."""

import os
from datetime import timedelta
from typing import Any

import pytest

from contact_search.amazon_connect import result_cache
from contact_search.amazon_connect.errors import ContactNotFoundError, RejectedError, ThrottledError
from contact_search.amazon_connect.result_cache import STALE, CachedResult, ResultCache
from contact_search.storage import transient_table
from contact_search.storage.transient_table import TransientTable
from tests.unit.conftest import Clock

RESULT = CachedResult(b'{"Contacts": []}', lifetime=10, age=0)


@pytest.fixture
def environments(dynamodb: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[ResultCache]:
    """Return the caches of two environments."""
    monkeypatch.setattr(result_cache, "time", clock)
    monkeypatch.setattr(transient_table, "time", clock)
    return [ResultCache(TransientTable("table", dynamodb)) for _ in range(2)]


def test_a_result_ages_until_it_is_gone(environments: list[ResultCache], clock: Clock) -> None:
    here, elsewhere = environments
    assert here.get("key") is None
    assert here.put("key", RESULT)
    result = elsewhere.get("key")
    assert result == RESULT
    assert result.is_fresh
    clock.now += 10
    stale = elsewhere.get("key")
    assert stale == CachedResult(RESULT.body, lifetime=10, age=10)
    assert not stale.is_fresh
    clock.now += STALE.total_seconds()
    assert elsewhere.get("key") is None


def test_a_rejection_is_cached(environments: list[ResultCache]) -> None:
    here, elsewhere = environments
    here.put("key", CachedResult(b"", 10, 0, RejectedError("InvalidRequestException", "no")))
    result = elsewhere.get("key")
    assert result is not None
    assert isinstance(result.refusal, RejectedError)
    assert (result.refusal.code, result.refusal.reason) == ("InvalidRequestException", "no")


def test_that_a_contact_does_not_exist_is_cached(environments: list[ResultCache]) -> None:
    here, elsewhere = environments
    here.put("key", CachedResult(b"", 5, 0, ContactNotFoundError("ResourceNotFoundException")))
    result = elsewhere.get("key")
    assert result is not None
    assert isinstance(result.refusal, ContactNotFoundError)


@pytest.mark.usefixtures("environments")
def test_a_result_is_forgotten_after_the_lifetime_of_its_cache(dynamodb: Any, clock: Clock) -> None:
    cache = ResultCache(TransientTable("table", dynamodb), timedelta(minutes=1))
    cache.put("key", RESULT)
    clock.now += 59
    assert cache.get("key") is not None
    cache.take_lease("key", 5)  # the call that follows never ends
    clock.now += 3
    assert cache.get("key") is None


def test_a_result_that_is_too_large_is_not_stored_but_ends_the_lease(environments: list[ResultCache]) -> None:
    here, elsewhere = environments
    assert here.take_lease("key", 60)
    assert not here.put("key", CachedResult(os.urandom(result_cache.LARGEST_BODY + 1), 10, 0))
    assert here.get("key") is None
    assert elsewhere.take_lease("key", 60)


def test_one_environment_has_the_lease(environments: list[ResultCache], clock: Clock) -> None:
    here, elsewhere = environments
    assert here.take_lease("key", 5)
    assert not elsewhere.take_lease("key", 5)
    assert elsewhere.take_lease("another", 5)
    assert here.take_lease("key", 5)  # left over from a request of this environment that timed out
    clock.now += 5
    assert elsewhere.take_lease("key", 5)


def test_nobody_takes_the_lease_of_a_fresh_result(environments: list[ResultCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.put("key", RESULT)
    assert not elsewhere.take_lease("key", 5)
    clock.now += 11
    assert elsewhere.take_lease("key", 5)


def test_a_lease_is_released_by_its_holder_only(environments: list[ResultCache]) -> None:
    here, elsewhere = environments
    here.take_lease("key", 5)
    elsewhere.release_lease("key")
    assert not elsewhere.take_lease("key", 5)
    here.release_lease("key")
    assert elsewhere.take_lease("key", 5)


def test_waiting_ends_with_the_result(environments: list[ResultCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.take_lease("key", 60)

    def put() -> None:
        clock.sleep(3)
        here.put("key", RESULT)

    started = clock.now
    result, _ = clock.run(lambda: wait_for(elsewhere, clock, 20), put)
    assert isinstance(result, CachedResult)
    assert result.body == RESULT.body
    assert 3 <= clock.now - started < 3.6


def wait_for(cache: ResultCache, clock: Clock, seconds: float, caller: str = "caller") -> CachedResult | None:
    """Wait for a result whose call has to be made within `seconds`, for twice as long at most."""
    return cache.wait_for("key", caller, clock.now + seconds, clock.now + 2 * seconds)


@pytest.mark.parametrize(("lease", "seconds", "waited"), [(2, 20, 2), (60, 2, 4)], ids=["lease", "patience"])
def test_waiting_ends_with_the_lease_or_the_time(
    environments: list[ResultCache], clock: Clock, lease: float, seconds: float, waited: float
) -> None:
    here, elsewhere = environments
    here.take_lease("key", lease)
    started = clock.now
    assert wait_for(elsewhere, clock, seconds) is None
    assert waited <= clock.now - started < waited + 0.6


def test_nobody_waits_for_a_result_without_a_lease(environments: list[ResultCache], clock: Clock) -> None:
    started = clock.now
    assert wait_for(environments[0], clock, 20) is None
    assert clock.now == started


def test_waiting_environments_learn_when_the_call_is_made(environments: list[ResultCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.take_lease("key", 4)
    elsewhere.expect("key", 1000, 3)  # it stalled, and lost the lease
    here.expect("key", 10, 3)
    with pytest.raises(ThrottledError) as refused:
        wait_for(elsewhere, clock, 9)
    assert refused.value.retry_after == 11
    started = clock.now
    assert wait_for(elsewhere, clock, 10.1) is None
    assert clock.now - started == pytest.approx(13, abs=0.1)  # by then, the holder must have died
    assert elsewhere.take_lease("key", 4)
    clock.now += 4
    assert wait_for(here, clock, 9) is None


def test_requests_of_a_caller_are_refused_together(environments: list[ResultCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.take_lease("key", 4)
    here.release_lease("key", refused="caller", retry_after=5)
    with pytest.raises(ThrottledError) as refused:
        wait_for(elsewhere, clock, 1)
    assert refused.value.retry_after == 6
    assert wait_for(elsewhere, clock, 1, "another") is None
    assert elsewhere.take_lease("key", 4)
    elsewhere.release_lease("key")
    assert wait_for(here, clock, 1) is None


def test_environments_of_one_snapshot_have_different_ids(environments: list[ResultCache]) -> None:
    """The id of an environment is generated at its first use."""
    here, _ = environments
    assert all(isinstance(value, TransientTable | timedelta) for value in vars(here).values())
