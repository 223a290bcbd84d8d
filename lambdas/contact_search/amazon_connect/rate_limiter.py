"""Share Amazon Connect's quota between all environments and callers. See docs/decisions/0003-rate-limiter.md."""

import math
import random
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

from contact_search.amazon_connect.errors import ThrottledError
from contact_search.amazon_connect.pacer import SEARCHES, Clock, Pacer, theoretical_arrival
from contact_search.amazon_connect.slot_queue import Place, SlotQueue, caller_name, calls_before_newcomer
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item
from contact_search.storage.transient_table import CIRCUIT_OPEN_SECONDS, TransientTable

# If no call has left for this time after one could, then nobody waits.
_IDLE = 1_000  # ms
# Whoever waits already is refused only if its slot would begin this long after its deadline: the stall of another
# environment should not make its wait vain.
_GRACE = 1_000  # ms
# Whoever comes back as told waits for so many intervals more, however short its wait is.
_PROMISE_KEPT_WITHIN = 3
_BACKGROUND_WAIT = 7
# If the first in the line does not send, the second one does after this time, or after a write's if that is longer.
_STAGGER = 25  # ms
# Called with the seconds until a slot begins.
Expect = Callable[[float], None]


class RateLimiter:
    """Wait for slots in a quota of `rate` calls a second, and `burst` at once after a pause."""

    def __init__(  # noqa: PLR0913 - the clock is for tests
        self,
        table: TransientTable,
        rate: float,
        burst: int,
        waiting_per_caller: int,
        clock: Clock = time,
        *,
        name: str = SEARCHES,
    ) -> None:
        """Let at most `waiting_per_caller` requests of each caller wait at the same time.

        The name tells one quota from another, in the table and in the headers.
        """
        self._name = name
        self._rate, self._burst = Fraction(rate).limit_denominator(100_000), burst
        self._pacer = Pacer(table, rate, burst, clock, name)
        self._queue = SlotQueue(self._pacer, waiting_per_caller)
        self._last_caller = self._throttled_caller = ""

    def wait_for_slot(self, caller: str, deadline: float, *, background: bool, expect: Expect | None = None) -> None:
        """Sleep until the call may leave, and return at that moment.

        Args:
            caller: Who waits.
            deadline: The time.monotonic() by which the call has to leave.
            background: Take what other callers leave, and one turn of five while they wait.
            expect: Called when the request has joined the line, and whenever somebody else has left it.

        Raises:
            ThrottledError: The slot would begin after the deadline. This is known at once. Or nobody knows whether
                others leave anything to the background, as the table is unavailable.
        """
        caller = caller_name(caller, background=background)
        goes_first = caller == self._throttled_caller
        self._last_caller, self._throttled_caller = caller, ""

        def place() -> Place:
            number = random.getrandbits(32)  # SnapStart's hook seeds it anew
            return Place(caller, f"{number:x}", asked_at=0 if goes_first else self._pacer.now())

        with suppress(StorageUnavailableError):
            if self._send_if_idle(place()):
                return
        claimed = self._queue.claim_promise(self._pacer.item, place())
        try:
            self._wait_in_line(claimed, deadline, expect)
        except StorageUnavailableError:
            if background:
                raise ThrottledError("QuotaExceeded", math.ceil(CIRCUIT_OPEN_SECONDS)) from None
            self._send_alone(claimed, deadline)

    def back_off(self) -> int:
        """Let no environment call for a while: Connect has throttled a call, as others use its quota too.

        Returns:
            Whole seconds until a call may leave. If the caller waits again at once, it is the first.
        """
        self._throttled_caller = self._last_caller
        with suppress(StorageUnavailableError):
            self._pacer.pause()
        return max((self._pacer.free_at(self._pacer.item) - self._pacer.now()) // 1000, 1)

    def policy_header(self) -> str:
        """Return RateLimit-Policy (IETF draft, RateLimit header fields): how many calls in how many seconds."""
        return f'"{self._name}";q={self._rate.numerator};w={self._rate.denominator}'

    def state_header(self) -> str:
        """Return RateLimit: how many slots are free as far as is known here, and in how many seconds one is."""
        item = self._pacer.item
        waiting = calls_before_newcomer(item)
        seconds = (self._pacer.free_at(item, waiting) - self._pacer.now()) / 1000
        free = max(self._burst - self._pacer.calls_ahead(item) - math.ceil(waiting), 0)
        return f'"{self._name}";r={free};t={math.ceil(max(seconds, 0))}'

    def _send_if_idle(self, place: Place) -> bool:
        """Send at once, with a single write, if nobody waits. Otherwise see the item as it is.

        The item as it was last seen has to do: the write fails if a call has left since.
        """
        item, idle_since = self._pacer.item, self._pacer.now() - _IDLE
        if not self._queue.is_idle(item, place, idle_since):
            self._pacer.read()
            return False
        tat = max(theoretical_arrival(item), idle_since)
        try:
            self._pacer.send({"tat": tat}, idle_since, *self._queue.outcome(item, place))
        except ConditionFailedError:
            return False
        return True

    def _wait_in_line(self, place: Place, deadline: float, expect: Expect | None) -> None:
        """Join the line and sleep until the call may leave. Look at the line again whenever somebody else has left it.

        For example, a request that may wait for 3 s sees a slot that begins in 2 s. It joins the line, sleeps until its
        slot, and tries to send: no call has left, and it is done. Or somebody who asked before has left just now. Then
        its slot begins in 2 s, which is later than it wanted to wait, but not by more than `_GRACE`: it waits again.

        Raises:
            ThrottledError: The slot would begin after the deadline, or the caller has too many requests in the line.
        """
        item: Item | None = self._pacer.item
        turns = _BACKGROUND_WAIT if place.is_background else _PROMISE_KEPT_WITHIN
        latest = last = max(self._pacer.at(deadline), place.promised + turns * self._pacer.interval)
        while item is not None:
            slot = self._queue.slot(item, place)
            is_free = slot <= self._pacer.now()
            if not is_free and slot > latest:
                raise self._refusal(item, place)
            if is_free or place.waiting_name in item:
                if expect is not None:
                    expect(max(slot - self._pacer.now(), 0) / 1000)
                item = self._try_to_send(item, place)
                continue
            if not self._queue.has_too_many(item, place):
                item = self._queue.join(item, place)
                latest = last + _GRACE
            if self._queue.has_too_many(item, place):  # perhaps since others have joined at the same time
                raise self._refusal(item, place)

    def _refusal(self, item: Item, place: Place) -> ThrottledError:
        return ThrottledError("QuotaExceeded", self._queue.refuse(item, place))

    def _try_to_send(self, item: Item, place: Place) -> Item | None:
        """Return None if the call may leave now, the changed item if another one has left."""
        waiting, _ = self._queue.before(item, place)
        stagger = max(_STAGGER, self._pacer.write_time)
        # Those far behind look only at some of the slots before theirs.
        watching = min(len(waiting), self._pacer.interval // (4 * stagger))
        start = self._queue.free_at(item, place, len(waiting) - watching) + watching * stagger
        self._pacer.sleep_until(start - self._pacer.write_time * 3 // 2)
        if waiting:
            seen = self._pacer.read()
            if theoretical_arrival(seen) != theoretical_arrival(item):
                return seen
        try:
            self._pacer.send(item, start, *self._queue.outcome(item, place))
        except ConditionFailedError as error:
            return error.item
        return None

    def _send_alone(self, place: Place, deadline: float) -> None:
        """Send as if there were no other environment but those seen before: the table is unavailable."""
        slot = self._queue.slot(self._pacer.item, place)
        if slot > max(self._pacer.at(deadline), self._pacer.now()):
            raise ThrottledError("QuotaExceeded", self._queue.retry_after(slot))
        self._pacer.send_alone(slot)
