"""Cold starts: from the start of the process to its first answer, and the memory that it takes until then."""

from collections.abc import Mapping
from functools import partial

from benchmarks.canned_aws import Address
from benchmarks.environment import Environment
from benchmarks.events import event
from benchmarks.rounds import interleaved, medians
from benchmarks.trees import Subject

FURTHER_CALLS = 50


def milliseconds(python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int) -> dict[str, float]:
    """Of each subject, from the start of the process to its first answer."""

    def start(subject: Subject) -> float:
        with Environment(python, subject, aws.variables()) as environment:
            environment.call([event()])
            return environment.to_first_answer

    return medians(interleaved("cold", rounds, {name: partial(start, one) for name, one in subjects.items()}))


def megabytes(
    python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Of each subject at its peak: until its first answer, and after further calls."""

    def peaks(subject: Subject) -> tuple[float, float]:
        with Environment(python, subject, aws.variables()) as environment:
            return environment.call([event()]).peak, environment.call([event()] * FURTHER_CALLS).peak

    found = interleaved("memory", rounds, {name: partial(peaks, one) for name, one in subjects.items()})
    first, after_all = ({name: [pair[at] for pair in pairs] for name, pairs in found.items()} for at in (0, 1))
    return medians(first), medians(after_all)
