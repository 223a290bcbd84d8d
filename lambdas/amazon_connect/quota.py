"""Turns in Amazon Connect's quota of searches, one after the other for all execution environments.

The generic cell rate algorithm (GCRA) in one item of the table: `tat`, its theoretical arrival time, is the next free
turn, and whoever books one moves it on. Turns are shared by caller: who has one ahead books no other, and who comes
back after a refusal goes before those whose last turn is not as long ago.
"""

import hashlib
import math
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import partial

from amazon_connect.errors import ThrottledError
from storage.item import ConditionFailedError, Item, StorageUnavailableError
from storage.transient import TransientTable

# Calls do not arrive as regularly as they are sent: a little slower than Connect allows is never too fast.
PACE = 1.015
# Turns over which those who are refused are spread.
_HORIZON = 30
# Milliseconds after which a caller's last turn is forgotten, and after which nobody waits for one who should be back.
_MEMORY, _LATE = 300_000, 1_000
# Milliseconds by which callers come early, as they are told whole seconds.
_EARLY = 1_000
# The item is read for each search and cleaned a little with each booking (an expression has 4 KB at most): of more
# attributes than these it does not learn who comes back, and no more than these are removed at once.
_MOST_ATTRIBUTES, _MOST_REMOVED = 200, 50
# Milliseconds that a booking is waited for, so that its turn does not begin before it is made.
_LONGEST_BOOKING = 500
# Milliseconds by which an environment's first call may arrive later than others, as it has no connection yet.
_FIRST_CALL_LATE = 150
_KEY = "quota"
_FREE = "SET #turn_{} = :start, #tat = :next, #at = :begun"
_NONE_REFUSED = "attribute_not_exists(#refused) OR #refused < :first OR #refused >= :last"


class _NotYetError(Exception):
    """There is no turn for the caller within its time, as far as is seen now; it may ask again at `again_at`."""

    def __init__(self, item: Item, again_at: int) -> None:
        super().__init__()
        self.item, self.again_at = item, again_at


