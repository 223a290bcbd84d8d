"""Warm calls: a page of 100 contacts, from an environment that has answered before."""

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

_BATCHES, _CALLS = 6, 8  # of each subject in a round: enough that a median is one
_WARM_UP = 10


def with_everything_on(ours: Subject) -> Subject:
    """Limiter, cache and single flight, but no call has to wait for its turn."""
    return ours.variant("ours, all on", QUOTA_RATE="1000", QUOTA_BURST="1000")


def without_limits(ours: Subject) -> Subject:
    """Neither limiter nor cache."""
    return ours.variant("ours", QUOTA_RATE="0", PAGE_SECONDS="0")


def cpu(python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int) -> dict[str, float]:
    """Milliseconds of CPU that a call of each subject takes; whatever it keeps is lost, so that each goes upstream."""
    placed = {name: (subject, aws.variables()) for name, subject in subjects.items()}
    return _medians("warm", "cpu", python, placed, rounds)


def wall(python: str, placed: Mapping[str, tuple[Subject, dict[str, str]]], rounds: int) -> dict[str, float]:
    """Milliseconds from a call of each subject, with these variables, to its answer."""
    return _medians("cache", "wall", python, placed, rounds)


def _medians(
    what: str,
    clock: Literal["cpu", "wall"],
    python: str,
    placed: Mapping[str, tuple[Subject, dict[str, str]]],
    rounds: int,
) -> dict[str, float]:
    found: dict[str, list[float]] = {name: [] for name in placed}
    for _ in tqdm(range(rounds), desc=what, unit=" rounds", leave=False, disable=None):
        for name, milliseconds in _round(clock, python, placed).items():
            found[name].append(milliseconds)
    return medians(found)


def _round(
    clock: Literal["cpu", "wall"], python: str, placed: Mapping[str, tuple[Subject, dict[str, str]]]
) -> dict[str, float]:
    """The median call of each subject, in processes that take turns."""
    found: dict[str, list[float]] = {name: [] for name in placed}
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
                found[name] += measured.cpu if clock == "cpu" else measured.wall
    return {name: median(calls) for name, calls in found.items()}
