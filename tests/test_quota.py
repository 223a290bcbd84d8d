"""Turns in Connect's quota: never too many, shared by all, and a true word to who has to come back."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amazon_connect import quota as quota_module
from amazon_connect.errors import ThrottledError
from amazon_connect.quota import Quota
from sandbox.amazon_connect.behaviour import Behaviour
from storage.transient import TransientTable
from tests.test_caching import WEEK, Service, aws_table, service, table

__all__ = ["aws_table", "service", "table"]  # fixtures

INTERVAL = 2.03  # seconds, at half a search a second


class Clock:
    """Time that passes only when somebody sleeps, or the test says so."""

    def __init__(self) -> None:
        self.now = time.time()

    def time_ns(self) -> int:
        return int(self.now * 1e9)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(quota_module, "time", clock)
    return clock


@pytest.fixture
def at_half_a_search(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service with Connect's own quota."""
    import search_handler  # noqa: PLC0415

    quota = Quota(lambda: service.table, 0.5, 1)
    monkeypatch.setattr(service.shared, "quota", quota)
    monkeypatch.setattr(search_handler, "quota", lambda: quota)
    yield service
    service.aws.connect.behaviour = Behaviour()


@pytest.mark.usefixtures("clock")
def test_who_is_refused_is_told_when_a_turn_is_free(at_half_a_search: Service) -> None:
    calls = at_half_a_search.calls
    answers = [at_half_a_search.get({"prefer": "wait=0"}, **WEEK, name=f"{n}") for n in range(5)]
    assert [answer.status for answer in answers] == [200, 429, 429, 429, 429]
    waits = [int(answer.headers["retry-after"]) for answer in answers[1:]]
    assert [later - earlier for earlier, later in itertools.pairwise(waits)] == [2, 2, 2]
    assert waits[0] in {1, 2}
    for answer in answers[1:]:
        assert answer.json["type"] == "/problems/throttled"
        assert answer.headers["ratelimit"].startswith('"search-contacts";r=0;t=')
        assert answer.headers["ratelimit-policy"] == '"search-contacts";q=1;w=2'
    assert at_half_a_search.calls == calls + 1


