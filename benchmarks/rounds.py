"""Take measurements in turns, so that a temporary load on the machine affects all of them equally."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

from tqdm import tqdm

_T = TypeVar("_T")


def interleaved(what: str, rounds: int, measurements: Mapping[str, Callable[[], _T]]) -> dict[str, list[_T]]:
    """Run all measurements in each round, starting with another one each time. Return their results by name."""
    results: dict[str, list[_T]] = {name: [] for name in measurements}
    names = list(measurements)
    for number in tqdm(range(rounds), desc=what, unit=" rounds", leave=False, disable=None):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            results[name].append(measurements[name]())
    return results


def medians(results: Mapping[str, list[float]]) -> dict[str, float]:
    """Return the median of each measurement."""
    return {name: median(values) for name, values in results.items()}
