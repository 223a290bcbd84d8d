"""Instructions, counted by callgrind: they repeat to the thousandth, also on a busy machine."""

import re
import shutil
from collections.abc import Mapping
from typing import Any

from benchmarks.environment import Environment
from benchmarks.events import event
from benchmarks.trees import Subject

_WARM_UP, _CALLS = 5, 25


def until_answered(
    python: str,
    subject: Subject,
    variables: Mapping[str, str],
    calls: int = 1,
    further: Mapping[str, Any] | None = None,
) -> int | None:
    """From the start of the process until so many calls are answered, with further parameters.

    None where there is no valgrind.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    under = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    with Environment(python, subject, {**variables, "PYTHONHASHSEED": "0"}, under=under) as environment:
        if calls:
            environment.call([event(further=further)] * calls)
        [count] = re.findall(r"Collected : (\d+)", environment.end())
    return int(count)


def of_first_call(python: str, subject: Subject, variables: Mapping[str, str]) -> int | None:
    """Of the first call alone, without the start of the process."""
    return _difference(python, subject, variables, (1, 0))


def of_warm_call(
    python: str, subject: Subject, variables: Mapping[str, str], further: Mapping[str, Any] | None = None
) -> int | None:
    """Of a call in an environment that has answered such calls before."""
    count = _difference(python, subject, variables, (_WARM_UP + _CALLS, _WARM_UP), further)
    return None if count is None else count // _CALLS


def ratio(ours: int | None, other: int | None) -> float | None:
    """Ours by the other's, if both are known."""
    return ours / other if ours and other else None


def _difference(
    python: str,
    subject: Subject,
    variables: Mapping[str, str],
    calls: tuple[int, int],
    further: Mapping[str, Any] | None = None,
) -> int | None:
    counts = [until_answered(python, subject, variables, number, further) for number in calls]
    return counts[0] - counts[1] if counts[0] and counts[1] else None
