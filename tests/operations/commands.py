"""Run the commands of operations/ in the process of the tests, because to start one takes a second or more."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest


def run_here(
    main: Callable[[], None], arguments: tuple[str, ...], environment: Mapping[str, str | None]
) -> "subprocess.CompletedProcess[str]":
    """Run a command's `main` to its end, and return its status and what it printed.

    Args:
        main: The function. What it raises, other than SystemExit, fails the test.
        arguments: What follows the command's name.
        environment: Variables that it has, and with None those that it lacks.
    """
    output, errors = StringIO(), StringIO()
    status: str | int | None = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
        patch.setattr(sys, "argv", [main.__module__, *arguments])
        for name, value in environment.items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        try:
            main()
        except SystemExit as end:
            status = end.code
    if isinstance(status, str):  # Python prints it, and ends with 1
        errors.write(f"{status}\n")
        status = 1
    return subprocess.CompletedProcess(arguments, status or 0, output.getvalue(), errors.getvalue())
