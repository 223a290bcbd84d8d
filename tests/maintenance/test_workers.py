"""Test tests/workers.py: a crashed worker ends the run."""

import os
import subprocess
import sys
from pathlib import Path

from tests.clock import pythonpath

ROOT = Path(__file__).parent.parent.parent
TESTS = """
import os

def test_before() -> None: ...

def test_crash() -> None:
    os._exit(3)

def test_after() -> None: ...
"""


def test_a_crashed_worker_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.workers import pytest_handlecrashitem\n")
    (tmp_path / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-n", "1", "test_it.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": pythonpath(str(ROOT))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "a worker has crashed in test_it.py::test_crash" in done.stdout
