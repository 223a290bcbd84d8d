"""The limiter never lets calls leave too close together, whatever stalls, and wastes little of the quota."""

import itertools
import random
import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contact_search.amazon_connect.errors import ThrottledError
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.amazon_connect.slot_queue import caller_name
from contact_search.storage.errors import StorageUnavailableError
from contact_search.storage.transient_table import TransientTable
from tests.profiles import examples
from tests.unit.amazon_connect.simulation import Environment, Fleet, Limiter, Simulation, Table, TableClient
from tests.unit.conftest import Clock

INTERVAL = 2.03  # seconds, at half a call a second
FIRST_CALL = 0.05  # seconds that are left free after an environment's first call
WRITE_TIME = 0.02  # seconds that an environment's first write is expected to take
PROMPT, BUSY, SLOW = (0.003, 0.012), (0.005, 0.05), (0.29, 0.31)  # seconds that a call of the table takes


@dataclass(frozen=True)
class Caller:
    """Asks again and again, with pauses, and comes back when told to."""

    wait: float
    pause: float = 0
    requests: int = 1
    starts_at: float = 0
    background: bool = False


@dataclass(frozen=True)
class World:
    """What happens in a simulation. Environments are numbered as they start."""

    callers: list[Caller]
    latency: tuple[float, float] = PROMPT
    stalls: list[tuple[int, float, float]] = field(default_factory=list)
    deaths: dict[int, float] = field(default_factory=dict)
    skews: list[float] = field(default_factory=lambda: [0.0])
    outages: list[tuple[float, float]] = field(default_factory=list)
    seed: int = 0
    seconds: float = 90


def new_limiter(table: TableClient, environment: Environment) -> RateLimiter:
    return RateLimiter(table, 0.5, 1, 5, environment)  # type: ignore[arg-type]


def simulate(world: World, create_limiter: Callable[[TableClient, Environment], Limiter] = new_limiter) -> Fleet:
    simulation = Simulation()
    random.seed(world.seed)  # the limiter's

    def prepare(environment: Environment, number: int) -> None:
        environment.skew = world.skews[number % len(world.skews)]
        environment.stalls = [(start, start + length) for stalled, start, length in world.stalls if stalled == number]
        environment.dies_at = world.deaths.get(number, environment.dies_at)

    table = Table(latency=world.latency, outages=world.outages)
    fleet = Fleet(simulation, table, create_limiter, random.Random(world.seed), prepare)  # noqa: S311 - nobody has to guess it

    def ask_again_and_again(name: str, caller: Caller) -> None:
        while simulation.now < world.seconds:
            fleet.ask(name, caller.wait, background=caller.background)
            fleet.pause(caller.pause)

    for number, caller in enumerate(world.callers):
        for _ in range(caller.requests):

            def process(name: str = f"caller {number}", caller: Caller = caller) -> None:
                ask_again_and_again(name, caller)

            simulation.start(process, caller.starts_at)
    simulation.run()
    return fleet


def gaps(fleet: Fleet) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(fleet.sends())]


def lasting(fleet: Fleet, *, sent: bool) -> list[float]:
    return [wait.end - wait.start for wait in fleet.waits if wait.sent == sent and wait.end < wait.environment.dies_at]


MOMENTS = st.floats(0, 90)
CALLERS = st.lists(
    st.builds(
        Caller,
        wait=st.sampled_from([0, 1, 3, 20]),
        pause=st.sampled_from([0, 0, 5, 30]),
        starts_at=st.floats(0, 5),
    ),
    min_size=1,
    max_size=14,
)
BACKGROUND = st.lists(
    st.builds(Caller, wait=st.sampled_from([20, 60]), starts_at=st.floats(0, 20), background=st.just(True)),
    min_size=1,
    max_size=3,
)
STALLS = st.lists(st.tuples(st.integers(0, 5), MOMENTS, st.floats(0.3, 2.5)), max_size=20)
DEATHS = st.dictionaries(st.integers(0, 5), MOMENTS, max_size=6)
SKEWS = st.lists(st.floats(-0.005, 0.005), min_size=1, max_size=5)
LATENCIES = st.sampled_from([PROMPT, BUSY, SLOW])
OUTAGES = st.lists(MOMENTS.map(lambda start: (start, start + 10)), max_size=1)
SEEDS = st.integers(0, 1000)
UNFORTUNATE = st.builds(
    World,
    st.builds(list.__add__, CALLERS, st.just([]) | BACKGROUND),
    latency=LATENCIES,
    stalls=STALLS,
    deaths=DEATHS,
    skews=SKEWS,
    outages=OUTAGES,
    seed=SEEDS,
)
FORTUNATE = st.builds(World, CALLERS, latency=st.sampled_from([PROMPT, BUSY]), skews=SKEWS, seed=SEEDS)
CROWDED = st.builds(World, CALLERS, latency=st.sampled_from([PROMPT, BUSY]), seed=SEEDS, seconds=st.just(150))
thorough = settings(max_examples=examples(20), deadline=None)


