"""First invocations after SnapStart has restored an environment: what its users feel of a cold start.

The snapshot is taken after the imports and the hooks before it, so that nothing of these is measured.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.canned_aws import Address
from benchmarks.environment import Environment
from benchmarks.events import event
from benchmarks.rounds import interleaved, medians
from benchmarks.trees import Subject

SNAP_START = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


def milliseconds(
    python: str, subjects: Mapping[str, Subject], aws: Address, rounds: int, *, tls: bool = False
) -> dict[str, float]:
    """Of each subject, from the first event after the restore to its answer."""

    def first_invocation(subject: Subject) -> float:
        variables = aws.variables(tls=tls) | SNAP_START
        with Environment(python, subject, variables) as environment:
            return environment.call([event()]).wall[0]

    with TemporaryDirectory() as folder:
        if tls:
            subjects = {name: _trusting(subject, aws, Path(folder) / name) for name, subject in subjects.items()}
        started = {name: partial(first_invocation, subject) for name, subject in subjects.items()}
        return medians(interleaved("restored", rounds, started))


def _trusting(subject: Subject, aws: Address, tree: Path) -> Subject:
    """A copy of the subject that trusts one certificate more. It reads all of its others too, as it would on Lambda."""
    shutil.copytree(subject.tree, tree)
    with (tree / "botocore" / "cacert.pem").open("ab") as bundle:
        bundle.write(aws.certificate.read_bytes())
    return replace(subject, tree=tree)
