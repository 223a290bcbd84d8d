"""Who is next, and when those who are refused come back."""

import pytest

from contact_search.amazon_connect.pacer import Pacer
from contact_search.amazon_connect.slot_queue import (
    Place,
    SlotQueue,
    background_share,
    caller_name,
    calls_before_newcomer,
)
from contact_search.storage.items import Item
from contact_search.storage.transient_table import TransientTable
from tests.unit.amazon_connect.simulation import Table
from tests.unit.conftest import Clock

KEY = "quota search-contacts"
INTERVAL = 2030  # ms, at half a call a second
NOW = 1_795_000_000_000  # the clock's, in ms


@pytest.fixture
def queue(clock: Clock) -> SlotQueue:
    return SlotQueue(Pacer(TransientTable("table", None), 0.5, 1, clock), 3)


class Line:
    """A queue whose item is in a table that takes no time."""

    def __init__(self, clock: Clock, item: Item) -> None:
        self.table = Table(items={KEY: {"tat": NOW} | item})
        self.queue = SlotQueue(Pacer(self.table, 0.5, 1, clock), 3)  # type: ignore[arg-type]

    @property
    def item(self) -> Item:
        """The item as the table has it."""
        return dict(self.table.items[KEY])

    def join(self, newcomer: Place) -> Item:
        """Let the request join the line. Return what that has changed in the item."""
        before = self.item
        after = self.queue.join(before, newcomer)
        assert after == self.item
        return changes(before, after)

    def refuse(self, newcomer: Place, seen: Item | None = None) -> tuple[int, Item]:
        """Refuse the request. Return its Retry-After, and what that has changed in the item."""
        before = self.item
        seconds = self.queue.refuse(before if seen is None else seen, newcomer)
        return seconds, changes(before, self.item)


def changes(before: Item, after: Item) -> Item:
    """Return the attributes that differ, with None for those that are gone, but for the time of the write."""
    names = {name for name in before | after if before.get(name) != after.get(name)} - {"at"}
    return {name: after.get(name) for name in names}


def waiting(caller: str, since: int, number: int = 1) -> Item:
    return {f"waiting_{caller}_{number}": NOW + since}


def promise(caller: str, asked: int, slot: int) -> Item:
    return {f"promised_{caller}_{NOW + asked}": NOW + slot}


def foreground(count: int) -> Item:
    return {f"waiting_{number}_1": NOW - 5 for number in range(count)}


def background(*since: int) -> Item:
    return {f"waiting_bg{number}_1": NOW + moment for number, moment in enumerate(since)}


def turns(count: int) -> Item:
    return {"foreground_turns": count}


def place(caller: str = "me", asked: int = 0, promised: int = 0) -> Place:
    return Place(caller, "0", NOW + asked, promised)


@pytest.mark.parametrize(
    ("line", "before"),
    [
        pytest.param({}, [], id="nobody"),
        pytest.param(waiting("a", -2) | waiting("b", -1) | waiting("c", 1), ["a", "b"], id="who asked before"),
        pytest.param(
            waiting("a", -3, 1) | waiting("a", -2, 2) | waiting("b", -1), ["a", "b"], id="not the second of a caller"
        ),
        pytest.param(
            waiting("a", -3) | waiting("b", -2) | {"served_a": NOW + 1}, ["b"], id="not a caller who was just served"
        ),
        pytest.param(
            waiting("me", -3) | waiting("a", 1) | waiting("b", 2),
            ["me", "a", "b"],
            id="the first of all, for my second",
        ),
        pytest.param(
            waiting("a", -9, 1) | waiting("a", -8, 2) | waiting("a", -7, 3) | waiting("me", -6, 1),
            ["a", "me", "a"],
            id="not the third of another caller, for my second",
        ),
    ],
)
def test_the_line(queue: SlotQueue, line: Item, before: list[str]) -> None:
    found, promises = queue.before(line, place())
    assert [other.caller for other in found] == before
    assert promises == []


@pytest.mark.parametrize(
    ("line", "before"),
    [
        pytest.param(turns(0) | background(-9), 0, id="somebody waits in the background"),
        pytest.param(turns(3) | background(-9) | foreground(1), 2, id="the fifth after a background call"),
        pytest.param(turns(4) | background(-9), 1, id="it is the background's turn"),
        pytest.param(turns(2) | background(-9) | foreground(1), 1, id="the fourth after a background call"),
        pytest.param(turns(0) | background(-9) | foreground(8), 9, id="two turns, but one request until now"),
        pytest.param(turns(0) | background(-9, 1) | foreground(8), 10, id="two turns"),
        pytest.param(background(-9) | foreground(8), 9, id="the first background request of all comes after eight"),
    ],
)
def test_the_background_has_one_turn_of_five(queue: SlotQueue, line: Item, before: int) -> None:
    found, _ = queue.before(line, place())
    assert len(found) == before