@thorough
@given(UNFORTUNATE)
def test_no_two_calls_leave_within_an_interval(world: World) -> None:
    """Given stalls, deaths, skew and a slow table, calls keep their distance unless the table cannot be reached."""
    sends = simulate(world).sends()
    # The circuit stays open for 5 s, and whoever found it open waits for its slot for up to 20 s.
    outages = [(start, end + 5 + 20 + INTERVAL) for start, end in world.outages]
    for earlier, later in itertools.pairwise(sends):
        if not any(start <= later and earlier <= end for start, end in outages):
            assert later - earlier >= 2


@thorough
@given(UNFORTUNATE)
def test_nobody_starves(world: World) -> None:
    """Given as many callers as there are, each is answered in its turn, however little it waits itself."""
    fleet = simulate(world)
    trouble = 2 * INTERVAL * (len(world.stalls) + len(world.deaths)) + 20 * len(world.outages)
    longest = 2 * (len(world.callers) + 3) * (INTERVAL + FIRST_CALL) + trouble + 20  # two rounds
    assert {caller for caller, _ in fleet.answers} == {f"caller {number}" for number in range(len(world.callers))}
    assert max(seconds for _, seconds in fleet.answers) < longest


@thorough
@given(FORTUNATE)
def test_retry_after_is_kept(world: World) -> None:
    """Given prompt environments, whoever comes back as told is served. Some of those who asked at once come twice."""
    fleet = simulate(world)
    assert max((in_a_row for _, in_a_row in fleet.refusals), default=0) <= 2
    again = sum(in_a_row == 2 for _, in_a_row in fleet.refusals)
    assert again <= len(world.callers) / 2 + len(fleet.refusals) / 50


@thorough
@given(UNFORTUNATE)
def test_the_quota_is_used_while_anybody_waits(world: World) -> None:
    """Given stalls and deaths, 98 % of the quota is used, but for the one slot that each of them may cost."""
    if world.latency == SLOW:
        return
    fleet = simulate(world)
    trouble = (INTERVAL + FIRST_CALL) * (len(world.stalls) + len(world.deaths)) + 20 * len(world.outages)
    if len(fleet.sends()) > 10:
        assert fleet.used(trouble + FIRST_CALL * fleet.first_calls()) >= 0.98


@settings(max_examples=examples(10), deadline=None)
@given(CROWDED, BACKGROUND)
def test_the_background_slows_others_down_by_a_fourth(world: World, background: list[Caller]) -> None:
    """Given background callers, others wait 1.25 times as long as without, and for a call of the background's.

    A single wait may be longer: who asks at the moment at which the background begins may have to come back twice.
    """
    without, beside = simulate(world), simulate(replace(world, callers=world.callers + background))
    others = {caller for caller, _ in without.answers}
    waits = [seconds for _, seconds in without.answers]
    waits_beside = [seconds for caller, seconds in beside.answers if caller in others]
    assert statistics.mean(waits_beside) <= 1.25 * statistics.mean(waits) + 1.5 * INTERVAL
    assert max(waits_beside) <= 1.25 * max(waits) + 8 * INTERVAL
    assert max((in_a_row for caller, in_a_row in beside.refusals if caller in others), default=0) <= 2


