"""Test that equal searches share a call, that every call waits for a slot, and what happens in an outage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from contact_search.amazon_connect import connect, result_cache
from contact_search.amazon_connect.connect import AmazonConnect, Patience, Result
from contact_search.amazon_connect.contact import SearchContactsResponse
from contact_search.amazon_connect.errors import (
    ConnectError,
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    TimedOutError,
    UnavailableError,
    UpstreamError,
)
from contact_search.amazon_connect.rate_limiter import Expect
from contact_search.amazon_connect.result_cache import ResultCache
from contact_search.logger import logger
from contact_search.storage import transient_table
from contact_search.storage.transient_table import TransientTable
from tests.unit.conftest import Clock

INTERVAL = 2.0  # seconds between two slots
BODY = b'{"Contacts": [{"Id": "1"}], "TotalCount": 1}'
THROTTLED = ThrottledError("ThrottlingException")


class FakeLimiter:
    """Reserve slots one after the other, on a clock that the test moves."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.next_slot = clock, 0.0
        self.callers: list[str] = []

    def wait_for_slot(self, caller: str, deadline: float, *, background: bool, expect: Expect | None) -> None:
        slot = max(self.next_slot, self.clock.now)
        if slot > max(deadline, self.clock.now):
            raise ThrottledError("QuotaExceeded", max(int(slot - self.clock.now), 1))
        self.callers.append(caller + " in the background" * background)
        self.next_slot = slot + INTERVAL
        if expect is not None:
            expect(slot - self.clock.now)
        self.clock.sleep(slot - self.clock.now)

    def back_off(self) -> int:
        self.next_slot = max(self.next_slot, self.clock.now + 2 * INTERVAL)
        return max(int(self.next_slot - self.clock.now), 1)


@dataclass
class FakeClient:
    """Return these results one after the other, then BODY, each after `takes` seconds."""

    clock: Clock
    results: list[bytes | ConnectError] = field(default_factory=list)
    takes: float = 0.3
    calls: list[float] = field(default_factory=list)
    instance_id: str = "instance"

    def search_contacts(self, request: Mapping[str, Any]) -> bytes:  # noqa: ARG002 - the client's interface
        self.calls.append(self.clock.now)
        self.clock.sleep(self.takes)
        result = self.results.pop(0) if self.results else BODY
        if isinstance(result, ConnectError):
            raise result
        return result


class World:
    """Several environments that share a table, a quota and an Amazon Connect."""

    def __init__(self, clock: Clock, dynamodb: Any) -> None:
        self.clock, self.dynamodb = clock, dynamodb
        self.client, self.limiter = FakeClient(clock), FakeLimiter(clock)
        self.started = clock.now

    def environment(self, *, limited: bool = True, cached: bool = True) -> AmazonConnect:
        client: Any = self.client
        limiter: Any = self.limiter if limited else None
        return AmazonConnect(
            client,
            limiter,
            ResultCache(TransientTable("table", self.dynamodb)) if cached else None,
            lifetime=10,
            closed_lifetime=300,
        )

    def request(self, *, closed: bool = False) -> dict[str, Any]:
        end = datetime.fromtimestamp(self.started, UTC) - timedelta(hours=1 if closed else 0)
        return {"TimeRange": {"Type": "INITIATION_TIMESTAMP", "StartTime": end, "EndTime": end}, "MaxResults": 1}

    def patience(self, seconds: float = 3, *, caller: str = "caller", **options: Any) -> Patience:
        return Patience(caller, seconds, started=self.clock.now, **options)

    def search(
        self, environment: AmazonConnect | None = None, seconds: float = 3, **options: Any
    ) -> Result[SearchContactsResponse]:
        return (environment or self.environment()).search(self.request(), self.patience(seconds, **options))