def test_a_caller_waits_for_its_turn(at_half_a_search: Service, clock: Clock) -> None:
    begun = clock.now
    answers = [at_half_a_search.get(**WEEK, name=f"{n}") for n in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert 1.9 < clock.now - begun < 3
    begun = clock.now
    assert at_half_a_search.get({"prefer": 'respond-async, Wait="1"; x'}, **WEEK, name="3").status == 429
    assert clock.now - begun < 1


def test_who_waits_for_nothing_gets_what_is_kept(at_half_a_search: Service) -> None:
    assert at_half_a_search.get(**WEEK).status == 200
    assert at_half_a_search.get({"prefer": "wait=0"}, **WEEK).status == 200
    at_half_a_search.later(400)
    assert "fwd=stale" in at_half_a_search.get({"prefer": "wait=0"}, **WEEK).headers["cache-status"]


def test_when_connect_throttles_all_the_same_everyone_backs_off(at_half_a_search: Service) -> None:
    at_half_a_search.aws.connect.behaviour.quota = 0.001
    at_half_a_search.aws.connect.quota.allows(0.001)  # another application of the account
    calls = at_half_a_search.calls
    refused = at_half_a_search.get(**WEEK)
    assert (refused.status, refused.headers["retry-after"]) == (429, "4")
    assert at_half_a_search.calls == calls + 1
    others = [at_half_a_search.get({"prefer": "wait=0"}, **WEEK, name=f"{n}") for n in range(3)]
    assert [answer.status for answer in others] == [429] * 3
    assert at_half_a_search.calls == calls + 1


def turn(quota: Quota, caller: str, longest_wait: float, clock: Clock) -> float:
    """When the caller's turn is."""
    until = quota.turn_of(caller, longest_wait)
    before = clock.now
    until()
    moment, clock.now = clock.now, before
    return moment


def test_burst(table: TransientTable, clock: Clock) -> None:
    quota = Quota(lambda: table, 0.5, 3)
    turns = [turn(quota, f"{n}", 10, clock) - clock.now for n in range(5)]
    assert turns == pytest.approx([0.01, 0.01, 0.01, INTERVAL, 2 * INTERVAL], abs=0.2)


def test_a_greedy_caller_lets_those_go_first_who_have_to_come_back(table: TransientTable, clock: Clock) -> None:
    quota = Quota(lambda: table, 0.5, 1)
    turn(quota, "greedy", 0, clock)
    with pytest.raises(ThrottledError) as refused:
        quota.turn_of("polite", 0)
    clock.now += refused.value.retry_after + 0.3
    with pytest.raises(ThrottledError):
        quota.turn_of("greedy", 0)
    assert turn(quota, "polite", 0.1, clock) - clock.now < 0.1
    with pytest.raises(ThrottledError) as refused:
        quota.turn_of("greedy", 0)
    clock.now += refused.value.retry_after + 1
    turn(quota, "greedy", 0, clock)


def test_nobody_waits_long_for_who_does_not_come_back(table: TransientTable, clock: Clock) -> None:
    quota = Quota(lambda: table, 0.5, 1)
    turn(quota, "greedy", 0, clock)
    with pytest.raises(ThrottledError):
        quota.turn_of("gone", 0)
    for number in range(15):
        with pytest.raises(ThrottledError):
            quota.turn_of(f"gone too {number}", 0)
    for _ in range(3):
        clock.now += INTERVAL + 1.3
        turn(quota, "greedy", 0, clock)


def test_callers_who_come_back_after_a_long_time(table: TransientTable, clock: Clock) -> None:
    quota = Quota(lambda: table, 0.5, 1)
    for _ in range(3):
        turn(quota, "regular", 0, clock)
        with pytest.raises(ThrottledError):
            quota.turn_of("other", 0)
        clock.now += 3600
    assert not table._rests_until
    item = table.get("quota") or {}
    assert len([name for name in item if name.startswith(("turn_", "due_"))]) == 2


def test_very_many_callers_do_not_outgrow_the_table(
    table: TransientTable, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = Quota(lambda: table, 0.5, 1)
    turn(quota, "first", 0, clock)
    for number in range(230):
        with pytest.raises(ThrottledError):
            quota.turn_of(f"{number}", 0)
    assert len(table.get("quota") or {}) < 210
    call = Mock(wraps=table.dynamodb.call)
    monkeypatch.setattr(table.dynamodb, "call", call)
    for _ in range(20):
        clock.now += 60
        turn(quota, "first", 0, clock)
    sent = [parameters for _, parameters in (one.args for one in call.call_args_list)]
    assert 0 < max(len(parameters.get("UpdateExpression", "")) for parameters in sent) < 4096
    assert len(table.get("quota") or {}) < 20
    assert not table._rests_until


def test_a_caller_books_but_one_turn_ahead(table: TransientTable, clock: Clock) -> None:
    """Of many parallel requests of one caller, the others' do not have to wait for all."""
    quota = Quota(lambda: table, 0.5, 1)
    turn(quota, "greedy", 0, clock)
    turn(quota, "greedy", 20, clock)
    with pytest.raises(ThrottledError):
        quota.turn_of("greedy", 1)
    assert turn(quota, "polite", 5, clock) - clock.now < 2 * INTERVAL + 0.1


@pytest.mark.parametrize("behind", [-30_000, 30_000])
def test_clocks_that_differ_do_no_harm(table: TransientTable, clock: Clock, behind: int) -> None:
    here, elsewhere = (Quota(lambda: table, 0.5, 1) for _ in range(2))
    elsewhere._catch_up = -behind
    turns = [turn(quota, f"{n}", 20, clock) for n, quota in enumerate([here, elsewhere, here, elsewhere])]
    gaps = [later - earlier for earlier, later in itertools.pairwise(turns[1:])]
    assert gaps == pytest.approx([INTERVAL] * 2, abs=0.2)


@given(
    asks=st.lists(
        st.tuples(st.sampled_from("abcd"), st.floats(0, 8), st.floats(0, 3), st.integers(0, 1)), min_size=5, max_size=25
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_asks_turns_come_one_after_the_other(
    aws_table: Callable[[], TransientTable], monkeypatch: pytest.MonkeyPatch, asks: list[Any]
) -> None:
    """Two environments, and callers who wait for some time at most and come at any time."""
    clock, table = Clock(), aws_table()
    monkeypatch.setattr(quota_module, "time", clock)
    quotas = [Quota(lambda: table, 0.5, 1) for _ in range(2)]
    turns: list[float] = []
    for caller, longest_wait, pause, environment in asks:
        clock.now += pause
        asked = clock.now
        with suppress(ThrottledError):
            turns.append(turn(quotas[environment], caller, longest_wait, clock))
            assert turns[-1] <= asked + longest_wait + 0.6
    assert turns
    assert not table._rests_until
    gaps = [later - earlier for earlier, later in itertools.pairwise(sorted(turns))]
    assert all(gap >= 2 for gap in gaps), gaps


def test_without_the_table_each_environment_has_a_limiter_of_its_own(
    table: TransientTable, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_rests_until", time.monotonic() + 100)
    quota = Quota(lambda: table, 0.5, 1)
    turns = [turn(quota, "caller", 5, clock) - clock.now for _ in range(3)]
    assert turns == pytest.approx([0, INTERVAL, 2 * INTERVAL], abs=0.05)
    with pytest.raises(ThrottledError) as refused:
        quota.turn_of("caller", 5)
    assert refused.value.retry_after == 6