@settings(max_examples=examples(10), deadline=None)
@given(CROWDED, BACKGROUND)
def test_the_background_gets_its_fifth(world: World, background: list[Caller]) -> None:
    """Given others who ask all the time, the background has one call of five, and each caller there has its turn."""
    callers = [replace(caller, pause=0) for caller in world.callers]
    fleet = simulate(replace(world, callers=callers + [replace(caller, wait=60) for caller in background]))
    turns = Counter(wait.caller for wait in fleet.waits if wait.sent and 60 < wait.end < world.seconds)
    ours = [turns[f"caller {len(callers) + number}"] for number in range(len(background))]
    assert sum(ours) >= sum(turns.values()) / 5 - 1.5
    assert max(ours) - min(ours) <= 2


@pytest.mark.parametrize(
    "background",
    [
        pytest.param([Caller(60, background=True)], id="one"),
        pytest.param([Caller(60, background=True)] * 3, id="three"),
        pytest.param([Caller(1, background=True)] * 3, id="three with short waits"),
    ],
)
def test_the_background_alone_uses_the_quota(background: list[Caller]) -> None:
    fleet = simulate(World(background, seconds=300))
    assert fleet.used(FIRST_CALL * fleet.first_calls()) >= 0.98
    turns = Counter(caller for caller, _ in fleet.answers)
    assert max(turns.values()) - min(turns.values()) <= 1


def test_ten_callers_beside_three_in_the_background() -> None:
    fleet = simulate(World([Caller(20)] * 10 + [Caller(60, background=True)] * 3, seconds=300))
    waits = [seconds for caller, seconds in fleet.answers if int(caller.split()[1]) < 10]
    assert statistics.mean(waits) < 1.25 * 10 * INTERVAL + 0.1
    assert max(waits) < 14.5 * INTERVAL
    share = (len(fleet.answers) - len(waits)) / len(fleet.answers)
    assert share == pytest.approx(0.2, abs=0.03)


def test_the_background_waits_for_those_who_were_there_before() -> None:
    """Given 20 callers who have been told when to come back, none is told again as exports begin."""
    callers = [Caller(wait=0, starts_at=number / 20) for number in range(20)]
    fleet = simulate(World([*callers, Caller(60, starts_at=5, background=True)], seconds=100))
    assert max(in_a_row for _, in_a_row in fleet.refusals) == 1
    first = min(wait.end for wait in fleet.waits if wait.sent and wait.caller == "caller 20")
    assert first > 18 * INTERVAL


def test_twenty_callers_share_the_quota() -> None:
    fleet = simulate(World([Caller(wait=3, starts_at=number / 20) for number in range(20)], seconds=300))
    assert (len(fleet.sends()) - 1) / (fleet.sends()[-1] - fleet.sends()[0]) / 0.5 >= 0.98
    waits = sorted(seconds for _, seconds in fleet.answers[20:])
    assert 40 < waits[0] <= waits[-1] < 42
    assert max(in_a_row for _, in_a_row in fleet.refusals) == 1
    assert fleet.table.calls["update"] <= 3.1 * len(fleet.sends())


@pytest.mark.parametrize("wait", [pytest.param(3, id="short waits"), pytest.param(20, id="long waits")])
def test_a_slow_table_costs_nothing(wait: float) -> None:
    fleet = simulate(World([Caller(wait)] * 8, latency=SLOW, seconds=300))
    assert min(gaps(fleet)) >= 2
    assert fleet.used() >= 0.95


def test_stalls_cost_little() -> None:
    """Given 8 callers and environments that stand still for a seventh of the time, 90 % of the quota is used."""
    chance = random.Random(16)  # noqa: S311 - nobody has to guess it
    stalls = [(number, chance.uniform(0, 300), chance.uniform(0.3, 2.5)) for number in range(8) for _ in range(30)]
    fleet = simulate(World([Caller(wait=20)] * 8, stalls=stalls, seconds=300))
    assert min(gaps(fleet)) >= 2
    assert (len(fleet.sends()) - 1) / (fleet.sends()[-1] - fleet.sends()[0]) / 0.5 >= 0.9


def test_whoever_dies_does_not_keep_its_slot() -> None:
    """Given that half of those who wait die, the others move up."""
    fleet = simulate(World([Caller(wait=20)] * 8, deaths=dict.fromkeys((1, 3, 4, 6), 5.0), seconds=60))
    assert max(gaps(fleet)) < INTERVAL + FIRST_CALL + 0.3


