"""Simulate environments that share a table, on a virtual clock: many minutes in a fraction of a second.

Each process is a thread, and exactly one of all threads runs at a time: the one whose event is next. Time passes only
while all of them sleep or wait for the table. Whoever waits does what comes next itself until it is somebody's turn, so
that a process whose own turn is next goes on without a switch of threads, which costs more than what is simulated.
"""

import heapq
import itertools
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from types import CodeType
from typing import Any, Protocol

from contact_search.amazon_connect.errors import ThrottledError
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item, Value

EPOCH = 1_800_000_000.0  # seconds: when the simulation begins
CIRCUIT_OPEN_SECONDS = 5.0  # as TransientTable has it


class KilledError(BaseException):
    """End the thread of an environment that was killed."""


class Simulation:
    """Run processes until all have ended."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None], bool]] = []
        self._numbers = itertools.count()
        self._end = _taken_lock()
        self._errors: list[BaseException] = []

    def at(self, moment: float, do: Callable[[], None], *, lets_go_on: bool = False) -> None:
        """Do something at this moment. Say whether it lets a process go on."""
        heapq.heappush(self._events, (moment, next(self._numbers), do, lets_go_on))

    def start(self, process: Callable[[], None], moment: float = 0) -> None:
        """Run a process in a thread of its own from this moment on."""

        def run() -> None:
            turn.acquire()
            try:
                process()
            except BaseException as error:  # noqa: BLE001 - raised again by run()
                self._errors.append(error)
            self._do_next()

        turn = _taken_lock()
        threading.Thread(target=run, daemon=True).start()
        self.at(moment, turn.release, lets_go_on=True)

    def wait_until(self, moment: float) -> None:
        """Let the others run until this moment. Called by processes."""
        turn = _taken_lock()
        self.at(max(moment, self.now), turn.release, lets_go_on=True)
        self._do_next()
        turn.acquire()

    def run(self) -> None:
        self._do_next()
        self._end.acquire()
        if self._errors:
            raise self._errors[0]

    def _do_next(self) -> None:
        """Do what comes next, up to a process's turn or the end."""
        while self._events and not self._errors:
            moment, _, do, lets_go_on = heapq.heappop(self._events)
            self.now = max(self.now, moment)
            try:
                do()
            except BaseException as error:  # noqa: BLE001 - raised again by run()
                self._errors.append(error)
            if lets_go_on:
                return
        self._end.release()


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass
class Environment:
    """A clock and a process that can stall and die.

    Attributes:
        skew: Seconds by which its clock is ahead.
        stalls: From when to when it stands still, in simulated seconds.
        dies_at: When it is killed.
        oversleeps: By how many seconds it oversleeps at most.
    """

    simulation: Simulation
    random: random.Random
    skew: float = 0.0
    stalls: list[tuple[float, float]] = field(default_factory=list)
    dies_at: float = float("inf")
    oversleeps: float = 0.002

    def wait_until(self, moment: float) -> None:
        for start, end in sorted(self.stalls):
            if start <= moment < end:
                moment = end
        self.simulation.wait_until(moment)
        if self.simulation.now >= self.dies_at:
            raise KilledError

    def time(self) -> float:
        return EPOCH + self.simulation.now + self.skew

    def monotonic(self) -> float:
        return self.simulation.now + 1_000_000 - self.skew

    def sleep(self, seconds: float, /) -> None:
        self.wait_until(self.simulation.now + seconds + self.random.uniform(0, self.oversleeps))