@pytest.mark.parametrize(
    ("line", "before"),
    [
        pytest.param(foreground(7), 7, id="nobody in the background until now"),
        pytest.param(turns(0) | foreground(7), 4, id="a background request has just left"),
        pytest.param(turns(4) | foreground(7), 0, id="its turn"),
        pytest.param(turns(4) | foreground(7) | background(-9), 5, id="the turn of another one"),
        pytest.param(turns(4) | foreground(7) | background(9), 0, id="another one comes later"),
    ],
)
def test_a_background_request_waits_for_its_turn(queue: SlotQueue, line: Item, before: int) -> None:
    found, _ = queue.before(line, place("bg"))
    assert len(found) == before


@pytest.mark.parametrize(
    ("line", "slot"),
    [
        pytest.param(turns(3), 0, id="a background call has left, nobody waits"),
        pytest.param(turns(4) | background(-9), INTERVAL, id="the background's turn"),
        pytest.param(turns(0) | background(-9) | foreground(8), 10 * INTERVAL, id="a fourth more"),
        pytest.param(turns(0) | foreground(8), 10 * INTERVAL, id="a background request may come"),
        pytest.param(turns(2) | foreground(1), INTERVAL + 3 * INTERVAL // 4, id="fractions of a turn"),
        pytest.param(turns(-9) | background(-9) | foreground(8), 8 * INTERVAL, id="the background was just there"),
        pytest.param(turns(0) | promise("a", -9, INTERVAL - 1), INTERVAL * 5 // 4, id="a slot is promised nearby"),
        pytest.param(turns(0) | promise("a", -9, INTERVAL), 0, id="the next slot is promised"),
        pytest.param(turns(0) | promise("a", -9, INTERVAL * 3 // 2), 0, id="a later slot is promised"),
        pytest.param(promise("a", -9, INTERVAL - 1), 0, id="without the background the next slot is promised"),
    ],
)
def test_slots_beside_the_background(queue: SlotQueue, line: Item, slot: int) -> None:
    assert queue.slot(line, place()) == pytest.approx(NOW + slot, abs=1)


def test_whoever_comes_back_may_have_a_slot_near_a_promised_one(queue: SlotQueue) -> None:
    line = turns(0) | promise("a", -9, INTERVAL - 1)
    assert queue.slot(line, place(promised=NOW)) == NOW


def test_a_background_request_waits_for_one_who_should_come_back(queue: SlotQueue) -> None:
    assert queue.slot(turns(0) | promise("a", -9, 100), place("bg")) == NOW + INTERVAL


@pytest.mark.parametrize(
    ("line", "caller", "slot"),
    [
        pytest.param({}, "me", 0, id="the foreground uses a burst"),
        pytest.param({}, "bg", 3000, id="the background leaves it"),
        pytest.param(waiting("a", -1), "bg", 3000 + INTERVAL - 2 * INTERVAL, id="it is used up"),
        pytest.param(promise("a", -1, 9000), "bg", 3000, id="nobody waits for it yet"),
    ],
)
def test_a_burst_is_for_the_foreground(clock: Clock, line: Item, caller: str, slot: int) -> None:
    queue = SlotQueue(Pacer(TransientTable("table", None), 0.5, 3, clock), 3)
    assert queue.slot({"tat": NOW + 3000} | line, place(caller)) == NOW + slot


@pytest.mark.parametrize(
    ("line", "caller", "expected"),
    [
        pytest.param({}, "me", None, id="no background"),
        pytest.param({}, "bg", 0, id="a background call"),
        pytest.param(turns(3), "bg", 0, id="a background call takes what others leave"),
        pytest.param(foreground(9), "bg", -5, id="a background call before those who were there"),
        pytest.param(turns(2) | background(-9), "me", 3, id="a foreground call"),
        pytest.param(turns(4) | background(-9, 1), "me", 4, id="the background has missed its turn"),
        pytest.param(turns(4) | background(-9), "me", None, id="it has missed its turn, and was the only one"),
        pytest.param(turns(3), "me", 4, id="the background may come back"),
        pytest.param(turns(4), "me", None, id="the background does not come back"),
    ],
)
def test_turns_are_counted(queue: SlotQueue, line: Item, caller: str, expected: int | None) -> None:
    removed, changed = queue.outcome(line, place(caller))
    assert changed.get("foreground_turns") == expected
    assert ("foreground_turns" in removed) == (expected is None and "foreground_turns" in line)


@pytest.mark.parametrize(
    ("item", "caller", "idle"),
    [
        pytest.param({}, "me", True, id="no call until now"),
        pytest.param({"tat": NOW - 1000} | waiting("a", -9), "me", True, id="whoever waits has missed its slot"),
        pytest.param({"tat": NOW + 3000}, "me", True, id="a burst is left"),
        pytest.param({"tat": NOW + 3100}, "me", False, id="a burst has not been left for long"),
        pytest.param({"tat": NOW + 3000}, "bg", False, id="the background leaves a burst to others"),
        pytest.param({"tat": NOW + 3000} | background(-9), "me", False, id="the background waits although one is left"),
    ],
)
def test_nobody_waits_if_a_slot_has_been_free_for_long(clock: Clock, item: Item, caller: str, *, idle: bool) -> None:
    queue = SlotQueue(Pacer(TransientTable("table", None), 0.5, 3, clock), 3)
    assert queue.is_idle(item, place(caller), NOW - 1000) == idle


@pytest.mark.parametrize(
    ("line", "slot"),
    [
        pytest.param({}, 0, id="nobody waits"),
        pytest.param({"tat": NOW + 500}, 500, id="a call has left"),
        pytest.param({"tat": NOW + 500} | waiting("a", -1), 500 + INTERVAL, id="somebody waits"),
        pytest.param({"tat": NOW + 500} | promise("a", -9, 600), 500 + INTERVAL, id="the slot is promised"),
        pytest.param({"tat": NOW + 500} | promise("a", -9, 2600), 500, id="a later slot is promised"),
        pytest.param({"tat": NOW - 900} | promise("a", -9, -900), INTERVAL, id="somebody is late"),
        pytest.param({"tat": NOW - 900} | promise("a", -9, -1000), 0, id="somebody does not come back"),
        pytest.param(
            promise("a", -9, 0) | promise("b", -8, 2030) | promise("c", -7, 4060), 3 * INTERVAL, id="all are promised"
        ),
    ],
)
def test_slots(queue: SlotQueue, line: Item, slot: int) -> None:
    assert queue.slot(line, place()) == NOW + slot


@pytest.mark.parametrize(
    ("line", "newcomer", "changed"),
    [
        pytest.param({}, place(), waiting("me", 0, 0), id="nobody waits"),
        pytest.param(waiting("a", -1), place(), waiting("me", 0, 0), id="behind the first"),
        pytest.param(waiting("a", 1), place(), waiting("me", 0, 0) | {"tat": NOW + 1}, id="before the first"),
        pytest.param(promise("a", 1, 99), place(), waiting("me", 0, 0), id="before one who should come back"),
        pytest.param(
            promise("me", -5, 99),
            place(asked=-5, promised=99),
            waiting("me", -5, 0) | {f"promised_me_{NOW - 5}": None},
            id="back as told",
        ),
        pytest.param({}, place("bg"), waiting("bg", 0, 0) | turns(0), id="the first of the background"),
        pytest.param(foreground(7), place("bg"), waiting("bg", 0, 0) | turns(-3), id="after those who are there"),
        pytest.param(turns(2) | foreground(7), place("bg"), waiting("bg", 0, 0), id="the background was there"),
    ],
)
def test_a_request_joins_the_line(clock: Clock, line: Item, newcomer: Place, changed: Item) -> None:
    """Whoever waits first looks again if somebody goes before it, because `tat` has changed."""
    assert Line(clock, line).join(newcomer) == changed


def test_refused_requests_are_promised_one_slot_after_the_other(clock: Clock) -> None:
    line = Line(clock, {"tat": NOW + 500} | waiting("a", -1))
    first = NOW + 500 + INTERVAL
    told = [line.refuse(place(asked=moment)) for moment in range(3)]
    assert [changed for _, changed in told] == [
        {f"promised_me_{NOW}": first, "next_promise": first + INTERVAL},
        {f"promised_me_{NOW + 1}": first + INTERVAL, "next_promise": first + 2 * INTERVAL},
        {f"promised_me_{NOW + 2}": first + 2 * INTERVAL, "next_promise": first + 3 * INTERVAL},
    ]
    assert [seconds for seconds, _ in told] == [2, 4, 6]
    assert line.table.calls["update"] == 3


def test_a_slot_is_promised_once_if_others_are_refused_meanwhile(clock: Clock) -> None:
    line = Line(clock, {"next_promise": NOW + 9000})
    _, changed = line.refuse(place(), seen={"tat": NOW})
    assert changed == {f"promised_me_{NOW}": NOW + 9000, "next_promise": NOW + 9000 + INTERVAL}


@pytest.mark.parametrize("next_promise", [-1, 0, 1])
def test_a_promised_slot_is_no_earlier_than_the_own_one(clock: Clock, next_promise: int) -> None:
    line = Line(clock, {"next_promise": NOW + next_promise})
    _, changed = line.refuse(place())
    promised = NOW + max(next_promise, 0)
    assert changed == {f"promised_me_{NOW}": promised, "next_promise": promised + INTERVAL}
    assert line.table.calls["update"] == 1


def test_promised_slots_leave_the_background_its_fifth(clock: Clock) -> None:
    _, changed = Line(clock, turns(0)).refuse(place())
    assert changed["next_promise"] - changed[f"promised_me_{NOW}"] == INTERVAL * 5 // 4


def test_whoever_has_waited_in_vain_does_not_wait_any_more(clock: Clock) -> None:
    for caller in ("me", "bg"):
        _, changed = Line(clock, waiting(caller, 0, 0)).refuse(place(caller))
        assert changed[f"waiting_{caller}_0"] is None


def test_a_background_request_is_promised_its_own_slot(clock: Clock) -> None:
    line = Line(clock, {"next_promise": NOW + 9000} | waiting("bga", -1))
    assert line.refuse(place("bgb")) == (1, {f"promised_bgb_{NOW}": NOW + INTERVAL})


def promises(caller: str, count: int) -> Item:
    """Return promises of long ago, of slots to come."""
    return {name: slot for number in range(count) for name, slot in promise(caller, number - 1000, 60_000).items()}


@pytest.mark.parametrize(
    ("line", "newcomer", "is_promised"),
    [
        pytest.param(promises("me", 18), place(), True, id="a caller's nineteenth"),
        pytest.param(promises("me", 19), place(), False, id="a caller's twentieth"),
        pytest.param(promises("a", 19), place(), True, id="another caller's"),
        pytest.param(promises("me", 17) | foreground(5) | waiting("me", 0), place(), True, id="waiting is no promise"),
        pytest.param(promises("me", 17) | foreground(5) | promise("me", 0, 1), place(), True, id="its own, again"),
        pytest.param(promises("a", 198), place(), True, id="many of another caller"),
        pytest.param(promises("a", 199), place(), False, id="too many attributes"),
    ],
)
def test_no_more_promises_are_written_than_the_item_can_hold(
    clock: Clock, line: Item, newcomer: Place, *, is_promised: bool
) -> None:
    _, changed = Line(clock, line).refuse(newcomer)
    assert bool(changed) == is_promised


@pytest.mark.parametrize(
    ("line", "caller", "seconds"),
    [
        pytest.param({}, "me", 403, id="the slot after all others"),
        pytest.param({"next_promise": NOW + 600_000}, "me", 599, id="the slot that is promised next"),
        pytest.param({"next_promise": NOW + 1}, "me", 403, id="promises of the past"),
        pytest.param({"next_promise": NOW + 600_000}, "bg", 403, id="the background"),
    ],
)
def test_without_a_promise_the_last_slot_is_told(clock: Clock, line: Item, caller: str, seconds: int) -> None:
    others = {name: value for number in range(199) for name, value in waiting(f"{caller}{number}", -9).items()}
    assert Line(clock, line | others).refuse(place(caller)) == (seconds, {})


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        pytest.param({}, 0, id="nobody waits"),
        pytest.param(foreground(3) | promise("a", -1, 99), 3, id="those who wait"),
        pytest.param(turns(0) | background(-9), 0, id="the background alone"),
        pytest.param(turns(0) | background(-9) | foreground(6), 7.5, id="a fourth more for the background"),
    ],
)
def test_calls_before_a_newcomer(line: Item, calls: float) -> None:
    assert calls_before_newcomer(line) == calls


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param({}, (0, False, False), id="nobody"),
        pytest.param(background(-9), (0, True, True), id="one waits"),
        pytest.param(promise("bga", -9, 9), (0, False, True), id="one should come back"),
        pytest.param(turns(2), (2, False, True), id="one has left of late"),
        pytest.param(foreground(3) | promise("a", -9, 9) | promise("b", -9, 9), (-1, False, False), id="five others"),
        pytest.param(foreground(5) | background(-9) | promise("bga", -9, 9), (-1, True, True), id="both"),
    ],
)
def test_the_share_of_the_background(line: Item, expected: tuple[int, bool, bool]) -> None:
    share = background_share(line)
    assert (share.foreground_turns, share.waits, share.is_active) == expected