def test_without_the_table_each_environment_paces_itself() -> None:
    """Given 10 s without the table, whoever waits keeps the slot that it saw last, and later the line goes on."""
    fleet = simulate(World([Caller(wait=20)] * 4, outages=[(20, 30)], seconds=60))
    assert not lasting(fleet, sent=False)
    after = [gap for gap, moment in zip(gaps(fleet), fleet.sends(), strict=False) if moment > 38]
    assert min(after) >= 2


def test_a_request_that_would_wait_in_vain_is_refused_at_once() -> None:
    """Given 12 searches of one caller at once, one is sent, 5 wait, 6 are refused and served when they come back."""
    fleet = simulate(World([Caller(wait=20, requests=12)], seconds=0.1))
    assert len(fleet.answers) == 12
    refused = lasting(fleet, sent=False)
    assert len(refused) == 6
    assert max(refused) < 0.3
    assert max(in_a_row for _, in_a_row in fleet.refusals) == 1


def test_a_greedy_caller_does_not_keep_others_waiting() -> None:
    """Given a caller with many requests at once, another one has every second slot."""
    fleet = simulate(World([Caller(wait=20, requests=12), Caller(wait=20, starts_at=5)], seconds=120))
    waits = [seconds for caller, seconds in fleet.answers if caller == "caller 1"]
    assert max(waits) < 2 * INTERVAL + 1


@example(30)
@example(-30)
@given(st.floats(-60, 60))
@settings(max_examples=examples(10), deadline=None)
def test_an_environment_follows_the_fastest_clock(skew: float) -> None:
    """Given an environment whose clock is wrong, calls keep their distance once it has seen the others'."""
    fleet = simulate(World([Caller(wait=20)] * 4, skews=[0.0, skew, 0.0, 0.0], seconds=60))
    assert min(gaps(fleet)[4:]) >= 1.9


# A single environment, with a table that takes no time.

KEY = "quota search-contacts"


@dataclass
class Alone:
    """An environment that shares the table with others, which do nothing."""

    clock: Clock
    table: Table
    rate: float = 0.5
    burst: int = 1

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.table, self.rate, self.burst, 5, self.clock)  # type: ignore[arg-type]

    def wait(self, caller: str, seconds: float, *, background: bool = False) -> float:
        """Return after how many seconds the call left."""
        return wait(self.limiter, self.clock, caller, seconds, background=background)


def moment(seconds: float) -> int:
    """Return the time of so many seconds after the test begins, in milliseconds."""
    return round(1000 * (Clock().now + seconds))


def dead(count: int) -> dict[str, int]:
    """Return the places of requests that do not send."""
    return {f"waiting_{number}_1": moment(-9) for number in range(count)}


def alone(clock: Clock, tat: float, line: dict[str, int] | None = None, **quota: Any) -> Alone:
    return Alone(clock, Table(items={KEY: {"tat": moment(tat)} | (line or {})}), **quota)


def test_whoever_finds_its_slot_free_does_not_join_the_line(clock: Clock) -> None:
    environment = alone(clock, tat=0)
    assert environment.wait("a", 0) == 0
    assert environment.table.calls == {"get": 0, "update": 2, "failed": 1}


def test_after_a_pause_a_call_takes_one_write_and_takes_away_who_has_missed_its_slot(clock: Clock) -> None:
    environment = alone(clock, -2, dead(3))
    assert environment.wait("a", 0) == 0
    clock.now += 10
    assert environment.wait("b", 0) == 0
    assert environment.table.calls == {"get": 0, "update": 2, "failed": 0}
    assert not [name for name in environment.table.items[KEY] if name.startswith("waiting_")]


def test_the_throttled_caller_goes_first(clock: Clock) -> None:
    environment = alone(clock, -2, dead(1))
    environment.wait("leader", 0)
    environment.limiter.back_off()
    assert environment.wait("leader", 5) == pytest.approx(2 * INTERVAL, abs=0.001)
    environment.limiter.back_off()
    assert environment.wait("another", 20) == pytest.approx(2 * INTERVAL + 0.025, abs=0.001)


def test_a_call_may_leave_at_its_deadline(clock: Clock) -> None:
    assert alone(clock, tat=1).wait("a", 1) == pytest.approx(1)