@dataclass
class Table:
    """Items that all environments share.

    Attributes:
        latency: The least and the most seconds that a call takes.
        outages: From when to when the table cannot be reached.
        gives_up_after: Seconds until a call of a table that cannot be reached fails.
    """

    latency: tuple[float, float] = (0.003, 0.012)
    outages: list[tuple[float, float]] = field(default_factory=list)
    gives_up_after: float = 0.2
    items: dict[str, Item] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=lambda: {"get": 0, "update": 0, "failed": 0})
    longest_expression: int = 0
    most_attributes: int = 0

    def is_out(self, moment: float) -> bool:
        return any(start <= moment < end for start, end in self.outages)

    def get(self, key: str) -> Item | None:
        self.calls["get"] += 1
        assert self.calls["get"] < 50_000, "somebody reads for ever"
        return dict(self.items[key]) if key in self.items else None

    def update(
        self,
        key: str,
        expression: str,
        values: Mapping[str, Value],
        condition: str,
        *,
        returns_item: bool = True,  # noqa: ARG002 - the limiter needs it always
    ) -> Item:
        """Do what DynamoDB's UpdateItem does, as far as the limiter uses it."""
        self.calls["update"] += 1
        assert self.calls["update"] < 50_000, "somebody writes for ever"
        assert not expression.endswith("REMOVE "), "DynamoDB refuses an empty clause"
        self.longest_expression = max(self.longest_expression, len(expression), len(condition))
        used = set(re.findall(r":(\w+)", f"{expression} {condition}"))
        assert used == set(values), "DynamoDB refuses values that are missing or not used"
        old = self.items.get(key, {})
        if condition and not _evaluate(condition, old, values):
            self.calls["failed"] += 1
            raise ConditionFailedError(dict(old))
        sets, _, removes = expression.removeprefix("SET ").partition(" REMOVE ")
        assignments = dict(clause.split(" = ") for clause in re.split(r", (?=#)", sets))
        removed = removes.split(", ") if removes else []
        paths = [*assignments, *removed]
        assert len(set(paths)) == len(paths), f"DynamoDB refuses overlapping paths: {expression}"
        new = dict(old)
        for path, operand in assignments.items():
            new[path[1:]] = value = _evaluate(operand, old, values)
            assert value == value, f"DynamoDB refuses {operand} of an attribute that is missing"  # noqa: PLR0124 - NaN
        for path in removed:
            new.pop(path[1:], None)
        self.items[key] = new
        self.most_attributes = max(self.most_attributes, len(new))
        return dict(new)


def _evaluate(expression: str, item: Item, values: Mapping[str, Value]) -> Any:
    """Evaluate a condition or an operand. Comparisons with an attribute that is missing are False, as with NaN."""
    return eval(_compiled(expression), {"item": item, "values": values, "nan": float("nan")})  # noqa: S307


@cache
def _compiled(expression: str) -> CodeType:
    """Translate a condition or an operand into Python, once: a simulation evaluates it some thousand times."""
    expression = re.sub(r"attribute_not_exists\(#(\w+)\)", r"('\1' not in item)", expression)
    expression = re.sub(r"if_not_exists\(#(\w+), :(\w+)\)", r"item.get('\1', values['\2'])", expression)
    expression = re.sub(r"#(\w+)", r"item.get('\1', nan)", expression)
    expression = re.sub(r":(\w+)", r"values['\1']", expression)
    return compile(expression.replace(" AND ", " and ").replace(" OR ", " or "), "condition", "eval")


@dataclass
class TableClient:
    """What an environment has of the table: the methods of TransientTable, which take time."""

    table: Table
    environment: Environment
    circuit_open_until: float = 0.0

    def get(self, key: str) -> Item | None:
        item: Item | None = self._call(lambda: self.table.get(key))
        return item

    def update(
        self,
        key: str,
        expression: str,
        values: Mapping[str, Value],
        *,
        condition: str = "",
        lifetime: timedelta | None = None,  # noqa: ARG002 - the limiter's item does not expire
        returns_item: bool = False,  # noqa: ARG002 - the limiter needs it always
    ) -> Item:
        item: Item = self._call(lambda: self.table.update(key, expression, values, condition))
        return item

    def _call(self, do: Callable[[], Any]) -> Any:
        environment, simulation = self.environment, self.environment.simulation
        if environment.monotonic() < self.circuit_open_until:
            raise StorageUnavailableError("CircuitOpen")
        there, back = (environment.random.uniform(*self.table.latency) / 2 for _ in range(2))
        if self.table.is_out(simulation.now + there):
            environment.wait_until(simulation.now + self.table.gives_up_after)
            self.circuit_open_until = environment.monotonic() + CIRCUIT_OPEN_SECONDS
            raise StorageUnavailableError("Gone")
        outcome: list[Any] = []

        def arrive() -> None:
            """Do it, even if the environment has stopped meanwhile."""
            try:
                outcome.append(do())
            except ConditionFailedError as error:
                outcome.append(error)

        simulation.at(simulation.now + there, arrive)
        environment.wait_until(simulation.now + there + back)
        if isinstance(outcome[0], ConditionFailedError):
            raise outcome[0]
        return outcome[0]


