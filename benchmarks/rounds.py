"""Measurements that take turns: what disturbs the machine for a while disturbs all of them."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

from tqdm import tqdm

_T = TypeVar("_T")


def interleaved(what: str, rounds: int, measurements: Mapping[str, Callable[[], _T]]) -> dict[str, list[_T]]:
    """What each of them finds in so many rounds; who is first changes."""
    found: dict[str, list[_T]] = {name: [] for name in measurements}
    names = list(measurements)
    for number in tqdm(range(rounds), desc=what, unit=" rounds", leave=False, disable=None):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(measurements[name]())
    return found


def medians(found: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: median(values) for name, values in found.items()}