@pytest.mark.parametrize(
    ("tat", "expected"), [pytest.param(-0.5, 0, id="its slot is free"), pytest.param(2, 2, id="a slot in 2 s")]
)
def test_whoever_joins_is_told_when_its_slot_begins(clock: Clock, tat: float, expected: float) -> None:
    seconds: list[float] = []
    alone(clock, tat).limiter.wait_for_slot("a", clock.monotonic() + 20, background=False, expect=seconds.append)
    assert seconds == [expected]


@pytest.mark.parametrize(
    ("background", "intervals"), [pytest.param(False, 3, id="foreground"), pytest.param(True, 7, id="background")]
)
def test_whoever_comes_back_waits_for_some_more_intervals(clock: Clock, intervals: int, *, background: bool) -> None:
    name = caller_name("a", background=background)
    promised = {f"promised_{name}_{moment(-9)}": moment(0)}
    waits = intervals * INTERVAL
    late = alone(clock, waits + 0.001, promised)
    assert refused(late.limiter, clock, "a", background=background) == int(waits - 0.2 - 3 * WRITE_TIME)
    assert alone(clock, waits, promised).wait("a", 0, background=background) == pytest.approx(waits)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        pytest.param(1, 0.025, id="one"),
        pytest.param(20, 20 * 0.025, id="20"),
        pytest.param(30, 10 * INTERVAL + 20 * 0.025, id="those far behind see 20 slots"),
    ],
)
def test_whoever_waits_behind_the_dead_goes_before_them(clock: Clock, count: int, expected: float) -> None:
    environment = alone(clock, 0, dead(count))
    assert environment.wait("a", 100) == pytest.approx(expected, abs=0.001)
    assert not [name for name in environment.table.items[KEY] if name.startswith("waiting_")]


@pytest.mark.parametrize(
    ("burst", "tat", "waiting", "expected"),
    [
        pytest.param(1, 0, 0, "r=1;t=0", id="free"),
        pytest.param(1, 1.5, 0, "r=0;t=2", id="a slot in 1.5 s"),
        pytest.param(1, 7.005 - 2 * INTERVAL, 2, "r=0;t=8", id="two wait"),
        pytest.param(5, 2 * INTERVAL, 0, "r=3;t=0", id="a burst"),
        pytest.param(5, 2 * INTERVAL, 2, "r=1;t=0", id="a burst for which two wait"),
    ],
)
def test_the_state_is_told_as_it_was_seen(clock: Clock, burst: int, tat: float, waiting: int, expected: str) -> None:
    environment = alone(clock, tat, dead(waiting), burst=burst)
    environment.limiter._pacer.read()
    assert environment.limiter.state_header() == f'"search-contacts";{expected}'


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        pytest.param(0.5, 4, id="two intervals"),
        pytest.param(0.6767, 3, id="3 s exactly"),
        pytest.param(10, 1, id="1 s at least"),
    ],
)
def test_a_pause_is_told_in_whole_seconds(clock: Clock, rate: float, seconds: int) -> None:
    assert alone(clock, 0, rate=rate).limiter.back_off() == seconds


def test_very_many_callers_do_not_outgrow_the_item(clock: Clock) -> None:
    environment = Alone(clock, Table())
    environment.wait("first", 0)
    told = [refused(environment.limiter, clock, f"{number}") for number in range(230)]
    assert told[-1] > 400
    assert environment.table.most_attributes < 210
    for _ in range(5):
        clock.now += 600  # nobody has come back: more promises than one expression can remove are late
        environment.wait("first", 0)
    assert len(environment.table.items[KEY]) < 10
    assert environment.table.longest_expression < 4096


def test_a_caller_has_a_few_promises_at_most(clock: Clock) -> None:
    environment = Alone(clock, Table())
    environment.wait("first", 0)
    for _ in range(100):
        clock.now += 0.001  # requests of the same millisecond share a promise
        refused(environment.limiter, clock, "impatient")
    assert len(environment.table.items[KEY]) < 30


# The same limiter with DynamoDB's own expressions, by moto.


@pytest.fixture
def limiter(dynamodb: Any, clock: Clock) -> RateLimiter:
    return create(dynamodb, clock)


