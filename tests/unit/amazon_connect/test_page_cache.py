"""Pages are shared by all environments, and one of them at a time calls Connect for a page."""

import os
from datetime import timedelta
from typing import Any

import pytest

from contact_search.amazon_connect import page_cache
from contact_search.amazon_connect.errors import ContactNotFoundError, RejectedError, ThrottledError
from contact_search.amazon_connect.page_cache import STALE, CachedPage, PageCache
from contact_search.storage import transient_table
from contact_search.storage.transient_table import TransientTable
from tests.unit.conftest import Clock

PAGE = CachedPage(b'{"Contacts": []}', lifetime=10, age=0)


@pytest.fixture
def environments(dynamodb: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[PageCache]:
    """The caches of two environments."""
    monkeypatch.setattr(page_cache, "time", clock)
    monkeypatch.setattr(transient_table, "time", clock)
    return [PageCache(TransientTable("table", dynamodb)) for _ in range(2)]


def test_a_page_ages_until_it_is_gone(environments: list[PageCache], clock: Clock) -> None:
    here, elsewhere = environments
    assert here.get("p") is None
    assert here.put("p", PAGE)
    page = elsewhere.get("p")
    assert page == PAGE
    assert page.is_fresh
    clock.now += 10
    stale = elsewhere.get("p")
    assert stale == CachedPage(PAGE.body, lifetime=10, age=10)
    assert not stale.is_fresh
    clock.now += STALE.total_seconds()
    assert elsewhere.get("p") is None


def test_a_rejection_is_cached(environments: list[PageCache]) -> None:
    here, elsewhere = environments
    here.put("p", CachedPage(b"", 10, 0, RejectedError("InvalidRequestException", "no")))
    page = elsewhere.get("p")
    assert page is not None
    assert isinstance(page.refusal, RejectedError)
    assert (page.refusal.code, page.refusal.reason) == ("InvalidRequestException", "no")


def test_that_a_contact_does_not_exist_is_cached(environments: list[PageCache]) -> None:
    here, elsewhere = environments
    here.put("p", CachedPage(b"", 5, 0, ContactNotFoundError("ResourceNotFoundException")))
    page = elsewhere.get("p")
    assert page is not None
    assert isinstance(page.refusal, ContactNotFoundError)


@pytest.mark.usefixtures("environments")
def test_a_page_is_forgotten_after_the_time_of_its_cache(dynamodb: Any, clock: Clock) -> None:
    cache = PageCache(TransientTable("table", dynamodb), timedelta(minutes=1))
    cache.put("p", PAGE)
    clock.now += 59
    assert cache.get("p") is not None
    cache.take_lease("p", 5)  # which the call that follows does not survive
    clock.now += 3
    assert cache.get("p") is None


def test_a_page_that_is_too_large_is_not_stored_but_ends_the_lease(environments: list[PageCache]) -> None:
    here, elsewhere = environments
    assert here.take_lease("p", 60)
    assert not here.put("p", CachedPage(os.urandom(page_cache.LARGEST_BODY + 1), 10, 0))
    assert here.get("p") is None
    assert elsewhere.take_lease("p", 60)


def test_one_environment_has_the_lease(environments: list[PageCache], clock: Clock) -> None:
    here, elsewhere = environments
    assert here.take_lease("p", 5)
    assert not elsewhere.take_lease("p", 5)
    assert elsewhere.take_lease("another", 5)
    assert here.take_lease("p", 5)  # left over from a request of this environment that timed out
    clock.now += 5
    assert elsewhere.take_lease("p", 5)


def test_nobody_takes_the_lease_of_a_fresh_page(environments: list[PageCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.put("p", PAGE)
    assert not elsewhere.take_lease("p", 5)
    clock.now += 11
    assert elsewhere.take_lease("p", 5)


def test_a_lease_is_released_by_its_holder_only(environments: list[PageCache]) -> None:
    here, elsewhere = environments
    here.take_lease("p", 5)
    elsewhere.release_lease("p")
    assert not elsewhere.take_lease("p", 5)
    here.release_lease("p")
    assert elsewhere.take_lease("p", 5)


def test_waiting_ends_with_the_page(environments: list[PageCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.take_lease("p", 60)

    def put() -> None:
        clock.sleep(3)
        here.put("p", PAGE)

    started = clock.now
    page, _ = clock.run(lambda: wait_for(elsewhere, clock, 20), put)
    assert isinstance(page, CachedPage)
    assert page.body == PAGE.body
    assert 3 <= clock.now - started < 3.6


def wait_for(cache: PageCache, clock: Clock, seconds: float, caller: str = "caller") -> CachedPage | None:
    """Wait for a page that has to be asked for within this time, and come within twice of it."""
    return cache.wait_for("p", caller, clock.now + seconds, clock.now + 2 * seconds)


@pytest.mark.parametrize(("lease", "seconds", "waited"), [(2, 20, 2), (60, 2, 4)], ids=["lease", "patience"])
def test_waiting_ends_with_the_lease_or_the_time(
    environments: list[PageCache], clock: Clock, lease: float, seconds: float, waited: float
) -> None:
    here, elsewhere = environments
    here.take_lease("p", lease)
    started = clock.now
    assert wait_for(elsewhere, clock, seconds) is None
    assert waited <= clock.now - started < waited + 0.6


def test_nobody_waits_for_a_page_for_which_nobody_goes(environments: list[PageCache], clock: Clock) -> None:
    started = clock.now
    assert wait_for(environments[0], clock, 20) is None
    assert clock.now == started


def test_whoever_waits_is_told_when_the_page_is_asked_for(environments: list[PageCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.take_lease("p", 4)
    elsewhere.expect("p", 1000, 3)  # it has stalled, and lost the lease
    here.expect("p", 10, 3)
    with pytest.raises(ThrottledError) as refused:
        wait_for(elsewhere, clock, 9)
    assert refused.value.retry_after == 11
    started = clock.now
    assert wait_for(elsewhere, clock, 10.1) is None
    assert clock.now - started == pytest.approx(13, abs=0.1)  # then it must have died
    assert elsewhere.take_lease("p", 4)
    clock.now += 4
    assert wait_for(here, clock, 9) is None


def test_requests_of_a_caller_are_refused_together(environments: list[PageCache], clock: Clock) -> None:
    here, elsewhere = environments
    here.take_lease("p", 4)
    here.release_lease("p", refused="caller", retry_after=5)
    with pytest.raises(ThrottledError) as refused:
        wait_for(elsewhere, clock, 1)
    assert refused.value.retry_after == 6
    assert wait_for(elsewhere, clock, 1, "another") is None
    assert elsewhere.take_lease("p", 4)
    elsewhere.release_lease("p")
    assert wait_for(here, clock, 1) is None


def test_environments_of_one_snapshot_are_told_apart(environments: list[PageCache]) -> None:
    """What identifies an environment is drawn when it is used first."""
    here, _ = environments
    assert all(isinstance(value, TransientTable | timedelta) for value in vars(here).values())
