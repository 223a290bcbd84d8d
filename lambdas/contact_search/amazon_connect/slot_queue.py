"""Decide who is next in the quota, and when a request that is refused should come back.

The line is a part of the pacer's item, with an attribute for each place (docs/decisions/0003-rate-limiter.md):

    waiting_<caller>_<id>          a request that waits: since when it has asked
    promised_<caller>_<asked at>   a request that was refused and should come back: its slot
    served_<caller>                a caller with a place in the line: when its last call left
"""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from contact_search.amazon_connect.pacer import Pacer
from contact_search.storage.errors import ConditionFailedError
from contact_search.storage.items import Item

# Whoever comes back early waits for its slot, whoever comes late may find it taken. So Retry-After is this much less,
# and the time of the three calls of the table that come before a slot.
_HEAD_START = 200  # ms
# Newcomers leave a promised slot free until it is this late.
_LATE = 1_000  # ms
# The item is read with every call: with this many attributes no more promises are written.
_MOST_ATTRIBUTES = 200
# An expression has 4 KB: no more attributes are removed at once.
_MOST_REMOVED = 50


@dataclass(frozen=True)
class Place:
    """The place of a request in the line.

    Attributes:
        promised: The slot for which the request should come back, or has come back. 0 if it was not refused.
    """

    caller: str
    id: str
    asked_at: int
    promised: int = 0

    @property
    def waiting_name(self) -> str:
        return f"waiting_{self.caller}_{self.id}"

    @property
    def promise_name(self) -> str:
        return f"promised_{self.caller}_{self.asked_at}"

    @property
    def served_name(self) -> str:
        return f"served_{self.caller}"


class SlotQueue:
    """Keep the line: first come, first served, but a caller's second request comes after the first ones of all others.

    Methods that write raise StorageUnavailableError.
    """

    def __init__(self, pacer: Pacer, waiting_per_caller: int) -> None:
        self._pacer = pacer
        self._waiting_per_caller = waiting_per_caller

    def claim_promise(self, item: Item, place: Place) -> Place:
        """Give a request that comes back as told the place that it had before."""
        latest = self._pacer.now() + 2 * self._head_start() + 1000  # whole seconds are rounded down
        due = (other for other in _places(item) if other.caller == place.caller and 0 < other.promised <= latest)
        first = min(due, key=lambda other: other.asked_at, default=place)
        return replace(place, asked_at=first.asked_at, promised=first.promised)

    def before(self, item: Item, place: Place) -> tuple[list[Place], list[Place]]:
        """Return the requests before this one: those that wait, and those that should come back."""
        places = [place, *_places(item, {place.waiting_name, place.promise_name})]
        places.sort(key=lambda other: (other.asked_at, other.id))
        ahead_of_caller: Counter[str] = Counter()
        order = {}
        for other in places:
            # A caller's next request counts as asked when its last call left.
            order[other] = ahead_of_caller[other.caller], max(other.asked_at, item.get(other.served_name, 0))
            ahead_of_caller[other.caller] += 1
        places.sort(key=order.__getitem__)
        before = places[: places.index(place)]
        return [other for other in before if not other.promised], [other for other in before if other.promised]

    def slot(self, item: Item, place: Place) -> int:
        """Return when the slot of this request begins if all before it take theirs."""
        waiting, promises = self.before(item, place)
        slot = self._pacer.free_at(item, len(waiting))
        for promised in sorted(other.promised for other in promises):
            if self._pacer.now() - _LATE < promised < slot + self._pacer.interval / 4:
                slot += self._pacer.interval
        return slot

    def has_too_many(self, item: Item, place: Place) -> bool:
        """Tell whether as many other requests of this caller as may wait do so, or should come back before this one."""
        _, promises = self.before(item, place)
        others = [*promises, *(other for other in _places(item, {place.waiting_name}) if not other.promised)]
        return sum(other.caller == place.caller for other in others) >= self._waiting_per_caller

    def join(self, item: Item, place: Place) -> Item:
        """Write that this request waits. If it goes before another, move `tat` on by 1 ms: the other looks again."""
        waiting, _ = self.before(item, place)
        values = {"asked_at": place.asked_at, "overtakes": int(length(item) > len(waiting))}
        sets = f"#{place.waiting_name} = :asked_at, #tat = #tat + :overtakes, #at = :at"
        return self._pacer.update(f"SET {sets} REMOVE #{place.promise_name}", values)

    def refuse(self, item: Item, place: Place) -> int:
        """Promise a slot. Return in how many seconds to come back."""
        slot, next_promise = self.slot(item, place), item.get("next_promise", 0)
        others = _places(item, {place.promise_name})
        promises = sum(other.caller == place.caller and other.promised > 0 for other in others)
        if len(item) + 10 * promises < _MOST_ATTRIBUTES:  # so a caller has 20 at most
            return self.retry_after(self._promise(place, slot, next_promise)[place.promise_name])
        return self.retry_after(max(slot, next_promise))

    def retry_after(self, slot: int) -> int:
        """Return in how many whole seconds to come back for this slot."""
        return max((slot - self._pacer.now() - self._head_start()) // 1000, 1)

    def outcome(self, item: Item, place: Place) -> tuple[list[str], list[str]]:
        """Return the attributes to remove when the call of this request leaves, and those to set to that moment."""
        waiting, _ = self.before(item, place)  # they have missed their slot
        oldest = self._pacer.now() - _LATE - self._pacer.interval
        removed = dict.fromkeys([place.waiting_name, place.promise_name, *(other.waiting_name for other in waiting)])
        removed |= dict.fromkeys(other.promise_name for other in _places(item) if 0 < other.promised < oldest)
        callers = {other.served_name for other in _places(item, removed)}
        removed |= dict.fromkeys(name for name in item if name.startswith("served_") and name not in callers)
        return list(removed)[:_MOST_REMOVED], [place.served_name] if place.served_name in callers else []

    def _promise(self, place: Place, slot: int, next_promise: int) -> Item:
        """Write a promise of this slot, or of the one after the last promise. Each slot is promised once."""
        interval, rest = self._pacer.interval, f"#at = :at REMOVE #{place.waiting_name}"
        if next_promise < slot:
            sets = f"SET #{place.promise_name} = :slot, #next_promise = :next, {rest}"
            condition = "attribute_not_exists(#next_promise) OR #next_promise < :slot"
            with suppress(ConditionFailedError):  # another environment has written a promise meanwhile
                return self._pacer.update(sets, {"slot": slot, "next": slot + interval}, condition)
        sets = f"SET #{place.promise_name} = #next_promise, #next_promise = #next_promise + :interval, {rest}"
        return self._pacer.update(sets, {"interval": interval})

    def _head_start(self) -> int:
        return _HEAD_START + 3 * self._pacer.write_time


def length(item: Item) -> int:
    """Return how many requests wait."""
    return sum(not place.promised for place in _places(item))


def _places(item: Item, without: Collection[str] = ()) -> Iterator[Place]:
    for name, value in item.items():
        kind, _, rest = name.partition("_")
        caller, _, last = rest.partition("_")
        if name not in without and kind == "waiting":
            yield Place(caller, last, asked_at=value)
        elif name not in without and kind == "promised":
            yield Place(caller, last, asked_at=int(last), promised=value)
