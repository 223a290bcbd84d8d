"""Measure warm calls: a page of 100 contacts from an environment that has answered before."""

from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median
from typing import Literal

from tqdm import tqdm

from benchmarks.canned_aws import Address
from benchmarks.environment import Environment
from benchmarks.events import event
from benchmarks.rounds import medians
from benchmarks.trees import Subject

_BATCHES, _CALLS = 6, 8  # for each subject in a round: enough for a stable median
_WARM_UP = 10


def with_everything_on(ours: Subject) -> Subject:
    """Switch on limiter, cache and single flight, with a quota so high that no call waits for a slot."""
    return ours.variant("ours, all on", QUOTA_RATE="1000", QUOTA_BURST="1000")


def without_limits(ours: Subject) -> Subject:
    """Switch off limiter and cache."""
    return ours.variant("ours", QUOTA_RATE="0", PAGE_SECONDS="0")


def cpu(python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int) -> dict[str, float]:
    """Measure the milliseconds of CPU time of each subject's calls. Pages are lost, so every call goes upstream."""
    placed = {name: (subject, aws.variables()) for name, subject in subjects.items()}
    return _medians("warm", "cpu", python, placed, rounds)


def wall(python: str, placed: Mapping[str, tuple[Subject, dict[str, str]]], rounds: int) -> dict[str, float]:
    """Measure the milliseconds of wall time of each subject's calls, with these variables."""
    return _medians("cache", "wall", python, placed, rounds)


def _medians(
    what: str,
    clock: Literal["cpu", "wall"],
    python: str,
    placed: Mapping[str, tuple[Subject, dict[str, str]]],
    rounds: int,
) -> dict[str, float]:
    results: dict[str, list[float]] = {name: [] for name in placed}
    for _ in tqdm(range(rounds), desc=what, unit=" rounds", leave=False, disable=None):
        for name, milliseconds in _round(clock, python, placed).items():
            results[name].append(milliseconds)
    return medians(results)


def _round(
    clock: Literal["cpu", "wall"], python: str, placed: Mapping[str, tuple[Subject, dict[str, str]]]
) -> dict[str, float]:
    """Measure each subject's median call, in processes that take turns."""
    calls: dict[str, list[float]] = {name: [] for name in placed}
    with ExitStack() as stack:
        environments = {
            name: stack.enter_context(Environment(python, subject, variables))
            for name, (subject, variables) in placed.items()
        }
        for environment in environments.values():
            environment.call([event()] * _WARM_UP)
        for _ in range(_BATCHES):
            for name, environment in environments.items():
                measured = environment.call([event()] * _CALLS)
                calls[name] += measured.cpu if clock == "cpu" else measured.wall
    return {name: median(milliseconds) for name, milliseconds in calls.items()}