class Limiter(Protocol):
    """What is simulated."""

    def wait_for_slot(self, caller: str, deadline: float, *, background: bool) -> None: ...


@dataclass(frozen=True)
class Wait:
    """A wait for a slot: from when to when, and whether a call left at its end."""

    start: float
    end: float
    caller: str
    environment: Environment
    sent: bool


@dataclass
class Fleet:
    """The environments of a function, which answer requests of callers one at a time.

    Attributes:
        prepare: Given a new environment and its number, sets its skew, its stalls and its end.
        call_seconds: The least and the most that a call of Connect takes.
        waits: All waits for a slot.
        answers: For each answer, the caller and the seconds since its first attempt.
        refusals: For each request that was refused, the caller and how often in a row it has been refused.
    """

    simulation: Simulation
    table: Table
    create_limiter: Callable[[TableClient, Environment], Limiter]
    random: random.Random
    prepare: Callable[[Environment, int], None] = lambda _environment, _number: None
    call_seconds: tuple[float, float] = (0.2, 0.6)
    waits: list[Wait] = field(default_factory=list)
    answers: list[tuple[str, float]] = field(default_factory=list)
    refusals: list[tuple[str, int]] = field(default_factory=list)
    _idle: list[tuple[Environment, Limiter]] = field(default_factory=list)
    _started: int = 0

    def ask(self, caller: str, wait: float, *, background: bool = False) -> None:
        """Ask until there is an answer, and come back when told to."""
        began, in_a_row = self.simulation.now, 0
        while retry_after := self._request(caller, wait, background):
            in_a_row = in_a_row + 1 if retry_after > 0 else 0
            if in_a_row:
                self.refusals.append((caller, in_a_row))
            self.pause(abs(retry_after) + self.random.uniform(0.01, 0.06))
        self.answers.append((caller, self.simulation.now - began))

    def pause(self, seconds: float) -> None:
        self.simulation.wait_until(self.simulation.now + seconds)

    def sends(self) -> list[float]:
        return sorted(wait.end for wait in self.waits if wait.sent)

    def first_calls(self) -> int:
        return len({id(wait.environment) for wait in self.waits if wait.sent})

    def wasted(self) -> float:
        """Return the seconds in which the quota of 0.5/s had a slot, a running environment waited and none sent."""
        wasted = 0.0
        for earlier, later in itertools.pairwise(self.sends()):
            end = earlier + 2
            for start, stop in sorted(self._waited(earlier + 2, later)):
                wasted += max(stop - max(start, end), 0)
                end = max(end, stop)
        return wasted

    def used(self, allowance: float = 0) -> float:
        """Return the share of the quota that was used while somebody waited, if so many seconds do not count."""
        sends = self.sends()
        return 1 - max(self.wasted() - allowance, 0) / (sends[-1] - sends[0])

    def _waited(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Yield from when to when environments waited and were running."""
        for wait in self.waits:
            begin = max(wait.start, start)
            for stall_start, stall_end in [*sorted(wait.environment.stalls), (end, end)]:
                if begin < min(stall_start, wait.end, end):
                    yield begin, min(stall_start, wait.end, end)
                begin = max(begin, stall_end)

    def _request(self, caller: str, wait: float, background: bool) -> int:
        """Return 0 for an answer, Retry-After for a refusal, -1 if the environment was killed."""
        environment, limiter = self._idle.pop() if self._idle else self._start()
        start = self.simulation.now
        try:
            try:
                limiter.wait_for_slot(caller, environment.monotonic() + wait, background=background)
            except ThrottledError as error:
                self.waits.append(Wait(start, self.simulation.now, caller, environment, sent=False))
                self._idle.append((environment, limiter))
                return error.retry_after
            self.waits.append(Wait(start, self.simulation.now, caller, environment, sent=True))
            environment.sleep(self.random.uniform(*self.call_seconds))
        except KilledError:
            self.waits.append(Wait(start, environment.dies_at, caller, environment, sent=False))
            return -1
        self._idle.append((environment, limiter))
        return 0

    def _start(self) -> tuple[Environment, Limiter]:
        environment = Environment(self.simulation, self.random)
        self.prepare(environment, self._started)
        self._started += 1
        return environment, self.create_limiter(TableClient(self.table, environment), environment)