class Quota:
    """`rate` searches a second, and `burst` at once after a pause, as Amazon Connect's quota has them.

    Times are milliseconds since the epoch by the fastest of all clocks: an environment whose clock is behind the last
    booking sets its own forward.
    """

    def __init__(self, table: Callable[[], TransientTable], rate: float, burst: int) -> None:
        self._table = table
        self._rate, self._burst = Fraction(rate).limit_denominator(100_000), burst
        self._interval = max(math.ceil(1000 * PACE / max(rate, 0.001)), 1)
        self._tolerance = (burst - 1) * self._interval
        self._catch_up = 0
        self._booking_takes, self._late = 1, _FIRST_CALL_LATE
        self._tat = 0  # as far as this environment knows
        self._outdated: set[str] = set()  # likewise, of the item's attributes

    def turn_of(self, caller: str, longest_wait: float) -> Callable[[], None]:
        """Books a turn for the caller; returns what sleeps until then. Raises ThrottledError."""
        caller = hashlib.blake2b(caller.encode(), digest_size=6).hexdigest()
        until = _clock() + round(1000 * longest_wait)
        while True:
            try:
                return partial(self._sleep_until, self._book(caller, until))
            except _NotYetError as not_yet:
                if not_yet.again_at > until + self._catch_up:
                    raise ThrottledError("QuotaExceeded", self._come_back(caller, not_yet)) from None
                self._sleep_until(not_yet.again_at)

    def back_off(self) -> int:
        """Connect throttles all the same, as others use its quota too: nobody has a turn for so many seconds."""
        until = self._now() + 2 * self._interval
        self._tat = max(self._tat, until)
        with suppress(StorageUnavailableError):
            try:
                self._table().update(_KEY, "SET #tat = :until", {"until": until}, condition="#tat < :until")
            except ConditionFailedError:  # others have booked that long ahead: who comes after them waits longer
                pause = {"pause": 2 * self._interval}
                self._tat = self._table().update(_KEY, "SET #tat = #tat + :pause", pause)["tat"]
        return _seconds(max(self._tat - self._tolerance - self._now(), 0))

    def policy(self) -> str:
        """RateLimit-Policy (IETF draft, RateLimit header fields): how many searches in how many seconds."""
        return f'"search-contacts";q={self._rate.numerator};w={self._rate.denominator}'

    def state(self) -> str:
        """RateLimit: how many turns are free as far as this environment knows, and the seconds until a further one."""
        ahead = max(self._tat - self._now(), 0)
        free = max(self._burst - math.ceil(ahead / self._interval), 0)
        return f'"search-contacts";r={free};t={math.ceil(max(ahead - self._tolerance, 0) / 1000)}'

    def _book(self, caller: str, until: int) -> int:
        """When the turn is that is the caller's now, by `until` on the clock here; raises _NotYetError."""
        begun = self._now()
        turn = self._tat - self._tolerance  # it may have moved on since, but never back
        if turn > max(until + self._catch_up, begun):
            raise _NotYetError(self._known(), turn)
        try:
            try:
                if self._outdated:  # which is not for those to clean up who do not look
                    item = self._table().get(_KEY) or {}
                else:
                    return self._book_in_peace(caller, begun)
            except ConditionFailedError as busy:
                item = busy.item
            self._booking_takes = min(max(self._booking_takes, self._now() - begun), _LONGEST_BOOKING)
            for _ in range(5):
                try:
                    return self._try_to_book(caller, until, item)
                except ConditionFailedError as changed:
                    item = changed.item
        except StorageUnavailableError:
            return self._book_alone(until)
        raise _NotYetError(item, self._now() + self._booking_takes)  # many others book at once

    def _book_in_peace(self, caller: str, begun: int) -> int:
        """Where the last turn is so long ago that nobody waits, it is the caller's without a look at the others.

        Raises ConditionFailedError where it is not.
        """
        start = begun + self._booking_takes
        values = {"start": start, "next": start + self._interval + self._late}
        condition = "attribute_not_exists(#tat) OR #tat <= :long_ago"
        long_ago = {"long_ago": begun - max(_LATE - self._tolerance, 0)}
        past = f"REMOVE #due_{caller}"
        return self._booked(caller, f"{_FREE.format(caller)} {past}", values | long_ago, condition, begun)

    def _try_to_book(self, caller: str, until: int, item: Item) -> int:
        begun = self._now(item)
        start, tat = begun + self._booking_takes, item.get("tat", 0)
        latest = max(until + self._catch_up, start)
        self._tat = max(self._tat, tat)
        turn = max(tat - self._tolerance, start)
        own_turn = item.get(f"turn_{caller}", 0) - self._tolerance
        # No turn is held for those who have not come when it is there.
        others = self._others_first(caller, item, turn) if begun < tat - self._tolerance + _LATE else 0
        if others or own_turn > start:
            raise _NotYetError(item, max(turn, own_turn) + others * self._interval)
        if tat - self._tolerance > latest:
            raise _NotYetError(item, tat - self._tolerance)
        if tat <= start:
            booking = _FREE.format(caller)
            condition = "attribute_not_exists(#tat) OR #tat <= :start"
            values = {"start": start, "next": start + self._interval + self._late}
        else:
            booking = f"SET #turn_{caller} = #tat, #tat = #tat + :interval, #at = :begun"
            condition = "#tat > :start AND #tat <= :latest"
            values = {"start": start, "interval": self._interval, "latest": latest + self._tolerance}
        outdated = sorted(self._outdated_of(item, begun) - {f"turn_{caller}", f"due_{caller}"})
        past = ", ".join(f"#{name}" for name in [f"due_{caller}", *outdated[:_MOST_REMOVED]])
        return self._booked(caller, f"{booking} REMOVE {past}", values, condition, begun)

    def _booked(self, caller: str, booking: str, values: dict[str, int], condition: str, begun: int) -> int:
        """When the turn is that this booking gives; raises ConditionFailedError."""
        booked = self._table().update(_KEY, booking, {**values, "begun": begun}, condition=condition)
        self._booking_takes = min(max(self._now() - begun, self._booking_takes * 3 // 4), _LONGEST_BOOKING)
        self._outdated = self._outdated_of(booked, begun)
        self._tat, self._late = booked["tat"], 0
        return int(booked[f"turn_{caller}"]) - self._tolerance

    def _known(self) -> Item:
        """The item, or what is known of it where the table is away."""
        with suppress(StorageUnavailableError):
            return self._table().get(_KEY) or {}
        return {"tat": self._tat}

    def _book_alone(self, until: int) -> int:
        """Without the table: as if this environment were the only one."""
        now = self._now()
        turn = max(self._tat - self._tolerance, now)
        if turn > max(until + self._catch_up, now):
            raise _NotYetError({}, turn)
        self._tat = max(self._tat, now) + self._interval
        return turn

    def _come_back(self, caller: str, not_yet: _NotYetError) -> int:
        """In how many seconds a caller who is refused should: all of them are spread over successive turns."""
        item, now, due = not_yet.item, self._now(), f"due_{caller}"
        if len(item) > _MOST_ATTRIBUTES:
            return _seconds(not_yet.again_at - now)
        first = max(item.get("tat", 0) - self._tolerance, now)
        last = first + _HORIZON * self._interval
        if 0 < item.get(due, 0) <= now + _EARLY:  # has come back as told, to find the turn taken: it has waited enough
            bookings = [(f"SET #{due} = :first", {"first": first}, "")]
        else:
            after_others = f"SET #{due} = #refused, #refused = #refused + :interval"
            before_others = f"SET #{due} = :first, #refused = :first + :interval"
            all_values = {"first": first, "last": last, "interval": self._interval}
            after = (after_others, all_values, "#refused >= :first AND #refused < :last")
            # Of two who find none refused, one is first: the other one comes after it.
            bookings = [after, (before_others, all_values, _NONE_REFUSED), after]
        for booking, values, condition in bookings:
            try:
                booked = self._table().update(_KEY, booking, values, condition=condition)
            except ConditionFailedError:
                continue
            except StorageUnavailableError:
                break
            return _seconds(booked[due] - now)
        return _seconds(not_yet.again_at - now)

    def _others_first(self, caller: str, item: Item, turn: int) -> int:
        """How many callers come back until then whose own last turn is longer ago."""
        own = item.get(f"turn_{caller}", 0)
        waiting = (
            name.removeprefix("due_")
            for name, due in item.items()
            if name.startswith("due_") and due <= turn < due + self._interval + _LATE
        )
        return sum(other != caller and item.get(f"turn_{other}", 0) < own for other in waiting)

    def _outdated_of(self, item: Item, now: int) -> set[str]:
        """What need not be remembered of callers: each of them has a turn that is past, or is not coming back."""
        life = {"turn": _MEMORY, "due": self._interval + _LATE}
        return {name for name, at in item.items() if at + life.get(name.partition("_")[0], math.inf) <= now}

    def _now(self, item: Item | None = None) -> int:
        clock = _clock()
        self._catch_up = max(self._catch_up, (item or {}).get("at", 0) - clock)
        return clock + self._catch_up

    def _sleep_until(self, moment: int) -> None:
        time.sleep(max(moment - self._now(), 0) / 1000)


def _clock() -> int:
    return time.time_ns() // 1_000_000


def _seconds(milliseconds: int) -> int:
    """Rounded down: who comes a little early waits for the turn, who comes late has missed it."""
    return max(milliseconds // 1000, 1)
