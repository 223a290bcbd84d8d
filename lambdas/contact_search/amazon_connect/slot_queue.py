"""Decide who is next in the quota, and when a request that is refused should come back.

The line is a part of the pacer's item, with an attribute for each place (docs/decisions/0003-rate-limiter.md):

    waiting_<caller>_<id>          a request that waits: since when it has asked
    promised_<caller>_<asked at>   a request that was refused and should come back: its slot
    served_<caller>                a caller with a place in the line: when its last call left

A caller whose name begins with "bg" waits in the background (background_share.py).
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from contact_search.amazon_connect.background_share import NAME as TURNS
from contact_search.amazon_connect.background_share import BackgroundShare
from contact_search.amazon_connect.pacer import Pacer
from contact_search.storage.errors import ConditionFailedError
from contact_search.storage.items import Item

# Whoever comes back early waits for its slot, whoever comes late may find it taken. So Retry-After is this much less,
# and the time of the three calls of the table that come before a slot.
_HEAD_START = 200  # ms
# Newcomers leave a promised slot free until it is this late.
_LATE = 1_000  # ms
_BACKGROUND = "bg"
# The item is read with every call: with this many attributes no more promises are written.
_MOST_ATTRIBUTES = 200
# An expression has 4 KB: no more attributes are removed at once.
_MOST_REMOVED = 50


@dataclass(frozen=True)
class Place:
    """The place of a request in the line.

    Attributes:
        caller: Letters and digits, from `caller_name`.
        promised: The slot for which the request should come back, or has come back. 0 if it was not refused.
    """

    caller: str
    id: str
    asked_at: int
    promised: int = 0

    @property
    def is_background(self) -> bool:
        return self.caller.startswith(_BACKGROUND)

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

    Background requests have a line of their own. They leave when nobody waits in the foreground, and otherwise in one
    turn of five. Methods that write raise StorageUnavailableError.
    """

    def __init__(self, pacer: Pacer, waiting_per_caller: int) -> None:
        self._pacer = pacer
        self._waiting_per_caller = waiting_per_caller

    def claim_promise(self, item: Item, place: Place) -> Place:
        """Give a request that comes back as told the place that it had before."""
        latest = self._pacer.now() + 2 * self._head_start() + 1000  # whole seconds are rounded down
        due = (
            other
            for other in _places(item)
            if other.caller == place.caller and other.promised and other.promised <= latest
        )
        first = min(due, key=lambda other: other.asked_at, default=place)
        return replace(place, asked_at=first.asked_at, promised=first.promised)

    def before(self, item: Item, place: Place) -> tuple[list[Place], list[Place]]:
        """Return the requests before this one: those that wait, and those that should come back.

        For example, Ann asked at 1 and 2, Bob at 3, Cem was refused at 4 and should come back, and this request of Dan
        is of 5. Then Ann's first and Bob's wait before it, and Cem's should come back before it. Ann's second is not
        before it: it comes after the first ones of all others.
        """
        lines: dict[bool, list[Place]] = {True: [], False: []}
        for other in self._in_order(item, place):
            lines[other.is_background].append(other)
        waits = {key: [other for other in line if other is place or not other.promised] for key, line in lines.items()}
        merged = background_share(item).merge(waits[False], waits[True])
        own = lines[place.is_background]
        ahead = own[: own.index(place)] + (lines[False] if place.is_background else [])
        return merged[: merged.index(place)], [other for other in ahead if other.promised]

    def slot(self, item: Item, place: Place) -> int:
        """Return when the slot of this request begins if all before it take theirs.

        For example, the next call may leave at 10:00:00, an interval is 2 s, and nobody else has asked: it is 10:00:00.
        If two requests wait before this one, it is 10:00:04. If the slot at 10:00:04 is also promised to somebody who
        asked before and should come back, it is 10:00:06: a promised slot is left free until it is a second late.
        """
        waiting, promises = self.before(item, place)
        share = background_share(item)
        background = place.is_background
        before = len(waiting) if background else sum(not other.is_background for other in waiting)
        slot = self.free_at(item, place, before if background else before + share.turns_before(before))
        # Between promised slots there are the background's, where newcomers would push in.
        near = self._pacer.interval * (1 if share.is_active and not place.promised else 0.25)
        for promised in sorted(other.promised for other in promises):
            if self._pacer.now() - _LATE < promised < slot + near:
                before += 1
                slot = self.free_at(item, place, before if background else before + share.turns_before(before))
        return slot

    def free_at(self, item: Item, place: Place, calls_before: float) -> int:
        """Return when the call of this request may leave if that many others leave before it.

        Background requests leave a burst to the foreground unless somebody waits there too: then it is used up.
        """
        spare_burst = place.is_background and all(other.is_background for other in _places(item) if not other.promised)
        return self._pacer.free_at(item, calls_before, spare_burst=spare_burst)

    def is_idle(self, item: Item, place: Place, since: int) -> bool:
        """Tell whether the call of this request could have left since then: whoever waits would have taken the slot.

        While somebody waits, even if only in the background, a burst that is left does not say that nobody does.
        """
        return self._pacer.was_free(item, since, spare_burst=place.is_background or length(item) > 0)

    def has_too_many(self, item: Item, place: Place) -> bool:
        """Tell whether as many other requests of this caller as may wait do so, or should come back before this one."""
        _, promises = self.before(item, place)
        others = [*promises, *(other for other in _places(item, {place.waiting_name}) if not other.promised)]
        return sum(other.caller == place.caller for other in others) >= self._waiting_per_caller

    def join(self, item: Item, place: Place) -> Item:
        """Write that this request waits. If it goes before the first, move `tat` on by 1 ms: the other looks again."""
        waiting, _ = self.before(item, place)
        values = {"asked_at": place.asked_at, "overtakes": int(length(item) > 0 and not waiting)}
        sets = f"#{place.waiting_name} = :asked_at, #tat = #tat + :overtakes, #at = :at"
        if place.is_background:
            sets += f", #{TURNS} = if_not_exists(#{TURNS}, :turns)"
            values["turns"] = background_share(item).foreground_turns
        return self._pacer.update(f"SET {sets} REMOVE #{place.promise_name}", values)

    def refuse(self, item: Item, place: Place) -> int:
        """Promise a slot. Return in how many seconds to come back."""
        slot = self.slot(item, place)
        others = _places(item, {place.promise_name})
        promises = sum(1 for other in others if other.caller == place.caller and other.promised)
        if len(item) + 10 * promises < _MOST_ATTRIBUTES:  # so a caller has 20 at most
            return self.retry_after(self._promise(item, place, slot)[place.promise_name])
        return self.retry_after(slot if place.is_background else max(slot, item.get("next_promise", slot)))

    def retry_after(self, slot: int) -> int:
        """Return in how many whole seconds to come back for this slot."""
        return max((slot - self._pacer.now() - self._head_start()) // 1000, 1)

    def outcome(self, item: Item, place: Place) -> tuple[list[str], dict[str, int]]:
        """Return the attributes to remove when the call of this request leaves, and those to set."""
        waiting, _ = self.before(item, place)  # they have missed their slot
        oldest = self._pacer.now() - _LATE - self._pacer.interval
        removed = dict.fromkeys([place.waiting_name, place.promise_name, *(other.waiting_name for other in waiting)])
        removed |= dict.fromkeys(
            other.promise_name for other in _places(item) if other.promised and other.promised < oldest
        )
        callers = {other.served_name for other in _places(item, removed)}
        removed |= dict.fromkeys(name for name in item if name.startswith("served_") and name not in callers)
        changed = {place.served_name: self._pacer.now()} if place.served_name in callers else {}
        share, others_wait = background_share(item), any(other.is_background for other in _places(item, removed))
        turns = share.turns_after(background_call=place.is_background, others_wait=others_wait)
        if turns is not None:
            changed[TURNS] = turns
        elif TURNS in item:
            removed[TURNS] = None
        return list(removed)[:_MOST_REMOVED], changed

    def _promise(self, item: Item, place: Place, slot: int) -> Item:
        """Write a promise of this slot, or of the one after the last promise. Each slot is promised once.

        Only the foreground's slots are: a background request that comes back waits for its turn.
        """
        rest = f"#at = :at REMOVE #{place.waiting_name}"
        if place.is_background:
            return self._pacer.update(f"SET #{place.promise_name} = :slot, {rest}", {"slot": slot})
        interval = background_share(item).stretch(self._pacer.interval)
        if item.get("next_promise", 0) < slot:
            sets = f"SET #{place.promise_name} = :slot, #next_promise = :next, {rest}"
            condition = "attribute_not_exists(#next_promise) OR #next_promise < :slot"
            with suppress(ConditionFailedError):  # another environment has written a promise meanwhile
                return self._pacer.update(sets, {"slot": slot, "next": slot + interval}, condition)
        sets = f"SET #{place.promise_name} = #next_promise, #next_promise = #next_promise + :interval, {rest}"
        return self._pacer.update(sets, {"interval": interval})

    def _in_order(self, item: Item, place: Place) -> list[Place]:
        """Return this request and all others in the order in which they leave, but for the background's turns."""
        places = [place, *_places(item, {place.waiting_name, place.promise_name})]
        places.sort(key=lambda other: (other.asked_at, other.id))
        ahead_of_caller: Counter[str] = Counter()
        order = {}
        for other in places:
            # A caller's next request counts as asked when its last call left.
            order[other] = ahead_of_caller[other.caller], max(other.asked_at, item.get(other.served_name, 0))
            ahead_of_caller[other.caller] += 1
        places.sort(key=order.__getitem__)
        return places

    def _head_start(self) -> int:
        return _HEAD_START + 3 * self._pacer.write_time


def caller_name(caller: str, *, background: bool) -> str:
    """Return a short name of a caller for the names of attributes, which shows nothing of it."""
    return _BACKGROUND * background + hashlib.blake2b(caller.encode(), digest_size=6).hexdigest()


def length(item: Item) -> int:
    """Return how many requests wait."""
    return sum(not place.promised for place in _places(item))


def calls_before_newcomer(item: Item) -> float:
    """Return how many calls leave before that of a newcomer in the foreground, if all who wait take their slots."""
    foreground = sum(not place.promised and not place.is_background for place in _places(item))
    return foreground + background_share(item).turns_before(foreground)


def background_share(item: Item) -> BackgroundShare:
    """Return the background's share in the item."""
    waiting = sum(name.startswith(f"waiting_{_BACKGROUND}") for name in item)
    background = waiting + sum(name.startswith(f"promised_{_BACKGROUND}") for name in item)
    foreground = sum(name.startswith(("waiting_", "promised_")) for name in item) - background
    return BackgroundShare.from_item(item, foreground, background, waiting)


def _places(item: Item, without: Collection[str] = ()) -> Iterator[Place]:
    for name, value in item.items():
        kind, _, rest = name.partition("_")
        caller, _, last = rest.partition("_")
        if name not in without and kind == "waiting":
            yield Place(caller, last, asked_at=value)
        elif name not in without and kind == "promised":
            yield Place(caller, last, asked_at=int(last), promised=value)
