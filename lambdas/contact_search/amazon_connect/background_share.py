"""Give background requests what others leave, and one turn of five while others wait.

An attribute of the pacer's item counts: see docs/decisions/0003-rate-limiter.md.

    foreground_turns   how many foreground calls have left since the last one of the background. It is removed when
                       the background has neither waited nor called for some turns
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from contact_search.storage.items import Item

T = TypeVar("T")
# As many foreground calls leave before each background call, if both wait.
_FOREGROUND_TURNS = 4
NAME = "foreground_turns"


@dataclass(frozen=True)
class BackgroundShare:
    """Describe the item as far as the background's share depends on it.

    Attributes:
        foreground_turns: How many foreground calls have left since the last one of the background. It is negative at
            first: whoever waits already, or should come back, goes before the first background request.
        waits: Whether a background request waits.
        is_active: Whether one waits, should come back or has left of late.
    """

    foreground_turns: int
    waits: bool
    is_active: bool

    @classmethod
    def from_item(cls, item: Item, foreground: int, background: int, waiting_in_background: int) -> "BackgroundShare":
        """Create it from the item and from the numbers of places in it."""
        turns = item.get(NAME, min(_FOREGROUND_TURNS - foreground, 0))
        return cls(turns, waits=waiting_in_background > 0, is_active=background > 0 or NAME in item)

    def merge(self, foreground: Iterable[T], background: Iterable[T]) -> list[T]:
        """Put both lines in the order in which their calls leave."""
        turns = self.foreground_turns
        merged: list[T] = []
        rest = iter(background)
        for place in foreground:
            if turns >= _FOREGROUND_TURNS:
                merged += itertools.islice(rest, 1)
                turns = 0
            merged.append(place)
            turns += 1
        return [*merged, *rest]

    def turns_before(self, foreground_calls: int) -> float:
        """Return the background's turns before a foreground call with so many others before it.

        Each background request is expected to be followed by another one. The turns are fractions, so that what a
        request expects stays the same while the line moves.
        """
        if not self.is_active:
            return 0
        turns = max(self.foreground_turns + foreground_calls, 0)
        if foreground_calls == 0:
            return turns // _FOREGROUND_TURNS if self.waits else 0
        return turns / _FOREGROUND_TURNS

    def stretch(self, interval: int) -> int:
        """Return the time from one foreground call to the next on average."""
        return interval * (_FOREGROUND_TURNS + self.is_active) // _FOREGROUND_TURNS

    def turns_after(self, *, background_call: bool, others_wait: bool) -> int | None:
        """Return the count after a call, None to remove it. Tell whether other background requests have a place."""
        if background_call:
            return min(self.foreground_turns, 0)
        if others_wait:
            return min(self.foreground_turns + 1, _FOREGROUND_TURNS)
        # A background request that has left may be followed by another one.
        return self.foreground_turns + 1 if self.is_active and self.foreground_turns < _FOREGROUND_TURNS else None