def create(dynamodb: Any, clock: Clock, rate: float = 0.5, burst: int = 1) -> RateLimiter:
    return RateLimiter(TransientTable("table", dynamodb), rate, burst, 5, clock)


def wait(limiter: RateLimiter, clock: Clock, caller: str, seconds: float, *, background: bool = False) -> float:
    """Return how long the caller waited for its slot."""
    began = clock.now
    limiter.wait_for_slot(caller, clock.monotonic() + seconds, background=background)
    return clock.now - began


def refused(limiter: RateLimiter, clock: Clock, caller: str, seconds: float = 0, *, background: bool = False) -> int:
    """Return the Retry-After of a caller who is refused."""
    with pytest.raises(ThrottledError) as error:
        limiter.wait_for_slot(caller, clock.monotonic() + seconds, background=background)
    assert error.value.code == "QuotaExceeded"
    return error.value.retry_after


def test_refused_callers_come_back_one_after_the_other(limiter: RateLimiter, clock: Clock) -> None:
    wait(limiter, clock, "first", 0)
    told = [refused(limiter, clock, "second") for _ in range(4)]
    assert [later - earlier for earlier, later in itertools.pairwise(told)] == [2, 2, 2]
    assert told[0] in {1, 2}
    assert limiter.state_header() == '"search-contacts";r=0;t=3'
    assert limiter.policy_header() == '"search-contacts";q=1;w=2'


def test_slots_are_an_interval_apart(limiter: RateLimiter, clock: Clock) -> None:
    waits = [wait(limiter, clock, caller, 20) for caller in "abca"]
    assert waits == pytest.approx([0, WRITE_TIME + INTERVAL + FIRST_CALL, INTERVAL, INTERVAL], abs=0.01)


def test_whoever_waits_is_told_for_how_long(limiter: RateLimiter, clock: Clock) -> None:
    seconds: list[float] = []
    limiter.wait_for_slot("first", clock.monotonic(), background=False, expect=seconds.append)
    assert seconds == []
    limiter.wait_for_slot("second", clock.monotonic() + 20, background=False, expect=seconds.append)
    assert seconds == [pytest.approx(INTERVAL + FIRST_CALL, abs=0.05)]


def test_quotas_of_different_names_are_apart(dynamodb: Any, clock: Clock) -> None:
    table = TransientTable("table", dynamodb)
    searches, contacts = (RateLimiter(table, 0.5, 1, 5, clock, name=name) for name in ("search-contacts", "contacts"))
    assert [wait(limiter, clock, "a", 0) for limiter in (searches, contacts)] == [0, 0]
    refused(searches, clock, "a")
    assert contacts.policy_header() == '"contacts";q=1;w=2'
    assert contacts.state_header().startswith('"contacts";r=0;')


def test_a_burst_leaves_at_once(dynamodb: Any, clock: Clock) -> None:
    limiter = create(dynamodb, clock, burst=3)
    assert limiter.state_header() == '"search-contacts";r=3;t=0'
    waits = [wait(limiter, clock, caller, 20) for caller in "abcde"]
    assert waits == pytest.approx([0, 0, 0, INTERVAL, INTERVAL], abs=0.15)


def test_a_call_takes_one_write_while_a_burst_is_left(dynamodb: Any, clock: Clock) -> None:
    limiter = create(dynamodb, clock, rate=10, burst=15)
    calls: list[str] = []
    dynamodb.meta.events.register("before-call", lambda model, **_: calls.append(model.name))
    waits = [wait(limiter, clock, "caller", 0) for _ in range(3)]
    assert waits == [0, 0, 0]
    assert calls == ["UpdateItem"] * 3


def test_a_burst_is_shared_by_environments(dynamodb: Any, clock: Clock) -> None:
    """Given environments that each expect the burst to be as they left it, no more calls leave than it has."""
    limiters = [create(dynamodb, clock, rate=10, burst=15) for _ in range(3)]
    waits = [wait(limiter, clock, "caller", 5) for _ in range(6) for limiter in limiters]
    assert sum(seconds == 0 for seconds in waits) in {12, 13, 14, 15}
    assert sum(waits) == pytest.approx(0.3 + 3 * FIRST_CALL, abs=0.2)


