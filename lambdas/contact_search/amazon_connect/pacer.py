"""Decide when the next call may leave: never closer to the one before than Amazon Connect's quota allows.

The generic cell rate algorithm (GCRA) in one item of the transient table. Its attribute `tat`, the theoretical arrival
time, says when the next call may leave; a call moves it on by an interval. See docs/decisions/0003-rate-limiter.md.
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Protocol

from contact_search.storage.errors import ConditionFailedError
from contact_search.storage.items import Item, Value
from contact_search.storage.transient_table import TransientTable

# Calls do not arrive as regularly as they leave: the interval is 1.5 % longer than the quota asks for. A call may leave
# late by half of that, and by 5 ms at least, which is as precise as sleeping is on a busy machine.
_MARGIN = 0.015
_LEAST_TOLERANCE = 5  # ms
# An environment's first call opens a TLS connection first, and so arrives later than it leaves: by up to 15 ms in a new
# process with a core of its own (benchmarks/README.md). Lambda has slower ones, and a network.
_FIRST_CALL_DELAY = 50  # ms
# A write is expected to take as long as a recent slow one, but not longer than this.
_LONGEST_WRITE = 500  # ms
# The name of the quota that most of the service is about.
SEARCHES = "search-contacts"


class Clock(Protocol):
    """The functions of the module `time` that are used."""

    def time(self) -> float: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


class Pacer:
    """Let calls leave at most `rate` times a second on average, and `burst` at once after a pause.

    Moments are whole milliseconds since the epoch by the fastest clock among the environments: one whose clock is
    behind the item sets its own forward. All methods that use the table raise StorageUnavailableError.

    Attributes:
        interval: Milliseconds from call to call.
        write_time: Milliseconds that a write of the item is expected to take.
        item: The item as it was last seen.
    """

    def __init__(self, table: TransientTable, rate: float, burst: int, clock: Clock, name: str = SEARCHES) -> None:
        """Pace the calls of the quota with this name, which has an item of its own."""
        least = 1000 / max(rate, 0.001)
        self.interval = math.ceil(least * (1 + _MARGIN))
        self.write_time = 20
        self.item: Item = {}
        self._table = table
        self._key = f"quota {name}"
        self._clock = clock
        self._burst_tolerance = (burst - 1) * self.interval
        self._oversleep_tolerance = max(least * _MARGIN / 2, _LEAST_TOLERANCE)
        self._catch_up = 0
        self._delay = _FIRST_CALL_DELAY

    def now(self) -> int:
        return round(1000 * self._clock.time()) + self._catch_up

    def at(self, monotonic: float) -> int:
        """Convert a time.monotonic()."""
        return self.now() + round(1000 * (monotonic - self._clock.monotonic()))

    def sleep_until(self, moment: int) -> None:
        if (milliseconds := moment - self.now()) > 0:  # a sleep of 0 s would let other processes run
            self._clock.sleep(milliseconds / 1000)

    def free_at(self, item: Item, calls_before: float = 0, *, spare_burst: bool = False) -> int:
        """Return when a call may leave if that many others leave before it. Leave the burst to others if told to."""
        now = self.now()
        tat = max(theoretical_arrival(item), now)
        return max(tat + round(calls_before * self.interval) - (0 if spare_burst else self._burst_tolerance), now)

    def was_free(self, item: Item, moment: int, *, spare_burst: bool = False) -> bool:
        """Tell whether a call could have left at this moment."""
        return theoretical_arrival(item) - (0 if spare_burst else self._burst_tolerance) <= moment

    def calls_ahead(self, item: Item) -> int:
        """Return how many intervals `tat` is ahead, which is how many calls of a burst have left."""
        return math.ceil(max(theoretical_arrival(item) - self.now(), 0) / self.interval)

    def send(
        self, item: Item, start: int, removed: Iterable[str] = (), changed: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """Return at the moment when the call has to leave, not before `start`.

        The latest time of leaving is written just before, if no call has left since `item` was read. It allows for the
        write itself: a call that leaves earlier keeps its distance all the more. Whoever stalls after the write could
        leave later, together with the next one, and so has to write again.

        Args:
            item: The item as it was read.
            start: When `free_at` lets the call leave.
            removed: Attributes to remove with the write.
            changed: Attributes to set with the write.

        Raises:
            ConditionFailedError: Another call has left.
        """
        tat = expected = theoretical_arrival(item)
        sets = "".join(f", #{name} = :{name}" for name in changed)
        removes = f" REMOVE {names}" if (names := ", ".join(f"#{name}" for name in removed)) else ""
        condition = "attribute_not_exists(#tat) OR #tat <= :expected"
        allowed = self.write_time
        while True:
            began, stopwatch = self.now(), self._clock.monotonic()
            latest = max(tat, start, began + allowed)
            values = {"tat": latest + self.interval + self._delay, "expected": expected}
            self.update(f"SET #tat = :tat, #at = :at{sets}{removes}", {**values, **changed}, condition)
            self.sleep_until(start)
            # Either clock may stand still while the environment does.
            passed = max(self.now() - began, 1000 * (self._clock.monotonic() - stopwatch))
            if began + passed <= latest + self._oversleep_tolerance:
                self._delay = 0
                return
            expected = values["tat"]
            allowed = 2 * max(allowed, self.write_time)  # so that it comes to an end, however slow the table is

    def send_alone(self, start: int) -> None:
        """Return at `start`, as if there were no other environment: the table is unavailable."""
        self.item = {"tat": max(theoretical_arrival(self.item), start) + self.interval}
        self.sleep_until(start)

    def pause(self) -> None:
        """Let no call leave for two intervals."""
        until = self.now() + self._burst_tolerance + 2 * self.interval
        self.item = {**self.item, "tat": max(theoretical_arrival(self.item), until)}
        condition = "attribute_not_exists(#tat) OR #tat < :until"
        with suppress(ConditionFailedError):  # another environment has paused for longer
            self.update("SET #tat = :until, #at = :at", {"until": until}, condition)

    def read(self) -> Item:
        return self._seen(self._table.get(self._key) or {})

    def update(self, expression: str, values: Mapping[str, Value], condition: str = "") -> Item:
        """Update the item; `:at` is the moment of the write. Raises ConditionFailedError."""
        began, stopwatch = self.now(), self._clock.monotonic()
        try:
            values = {**values, "at": began}
            item = self._table.update(self._key, expression, values, condition=condition, returns_item=True)
        except ConditionFailedError as error:
            self._seen(error.item)
            raise
        took = round(1000 * (self._clock.monotonic() - stopwatch))
        self.write_time = min(max(took, self.write_time * 7 // 8), _LONGEST_WRITE)
        return self._seen(item)

    def _seen(self, item: Item) -> Item:
        self.item = item
        self._catch_up += max(item.get("at", 0) - self.now(), 0)
        return item


def theoretical_arrival(item: Item) -> int:
    """Return when the next call may leave, 0 if none has left yet."""
    tat: int = item.get("tat", 0)
    return tat
