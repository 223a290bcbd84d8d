"""Measure cold starts: the time from the start of the process to its first answer, and the memory used until then."""

from collections.abc import Mapping
from functools import partial

from benchmarks.canned_aws import Address
from benchmarks.environment import Environment
from benchmarks.events import event
from benchmarks.rounds import interleaved, medians
from benchmarks.trees import Subject

FURTHER_CALLS = 50


def milliseconds(python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int) -> dict[str, float]:
    """Measure each subject's milliseconds from the start of the process to its first answer. Return the medians."""

    def start(subject: Subject) -> float:
        with Environment(python, subject, aws.variables()) as environment:
            environment.call([event()])
            return environment.to_first_answer

    return medians(interleaved("cold", rounds, {name: partial(start, subject) for name, subject in subjects.items()}))


def megabytes(
    python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Measure each subject's peak memory in MB: until its first answer, and after FURTHER_CALLS more."""

    def peaks(subject: Subject) -> tuple[float, float]:
        with Environment(python, subject, aws.variables()) as environment:
            return environment.call([event()]).peak, environment.call([event()] * FURTHER_CALLS).peak

    measured = interleaved("memory", rounds, {name: partial(peaks, subject) for name, subject in subjects.items()})
    first, after_all = ({name: [pair[at] for pair in pairs] for name, pairs in measured.items()} for at in (0, 1))
    return medians(first), medians(after_all)
