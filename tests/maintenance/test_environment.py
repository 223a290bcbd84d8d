"""Test that tests can change the environment without moving it from under C code that reads it in a thread."""

import ctypes
import subprocess
import sys

import pytest


def test_a_change_reaches_processes_and_not_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGED_BY_A_TEST", "yes")
    assert ctypes.CDLL(None).getenv(b"CHANGED_BY_A_TEST") == 0  # a null pointer
    code = "import os; print(os.environ['CHANGED_BY_A_TEST'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "yes\n"