@pytest.fixture
def world(dynamodb: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> World:
    for module in (connect, result_cache, transient_table):
        monkeypatch.setattr(module, "time", clock)
    now = SimpleNamespace(now=lambda tz: datetime.fromtimestamp(clock.now, tz))
    monkeypatch.setattr(connect, "datetime", now)
    return World(clock, dynamodb)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what is logged about each call."""
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(logger, "info", lambda message, extra: lines.append({"message": message, **extra}))
    return lines


def test_a_result_is_shared_while_it_is_fresh(world: World) -> None:
    first, second = world.search(), world.search()
    assert (first.cache_status, first.age, first.lifetime) == ("fwd=miss; stored", None, 10)
    assert (second.cache_status, second.age, second.lifetime) == ("hit; ttl=10", 0, 10)
    assert first.response == second.response
    assert len(world.client.calls) == 1
    world.clock.now += 11
    assert world.search().cache_status == "fwd=miss; stored"


def test_results_of_closed_windows_are_fresh_for_longer(world: World) -> None:
    assert world.environment().search(world.request(closed=True), world.patience()).lifetime == 300


def test_no_cache_calls_connect_and_renews_the_result_for_all(world: World) -> None:
    world.search()
    world.clock.now += INTERVAL
    assert world.search(no_cache=True).cache_status == "fwd=request; stored"
    assert world.search().cache_status.startswith("hit")
    assert len(world.client.calls) == 2


def test_without_a_cache_or_a_limiter_connect_is_called_each_time(world: World) -> None:
    environment = world.environment(limited=False, cached=False)
    assert [world.search(environment).cache_status for _ in range(2)] == ["fwd=bypass"] * 2
    assert world.limiter.callers == []


def test_equal_simultaneous_searches_share_one_call(world: World) -> None:
    results = world.clock.run(*[world.search] * 20)
    statuses = [result.cache_status for result in results if isinstance(result, Result)]
    assert sorted(statuses) == ["fwd=miss; collapsed"] * 19 + ["fwd=miss; stored"]
    assert len(world.client.calls) == 1


def test_every_call_waits_for_its_slot_in_the_callers_name(world: World, log: list[dict[str, Any]]) -> None:
    world.search(caller="a", no_cache=True)
    world.search(caller="b", no_cache=True)
    assert world.limiter.callers == ["a", "b"]
    assert world.client.calls[1] - world.client.calls[0] == pytest.approx(INTERVAL)
    assert log == [
        {
            "message": "called Amazon Connect",
            "operation": "SearchContacts",
            "outcome": "answer",
            "waited": 0,
            "took": 300,
        },
        {
            "message": "called Amazon Connect",
            "operation": "SearchContacts",
            "outcome": "answer",
            "waited": 1700,
            "took": 300,
        },
    ]


def test_a_caller_without_a_slot_in_time_is_refused_at_once(world: World) -> None:
    world.limiter.next_slot = world.clock.now + 10
    with pytest.raises(ThrottledError) as refused:
        world.search()
    assert refused.value.retry_after == 10
    assert world.clock.now - world.started < 0.3
    assert not world.client.calls
    world.limiter.next_slot = 0
    assert world.search().cache_status == "fwd=miss; stored"  # nobody holds the lease


@pytest.mark.parametrize("error", [UnavailableError("503"), UpstreamError("500")])
def test_a_failure_of_connect_is_tried_again_once(world: World, log: list[dict[str, Any]], error: ConnectError) -> None:
    world.client.results = [error]
    assert world.search().cache_status == "fwd=miss; stored"
    assert [line["outcome"] for line in log] == [error.code, "answer"]
    assert world.client.calls[1] - world.client.calls[0] == pytest.approx(INTERVAL)
    world.client.results = [error, error]
    with pytest.raises(type(error)):
        world.search(no_cache=True)


def test_a_failure_without_a_slot_for_another_attempt_is_raised(world: World) -> None:
    world.client.results = [UpstreamError("500")]
    with pytest.raises(UpstreamError):
        world.search(seconds=1)


@pytest.mark.parametrize("error", [TimedOutError("late"), MisconfiguredError("AccessDenied")])
def test_other_failures_are_not_tried_again(world: World, error: ConnectError) -> None:
    world.client.results = [error]
    with pytest.raises(type(error)):
        world.search()
    assert len(world.client.calls) == 1
    assert world.search().cache_status == "fwd=miss; stored"  # nobody holds the lease


@pytest.mark.parametrize(
    "error", [THROTTLED, TimedOutError("late"), UnavailableError("503"), UpstreamError("500")], ids=lambda e: e.code
)
def test_a_stale_result_is_returned_in_an_outage(world: World, error: ConnectError) -> None:
    world.search()
    world.clock.now += 100
    world.client.results = [error] * 9
    stale = world.search()
    assert stale.cache_status == "fwd=stale; detail=stale-if-error"
    assert stale.age is not None
    assert stale.age >= 99
    with pytest.raises(type(error)):
        world.search(no_cache=True)


def test_a_rejection_is_shared_but_not_returned_in_an_outage(world: World) -> None:
    world.client.results = [RejectedError("InvalidRequestException", "too long")]
    for _ in range(2):
        with pytest.raises(RejectedError) as rejected:
            world.search()
        assert rejected.value.reason == "too long"
    assert len(world.client.calls) == 1
    world.clock.now += 100
    world.client.results = [TimedOutError("late")]
    with pytest.raises(TimedOutError):
        world.search()


def test_an_unreadable_response_is_not_cached(world: World) -> None:
    world.client.results = [b"<html>"]
    with pytest.raises(UpstreamError):
        world.search()
    assert world.search().cache_status == "fwd=miss; stored"


def test_a_result_that_is_too_large_is_returned_but_not_cached(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_cache, "LARGEST_BODY", 10)
    result = world.search()
    assert (result.cache_status, result.lifetime) == ("fwd=miss; detail=too-large", 0)


@pytest.mark.parametrize(("operation", "forward"), [("get", "bypass"), ("update", "bypass"), ("put", "miss")])
def test_searches_work_without_the_table(
    world: World, monkeypatch: pytest.MonkeyPatch, operation: str, forward: str
) -> None:
    def fail(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb")

    monkeypatch.setattr(world.dynamodb, f"{operation}_item", fail)
    result = world.search()
    assert (result.cache_status, result.lifetime) == (f"fwd={forward}; detail=storage-unavailable", 0)
    assert len(world.client.calls) == 1


def test_when_connect_throttles_the_caller_waits_for_another_slot(world: World, log: list[dict[str, Any]]) -> None:
    world.client.results = [THROTTLED]
    assert world.search(seconds=5).cache_status == "fwd=miss; stored"
    assert [line["outcome"] for line in log] == ["ThrottlingException", "answer"]
    assert world.client.calls[1] - world.client.calls[0] == pytest.approx(2 * INTERVAL, abs=0.4)


def test_when_connect_throttles_a_caller_that_cannot_wait_is_refused_at_once(world: World) -> None:
    world.client.results = [THROTTLED]
    with pytest.raises(ThrottledError) as refused:
        world.search(seconds=3)
    assert (refused.value.code, refused.value.retry_after) == ("ThrottlingException", 4)
    assert world.clock.now - world.started < 0.4


def test_when_connect_throttles_all_callers_of_a_search_share_the_wait(world: World) -> None:
    """The first one retries for all. No other caller that can wait longer than the pause is refused."""
    world.client.results = [THROTTLED, THROTTLED]
    results = world.clock.run(*[lambda: world.search(seconds=12) for _ in range(20)])
    assert all(isinstance(result, Result) for result in results), results
    assert len(world.client.calls) == 3
    assert world.clock.now - world.started < 4 * INTERVAL + 2


def test_when_connect_throttles_and_the_first_caller_cannot_wait_another_one_goes(world: World) -> None:
    world.client.results = [THROTTLED]
    searches = [lambda: world.search(seconds=1), *[lambda: world.search(seconds=10) for _ in range(5)]]
    first, *others = world.clock.run(*searches)
    assert isinstance(first, ThrottledError)
    assert all(isinstance(result, Result) for result in others), others
    assert len(world.client.calls) == 2


def test_when_connect_keeps_throttling_a_large_quota_it_is_called_less_and_less(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large quota always has a slot: without a pause, one call would follow the other."""
    monkeypatch.setattr(world.limiter, "back_off", lambda: 1)
    monkeypatch.setattr(world.limiter, "wait_for_slot", lambda *_, **__: None)
    world.client.results = [THROTTLED] * 99
    with pytest.raises(ThrottledError):
        world.search(seconds=20)
    assert len(world.client.calls) < 8


def test_without_a_limiter_a_throttled_call_is_not_repeated(world: World) -> None:
    world.client.results = [THROTTLED]
    with pytest.raises(ThrottledError):
        world.search(world.environment(limited=False))
    assert len(world.client.calls) == 1


def test_a_caller_that_cannot_wait_for_the_lease_holders_call_is_refused_at_once(world: World) -> None:
    """Given a lease holder that calls in 10 s, the others wait if they can."""
    world.limiter.next_slot = world.clock.now + 10

    def follow(seconds: float) -> tuple[float, Any]:
        world.clock.sleep(0.1)
        try:
            return 0, world.search(seconds=seconds).cache_status
        except ThrottledError as error:
            return world.clock.now - world.started, error.retry_after

    results = world.clock.run(lambda: world.search(seconds=20).cache_status, lambda: follow(8), lambda: follow(12))
    assert results == ["fwd=miss; stored", (pytest.approx(0.1, abs=0.2), 11), (0, "fwd=miss; collapsed")]
    assert len(world.client.calls) == 1


def test_waiting_callers_learn_that_the_lease_holder_has_to_wait_longer(world: World) -> None:
    def throttle(request: Mapping[str, Any]) -> bytes:  # noqa: ARG001 - the client's interface
        world.limiter.next_slot = world.clock.now + 8
        world.client.search_contacts = original  # type: ignore[method-assign]
        raise THROTTLED

    original, world.client.search_contacts = world.client.search_contacts, throttle  # type: ignore[method-assign]
    leader, follower = world.clock.run(lambda: world.search(seconds=20), lambda: world.search(seconds=5))
    assert isinstance(leader, Result)
    assert isinstance(follower, ThrottledError)
    assert follower.retry_after == 9


def test_equal_searches_of_a_caller_are_refused_together(world: World) -> None:
    """Given no slot in time, 20 simultaneous requests ask the limiter once, and another caller's request asks again."""
    asked = []

    def refuse(caller: str, deadline: float, **_: Any) -> None:  # noqa: ARG001 - the limiter's interface
        asked.append(caller)
        world.clock.sleep(0.02)
        raise ThrottledError("QuotaExceeded", 7)

    world.limiter.wait_for_slot = refuse  # type: ignore[method-assign]
    searches = [lambda: world.search(seconds=0)] * 20
    results = world.clock.run(*searches, lambda: world.search(seconds=0, caller="another"))
    assert all(isinstance(result, ThrottledError) for result in results)
    assert world.clock.now - world.started < 0.3
    assert sorted(asked) == ["another", "caller"]


def test_a_caller_that_waits_for_a_dead_environment_calls_itself(world: World) -> None:
    """Given an environment that died with the lease."""
    dead = ResultCache(TransientTable("table", world.dynamodb))
    environment = world.environment(limited=False)
    world.search(environment)
    [key] = [
        item["key"]["S"].removeprefix("result ") for item in world.dynamodb.scan(TableName="table", Limit=9)["Items"]
    ]
    world.clock.now += 11
    dead.take_lease(key, 3600)
    started = world.clock.now
    assert world.search(environment).cache_status == "fwd=miss; stored"
    assert 9 <= world.clock.now - started < 13


def test_no_call_begins_too_late_for_the_gateway(world: World) -> None:
    patience = Patience("caller", 20, started=world.clock.now - 22)
    with pytest.raises(ThrottledError, match="TooLate"):
        world.environment().search(world.request(), patience)
    assert not world.client.calls


def test_background_calls_wait_behind_others_and_do_not_share_results(world: World) -> None:
    """Given a call for an export, a simultaneous request for the same result does not wait for a background slot."""
    world.limiter.next_slot = world.clock.now + 60
    results = world.clock.run(
        lambda: world.search(seconds=300, background=True),
        lambda: world.search(seconds=300),
        lambda: world.search(seconds=300, background=True),
    )
    statuses = [result.cache_status for result in results if isinstance(result, Result)]
    alone = "fwd=bypass; detail=background"
    assert statuses == [alone, "fwd=miss; stored", alone]
    assert sorted(world.limiter.callers) == ["caller", *["caller in the background"] * 2]
    world.clock.now = world.started + 60 + INTERVAL + 1
    world.search()
    assert world.search(background=True).cache_status.startswith("hit")


def test_an_export_may_call_at_any_time_after_it_began(world: World) -> None:
    patience = Patience("export", 300, started=world.clock.now - 200, background=True)
    world.environment().search(world.request(), patience)
    assert len(world.client.calls) == 1


def test_other_requests_and_other_instances_have_other_results(world: World) -> None:
    world.search()
    other = world.request() | {"MaxResults": 2}
    assert world.environment().search(other, world.patience()).cache_status == "fwd=miss; stored"
    world.client.instance_id = "another"
    world.clock.now += INTERVAL
    assert world.search().cache_status == "fwd=miss; stored"


def test_all_calls_of_a_request_share_its_patience(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "time", clock)
    patience = Patience("caller", 3, started=clock.now)
    clock.now += 1
    assert (patience.remaining, patience.deadline) == (2, clock.now + 2)
    clock.now += 5
    assert patience.remaining == 0