def test_the_name_of_a_caller_shows_nothing_of_it() -> None:
    names = [caller_name(caller, background=background) for caller in ("ann", "bob") for background in (False, True)]
    assert len(set(names)) == 4
    assert [name.startswith("bg") for name in names] == [False, True, False, True]
    assert all(name.isalnum() and len(name) <= 14 and "ann" not in name for name in names)
    assert caller_name("ann", background=False) == names[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param({}, (0, 0), id="a newcomer"),
        pytest.param(promise("me", -9, 1000) | promise("me", -8, 900), (-9, 1000), id="the first promise"),
        pytest.param(promise("me", -9, 5000), (0, 0), id="too early"),
        pytest.param(promise("me", -9, 1520), (-9, 1520), id="as told, rounded down"),
        pytest.param(promise("me", -9, 1521), (0, 0), id="a bit too early"),
        pytest.param(promise("a", -9, 1000), (0, 0), id="the promise of another caller"),
        pytest.param(promise("me", -9, -3000), (-9, -3000), id="late"),
    ],
)
def test_whoever_comes_back_has_its_place(queue: SlotQueue, line: Item, expected: tuple[int, int]) -> None:
    asked, promised = expected
    assert queue.claim_promise(line, place()) == place("me", asked, NOW + promised if promised else 0)


