"""A call leaves when it may, or not at all: whoever stalls before it has to pace again."""

from collections.abc import Callable
from typing import Any

import pytest

from contact_search.amazon_connect.pacer import Pacer
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item
from tests.unit.amazon_connect.simulation import Table
from tests.unit.conftest import Clock

KEY = "quota search-contacts"

INTERVAL = 2030  # ms, at half a call a second
FIRST_CALL = 50  # ms that are left free after an environment's first call
WRITE_TIME = 20  # ms that the first write is expected to take. In this test it takes none


class StallingClock(Clock):
    """Stall once, at the end of the next sleep."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.now, self.ahead, self.monotonic_ahead = clock.now, 0.0, 0.0
        self.stall: Callable[[], object] = lambda: None

    def time(self) -> float:
        return self.now + self.ahead

    def monotonic(self) -> float:
        return self.now + self.monotonic_ahead

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        stall, self.stall = self.stall, lambda: None
        stall()


class SlowTable(Table):
    """A table of which each write takes this long by this clock."""

    clock: StallingClock
    seconds: float = 0.8

    def update(self, *arguments: Any, **options: Any) -> Item:
        item = super().update(*arguments, **options)
        self.clock.now += self.seconds
        return item


class GoneTable(Table):
    """A table that cannot be reached."""

    def update(self, *_: Any, **__: Any) -> Item:
        raise StorageUnavailableError("Gone")


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def stalling(clock: Clock) -> StallingClock:
    return StallingClock(clock)


def new_pacer(table: Table, clock: Clock, rate: float = 0.5, burst: int = 1) -> Pacer:
    return Pacer(table, rate, burst, clock)  # type: ignore[arg-type]


def tat(table: Table) -> int:
    return int(table.items[KEY]["tat"])


def test_a_call_moves_the_next_one_on_by_an_interval(table: Table, clock: Clock) -> None:
    pacer = new_pacer(table, clock)
    pacer.send({}, 0)
    assert tat(table) == pacer.now() + WRITE_TIME + INTERVAL + FIRST_CALL
    pacer.send(pacer.item, pacer.free_at(pacer.item))
    assert tat(table) == pacer.now() + INTERVAL


def test_a_call_that_may_leave_does_not_wait(table: Table, clock: Clock) -> None:
    pacer, began = new_pacer(table, clock), clock.now
    pacer.send({}, 0)
    assert clock.now == began


def test_a_call_does_not_leave_if_another_one_has(table: Table, clock: Clock) -> None:
    here, elsewhere = new_pacer(table, clock), new_pacer(table, clock)
    item = here.read()
    elsewhere.send(item, 0)
    with pytest.raises(ConditionFailedError) as failed:
        here.send(item, 0)
    assert failed.value.item == here.item == elsewhere.item
    assert here.free_at(here.item) == here.now() + WRITE_TIME + INTERVAL + FIRST_CALL


def stall_both(clock: StallingClock) -> None:
    clock.now += 1.0


def stall_wall_clock(clock: StallingClock) -> None:
    clock.ahead += 1.0


def stall_monotonic_clock(clock: StallingClock) -> None:
    clock.monotonic_ahead += 1.0


@pytest.mark.parametrize(
    "stall",
    [
        pytest.param(stall_both, id="stopped process"),
        pytest.param(stall_wall_clock, id="frozen machine"),
        pytest.param(stall_monotonic_clock, id="clock set back"),
    ],
)
def test_whoever_stalls_before_its_call_paces_again(
    table: Table, stalling: StallingClock, stall: Callable[[StallingClock], None]
) -> None:
    pacer = new_pacer(table, stalling)
    stalling.stall = lambda: stall(stalling)
    pacer.send({}, pacer.now() + 50)
    assert table.calls["update"] == 2
    assert tat(table) >= pacer.now() + INTERVAL


def test_a_call_leaves_however_slow_the_table_is(stalling: StallingClock) -> None:
    """Given writes that take longer than any is expected to, the second one of a call allows for that."""
    table = SlowTable()
    table.clock = stalling
    pacer = new_pacer(table, stalling)
    pacer.send({}, 0)
    assert table.calls["update"] == 2
    assert tat(table) >= pacer.now() + INTERVAL


def test_whoever_stalls_within_a_burst_is_not_late(table: Table, stalling: StallingClock) -> None:
    """Given a burst that others have used in part, a call may leave until their intervals are over."""
    pacer = new_pacer(table, stalling, burst=3)
    pacer.send({}, 0)
    before = tat(table)
    stalling.stall = lambda: stall_both(stalling)
    pacer.send(pacer.item, pacer.now() + 50)
    assert tat(table) == before + INTERVAL


def test_whoever_stalls_while_another_call_leaves_has_to_wait(table: Table, stalling: StallingClock) -> None:
    pacer, elsewhere = new_pacer(table, stalling), new_pacer(table, stalling)

    def stall() -> None:
        stalling.now += 2.5
        elsewhere.send(elsewhere.read(), 0)

    stalling.stall = stall
    with pytest.raises(ConditionFailedError):
        pacer.send({}, pacer.now() + 50)


@pytest.mark.parametrize(("late", "writes"), [pytest.param(15, 1, id="in time"), pytest.param(16, 2, id="too late")])
def test_a_call_may_be_late_by_15_ms(table: Table, stalling: StallingClock, late: int, writes: int) -> None:
    pacer = new_pacer(table, stalling)

    def stall() -> None:
        stalling.ahead += late / 1000

    stalling.stall = stall
    pacer.send({}, pacer.now() + WRITE_TIME)
    assert table.calls["update"] == writes


def test_a_call_that_sleeps_for_long_is_not_late(table: Table, clock: Clock) -> None:
    pacer = new_pacer(table, clock)
    start = pacer.now() + 60_000
    pacer.send({}, start)
    assert pacer.now() == start
    assert tat(table) == start + INTERVAL + FIRST_CALL
    assert table.calls["update"] == 1


def test_a_call_changes_other_attributes_with_the_same_write(table: Table, clock: Clock) -> None:
    pacer = new_pacer(table, clock)
    table.items[KEY] = {"a": 1, "b": 2, "c": 3}
    pacer.send(pacer.read(), 0, ["a", "b"], {"d": 4, "e": 5})
    assert table.items[KEY].items() >= {"c": 3, "d": 4, "e": 5}.items()
    assert not {"a", "b"} & table.items[KEY].keys()


def test_nobody_sleeps_for_nothing(table: Table) -> None:
    slept: list[float] = []

    class RecordingClock(Clock):
        def sleep(self, seconds: float) -> None:
            slept.append(seconds)

    pacer = new_pacer(table, RecordingClock())
    for milliseconds in (-1, 0, 1):
        pacer.sleep_until(pacer.now() + milliseconds)
    assert slept == [0.001]


def test_a_write_is_expected_to_take_as_long_as_slow_ones_of_late(stalling: StallingClock) -> None:
    slow = SlowTable()
    slow.clock = stalling
    pacer = new_pacer(slow, stalling)
    expected = []
    for slow.seconds in (0.4, 0, 0, 0.8):
        pacer.update("SET #at = :at", {})
        expected.append(pacer.write_time)
    assert expected == [400, 350, 306, 500]


def test_a_clock_catches_up_again_and_again(table: Table, clock: Clock) -> None:
    pacer = new_pacer(table, clock)
    for ahead in (1000, 3000, 2000):
        table.items[KEY] = {"at": round(1000 * clock.now) + ahead}
        pacer.read()
    assert pacer.now() == round(1000 * clock.now) + 3000


def test_a_burst_can_be_spared(table: Table, clock: Clock) -> None:
    pacer = new_pacer(table, clock, burst=3)
    now = pacer.now()
    busy, free = {"tat": now + 1}, {"tat": now}
    assert pacer.free_at(busy) == now
    assert pacer.free_at(busy, spare_burst=True) == now + 1
    assert pacer.was_free(busy, now)
    assert not pacer.was_free(busy, now, spare_burst=True)
    assert pacer.was_free(free, now, spare_burst=True)


def test_a_clock_that_is_behind_catches_up(table: Table, clock: Clock, stalling: StallingClock) -> None:
    stalling.ahead = -30.0
    fast, slow = new_pacer(table, clock), new_pacer(table, stalling)
    fast.send({}, 0)
    slow.read()
    assert slow.now() == pytest.approx(fast.now(), abs=25)
    assert slow.at(stalling.monotonic() + 3) == slow.now() + 3000


def test_a_pause_ends_after_two_intervals(table: Table, clock: Clock) -> None:
    pacer = new_pacer(table, clock, burst=3)
    pacer.pause()
    assert pacer.free_at(pacer.item) == pacer.now() + 2 * INTERVAL
    pacer.pause()
    assert tat(table) == pacer.now() + 4 * INTERVAL


def test_a_pause_is_not_made_shorter(table: Table, clock: Clock) -> None:
    new_pacer(table, clock).pause()
    faster = new_pacer(table, clock, rate=5)
    faster.pause()
    assert tat(table) == faster.free_at(faster.item) == faster.now() + 2 * INTERVAL


def test_without_the_table_a_pause_is_for_this_environment(clock: Clock) -> None:
    pacer = new_pacer(GoneTable(), clock)
    for known, free_in in ((0, 2 * INTERVAL), (60_000, 60_000)):
        pacer.item = {"tat": pacer.now() + known}
        with pytest.raises(StorageUnavailableError):
            pacer.pause()
        assert pacer.free_at(pacer.item) == pacer.now() + free_in


@pytest.mark.parametrize(
    ("rate", "burst", "calls", "free_in"),
    [
        pytest.param(0.5, 1, 0, 0, id="the first"),
        pytest.param(0.5, 1, 2, 2 * INTERVAL, id="the third"),
        pytest.param(0.5, 3, 2, 0, id="the last in a burst"),
        pytest.param(0.5, 3, 4, 2 * INTERVAL, id="the second after a burst"),
        pytest.param(2, 5, 5, 508, id="another rate"),
    ],
)
def test_free_slots(table: Table, clock: Clock, rate: float, burst: int, calls: int, free_in: int) -> None:
    pacer = new_pacer(table, clock, rate, burst)
    assert pacer.free_at({}, calls) == pacer.now() + free_in
    assert pacer.calls_ahead({"tat": pacer.now() + calls * pacer.interval}) == calls
