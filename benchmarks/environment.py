"""Run a handler in an execution environment, a fresh process, and measure its calls."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.canned_aws import INSTANCE_ID
from benchmarks.trees import Subject
from sandbox.aws_server import REGION

_PROCESS = Path(__file__).with_name("lambda_process.py")


@dataclass(frozen=True)
class Measured:
    """Hold what was measured of some calls.

    Attributes:
        cpu: Milliseconds of CPU time of each call.
        wall: Milliseconds of wall time of each call.
        peak: Peak memory of the process in MB.
        answer: The last call's answer.
    """

    cpu: list[float]
    wall: list[float]
    peak: float
    answer: dict[str, Any]


class Environment:
    """Run a process with only the subject's tree on its import path, and with Lambda's environment variables.

    Args:
        python: The interpreter.
        subject: What is measured.
        variables: Addresses of AWS, and settings of the subject.
        under: A command that runs the process, such as valgrind.
    """

    def __init__(
        self, python: str, subject: Subject, variables: Mapping[str, str], *, under: Sequence[str] = ()
    ) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - __exit__ closes it
        self._started_at = time.monotonic_ns()
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [*under, python, "-S", "-s", "-P", "-B", str(_PROCESS), subject.handler],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**_variables(subject.tree), **subject.settings, **variables},
        )
        self.to_first_answer = 0.0

    def call(self, events: Iterable[dict[str, Any]]) -> Measured:
        """Call the handler with each event.

        Raises:
            RuntimeError: The process has ended, or a response was not a 200.
        """
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(json.dumps({"events": list(events)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} has ended without an answer:\n{self.end()}")
        measured = json.loads(line)
        answer = measured["answer"]
        if answer.get("statusCode", 200) != 200:
            raise RuntimeError(f"{self._process.args!r} has answered {answer}")
        self.to_first_answer = (measured["first_answer_at"] - self._started_at) / 1e6
        cpu, wall = ([nanoseconds / 1e6 for nanoseconds in measured[clock]] for clock in ("cpu", "wall"))
        return Measured(cpu, wall, measured["peak"] / 1024, answer)

    def end(self) -> str:
        """End the process. Return its log."""
        self._process.communicate()
        self._log.seek(0)
        return self._log.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.communicate()
        self._log.close()


def _variables(tree: Path) -> dict[str, str]:
    """Return the variables that Lambda sets, and those of the function except addresses of AWS."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(tree),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "search",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_SESSION_TOKEN": "any",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_X_AMZN_TRACE_ID": "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0",
        "POWERTOOLS_SERVICE_NAME": "contact-search",
        "POWERTOOLS_METRICS_NAMESPACE": "ContactSearch",
        "CONNECT_INSTANCE_ID": INSTANCE_ID,
        "CURSOR_KEY_IDS": "cursor-key",
        "DURABLE_TABLE_NAME": "durable",
        "TRANSIENT_TABLE_NAME": "transient",
    }
