"""Who is next, and when those who are refused come back."""

import pytest

from contact_search.amazon_connect.pacer import Pacer
from contact_search.amazon_connect.slot_queue import Place, SlotQueue
from contact_search.storage.items import Item
from contact_search.storage.transient_table import TransientTable
from tests.unit.conftest import Clock

INTERVAL = 2030  # ms, at half a call a second
NOW = 1_795_000_000_000  # the clock's, in ms


@pytest.fixture
def queue(clock: Clock) -> SlotQueue:
    return SlotQueue(Pacer(TransientTable("table", None), 0.5, 1, clock), 3)


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
    ],
)
def test_slots_beside_the_background(queue: SlotQueue, line: Item, slot: int) -> None:
    assert queue.slot(line, place()) == pytest.approx(NOW + slot, abs=1)


@pytest.mark.parametrize(
    ("line", "caller", "expected"),
    [
        pytest.param({}, "me", None, id="no background"),
        pytest.param({}, "bg", 0, id="a background call"),
        pytest.param(turns(3), "bg", 0, id="a background call takes what others leave"),
        pytest.param(foreground(9), "bg", -5, id="a background call before those who were there"),
        pytest.param(turns(2) | background(-9), "me", 3, id="a foreground call"),
        pytest.param(turns(4) | background(-9, 1), "me", 4, id="the background has missed its turn"),
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
        pytest.param({"tat": NOW - 900} | promise("a", -9, -1100), 0, id="somebody does not come back"),
        pytest.param(
            promise("a", -9, 0) | promise("b", -8, 2030) | promise("c", -7, 4060), 3 * INTERVAL, id="all are promised"
        ),
    ],
)
def test_slots(queue: SlotQueue, line: Item, slot: int) -> None:
    assert queue.slot(line, place()) == NOW + slot


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param({}, (0, 0), id="a newcomer"),
        pytest.param(promise("me", -9, 1000) | promise("me", -8, 900), (-9, 1000), id="the first promise"),
        pytest.param(promise("me", -9, 5000), (0, 0), id="too early"),
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
    past, due = promise("c", -9000, -3100), promise("d", -9000, -3000)
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
    ],
)
def test_retry_after_has_a_head_start(queue: SlotQueue, slot: int, seconds: int) -> None:
    assert queue.retry_after(NOW + slot) == seconds
