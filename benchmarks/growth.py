"""Measure how the service's time and memory grow with the size of requests, walks, cache and clients."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from benchmarks.canned_aws import Address
from benchmarks.environment import Environment, Measured
from benchmarks.events import event
from benchmarks.rounds import interleaved
from benchmarks.trees import Subject
from benchmarks.warm import with_everything_on

_ROUNDS = 5  # maximum: the differences between rows are large, so a few rounds are enough
_WARM_UP = 10
_CALLS = 30

Run = Callable[[Environment], list[Measured]]


@dataclass(frozen=True)
class Row:
    """Describe a row of the table. `run` returns the measured calls of an environment with limiter and cache."""

    name: str
    run: Run
    connect: str = "prompt"
    dynamodb: str = "losing"


def show(python: str, ours: Subject, aws: Address, rounds: int) -> None:
    """Print a table. Each row has the number of measured calls, the median CPU time of a call, and the peak memory."""
    all_on = with_everything_on(ours)

    def measure(row: Row) -> list[Measured]:
        with Environment(python, all_on, aws.variables(row.connect, row.dynamodb)) as environment:
            return row.run(environment)

    rows = {row.name: partial(measure, row) for row in _rows()}
    print(f"\n{'Calls of ours, all on':<50} {'calls':>6} {'CPU ms each':>12} {'peak MB':>8}")
    for name, runs in interleaved("growth", min(rounds, _ROUNDS), rows).items():
        milliseconds = [call for run in runs for measured in run for call in measured.cpu]
        peak = median(max(measured.peak for measured in run) for run in runs)
        print(f"  {name:<48} {len(milliseconds) // len(runs):>6} {median(milliseconds):>12.2f} {peak:>8.1f}")


def _rows() -> Iterator[Row]:
    for limit in (1, 10, 100):
        yield Row(f"page of {limit}", partial(_calls, before=[event(limit=limit)], counted=[event(limit=limit)]))
    for parameters in (4, 14, 34):
        events = [event(further=dict(islice(_further_parameters(), parameters - 4)))]
        yield Row(f"{parameters} parameters", partial(_calls, before=events, counted=events))
    for weeks in (1, 8, 52):
        yield Row(f"walk over {weeks} weeks", partial(_walk, window=timedelta(weeks=weeks)), connect="ending")
    for pages in (10, 100, 1000):
        kept = [event(number=number) for number in range(pages)]
        yield Row(f"hit, {pages} pages kept", partial(_calls, before=kept, counted=kept[-10:]), dynamodb="keeping")
    for clients in (1, 10, 100, 1000):
        events = [event(client=f"client {number}") for number in range(clients)]
        yield Row(f"{clients} clients within minutes", partial(_calls, before=events, counted=events[-10:]))


def _further_parameters() -> Iterator[tuple[str, list[str]]]:
    for number in range(15):
        yield f"attribute.key{number}", ["gold", "silver"]
        yield f"segment.key{number}", ["gold", "silver"]


def _calls(environment: Environment, before: list[dict[str, Any]], counted: list[dict[str, Any]]) -> list[Measured]:
    environment.call([before[0]] * _WARM_UP)
    for begin in range(0, len(before), _CALLS):  # too many events at once would add to the memory
        environment.call(before[begin : begin + _CALLS])
    return [environment.call((counted * _CALLS)[:_CALLS])]


def _walk(environment: Environment, window: timedelta) -> list[Measured]:
    """Walk from the first page to the last."""
    environment.call([event(window=window)] * _WARM_UP)
    pages = [environment.call([event(window=window)])]
    while cursor := json.loads(pages[-1].answer["body"])["next_cursor"]:
        pages.append(environment.call([event(window=window, further={"cursor": cursor})]))
    return pages