@pytest.mark.parametrize(
    ("line", "too_many"),
    [
        pytest.param(waiting("me", -3, 1) | waiting("me", -2, 2), False, id="two"),
        pytest.param(waiting("me", -3, 1) | waiting("me", -2, 2) | waiting("me", -1, 3), True, id="three"),
        pytest.param(waiting("me", -3, 1) | waiting("me", -2, 2) | promise("me", 1, 0), False, id="one comes later"),
        pytest.param(waiting("me", -3, 1) | waiting("me", -2, 2) | promise("me", -1, 0), True, id="one comes back"),
        pytest.param(waiting("a", -3, 1) | waiting("a", -2, 2) | waiting("a", -1, 3), False, id="of another caller"),
    ],
)
def test_a_caller_waits_with_a_few_requests(queue: SlotQueue, line: Item, *, too_many: bool) -> None:
    assert queue.has_too_many(line, place()) == too_many


def test_a_call_takes_away_what_is_past(queue: SlotQueue) -> None:
    missed, behind = waiting("a", -2), waiting("b", 2)
    own, second = waiting("me", 0, 0), waiting("me", 1, 2)
    past, due = promise("c", -9000, -3031), promise("d", -9000, -3030)
    served = {"served_a": NOW - 5, "served_b": NOW - 4}
    line = {"tat": NOW, "at": NOW} | missed | behind | own | second | past | due | served
    removed, changed = queue.outcome(line, place())
    assert set(removed) == {*missed, *own, *past, place().promise_name, "served_a"}
    assert changed == {"served_me": NOW}


def test_a_call_takes_away_a_few_attributes_at_a_time(queue: SlotQueue) -> None:
    line = {name: slot for number in range(90) for name, slot in promise(f"{number}", -9000, -9000).items()}
    removed, _ = queue.outcome(line, place())
    assert len(removed) == 50
    assert removed[:2] == [place().waiting_name, place().promise_name]


@pytest.mark.parametrize(
    ("slot", "seconds"),
    [
        pytest.param(100, 1, id="soon"),
        pytest.param(2030, 1, id="the next slot"),
        pytest.param(4060, 3, id="the slot after it"),
        pytest.param(60_900, 60, id="in a minute"),
        pytest.param(60_260, 60, id="in a minute exactly"),
    ],
)
def test_retry_after_has_a_head_start(queue: SlotQueue, slot: int, seconds: int) -> None:
    assert queue.retry_after(NOW + slot) == seconds
