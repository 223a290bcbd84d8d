"""The inside of an execution environment that is measured: a script, with nothing but a function's tree on its path.

Takes a line of JSON with `events` from standard input, calls the handler with each of them, and writes a line of what
that took. It imports as little as it can: what it imports, no handler has to.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from types import ModuleType


class Context:
    """The members of Lambda's context object that handlers use."""

    function_name = "search"
    function_version = "$LATEST"
    memory_limit_in_mb = "1024"
    invoked_function_arn = "arn:aws:lambda:eu-west-2:111122223333:function:search"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class SnapshotHooks(ModuleType):
    """Stand in for the module of Lambda's runtime by which a function prepares its snapshot."""

    def __init__(self) -> None:
        super().__init__("snapshot_restore_py")
        self._before: list[Callable[[], object]] = []
        self._after: list[Callable[[], object]] = []

    def register_before_snapshot(self, hook: Callable[[], object]) -> None:
        """Hooks run in the opposite order of their registration."""
        self._before.insert(0, hook)

    def register_after_restore(self, hook: Callable[[], object]) -> None:
        """Hooks run in the order of their registration."""
        self._after.append(hook)

    def restore(self) -> None:
        """Do what is done before the snapshot and after it."""
        for hook in (*self._before, *self._after):
            hook()


def main(path: str) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the function prints is its log
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    hooks = SnapshotHooks()
    if os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start":
        sys.modules[hooks.__name__] = hooks
    module, _, name = path.partition(".")
    handler = getattr(__import__(module), name)
    hooks.restore()
    context, answer, at = Context(), None, 0
    for line in sys.stdin:
        cpu, wall = [], []
        for event in json.loads(line)["events"]:
            cpu_begun, begun = time.process_time_ns(), time.perf_counter_ns()
            answer = handler(event, context)
            wall.append(time.perf_counter_ns() - begun)
            cpu.append(time.process_time_ns() - cpu_begun)
            at = at or time.monotonic_ns()
        measured = {"first_answer_at": at, "cpu": cpu, "wall": wall, "peak": peak(), "answer": answer}
        answers.write(json.dumps(measured, default=str) + "\n")
        answers.flush()


def peak() -> int:
    """The peak of resident memory in KB. Linux's getrusage would include what the process had been forked from."""
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib is not imported for this
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource  # noqa: PLC0415 - seldom needed

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(sys.argv[1])