def test_the_background_does_not_use_a_burst(dynamodb: Any, clock: Clock) -> None:
    limiter = create(dynamodb, clock, burst=3)
    waits = [wait(limiter, clock, "export", 20, background=True) for _ in range(3)]
    assert waits == pytest.approx([0, INTERVAL, INTERVAL], abs=0.15)
    assert limiter.state_header() == '"search-contacts";r=2;t=0'
    waits = [wait(limiter, clock, caller, 20) for caller in "abc"]
    assert waits == pytest.approx([0, 0, INTERVAL], abs=0.15)


def test_the_background_waits_while_others_do(dynamodb: Any, clock: Clock) -> None:
    wait(create(dynamodb, clock), clock, "first", 0)

    order = []

    def waiter(caller: str, *, background: bool = False) -> Callable[[], None]:
        limiter = create(dynamodb, clock)

        def run() -> None:
            wait(limiter, clock, caller, 30, background=background)
            order.append(caller)

        return run

    clock.run(waiter("export", background=True), *(waiter(caller) for caller in "abcde"))
    assert len(order) == 6
    assert order[4] == "export"


def test_a_greedy_caller_lets_those_go_first_who_have_to_come_back(limiter: RateLimiter, clock: Clock) -> None:
    wait(limiter, clock, "greedy", 0)
    clock.now += refused(limiter, clock, "polite")
    refused(limiter, clock, "greedy", 1)
    assert wait(limiter, clock, "polite", 0) < 1.5
    clock.now += refused(limiter, clock, "greedy")
    wait(limiter, clock, "greedy", 0)


def test_nobody_waits_long_for_those_who_do_not_come_back(limiter: RateLimiter, clock: Clock) -> None:
    wait(limiter, clock, "greedy", 0)
    for number in range(15):
        refused(limiter, clock, f"gone {number}")
    for _ in range(3):
        clock.now += INTERVAL + 1.3
        wait(limiter, clock, "greedy", 0)


def test_when_connect_throttles_all_pause_and_the_throttled_caller_goes_first(
    limiter: RateLimiter, clock: Clock, dynamodb: Any
) -> None:
    wait(limiter, clock, "leader", 0)
    assert limiter.back_off() == 4
    elsewhere = create(dynamodb, clock)
    results = clock.run(
        lambda: wait(elsewhere, clock, "other", 20),
        lambda: wait(limiter, clock, "leader", 5),
    )
    assert results == pytest.approx([3 * INTERVAL, 2 * INTERVAL], abs=0.2)
    assert refused(elsewhere, clock, "another", 0) >= 1


def test_a_pause_is_not_made_shorter(limiter: RateLimiter, clock: Clock, dynamodb: Any) -> None:
    limiter.back_off()
    elsewhere = create(dynamodb, clock, rate=100)
    elsewhere.back_off()
    refused(elsewhere, clock, "caller", 3)


class Gone(TransientTable):
    """A table that cannot be reached."""

    def get(self, key: str) -> dict[str, Any] | None:
        raise StorageUnavailableError(key)

    def update(self, key: str, *_: Any, **__: Any) -> dict[str, Any]:
        raise StorageUnavailableError(key)


def test_without_a_table_an_environment_paces_itself(clock: Clock) -> None:
    limiter = RateLimiter(Gone("table", None), 0.5, 1, 5, clock)
    waits = [wait(limiter, clock, "caller", 5) for _ in range(3)]
    assert waits == pytest.approx([0, INTERVAL, INTERVAL], abs=0.01)
    assert refused(limiter, clock, "caller", 1) == 1
    assert wait(limiter, clock, "caller", INTERVAL) == pytest.approx(INTERVAL)
    assert limiter.back_off() == 4
    assert refused(limiter, clock, "caller", 3) >= 3
    # Nobody knows whether others leave anything, until the table is called again.
    assert refused(limiter, clock, "export", 60, background=True) == 5


def test_without_a_table_a_burst_is_used_once(clock: Clock) -> None:
    limiter = RateLimiter(Gone("table", None), 0.5, 3, 5, clock)
    waits = [wait(limiter, clock, "caller", 5) for _ in range(5)]
    assert waits == pytest.approx([0, 0, 0, INTERVAL, INTERVAL], abs=0.01)
