"""Run the service once for all tests of the clients."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clock import TODAY
from tests.serving import LONG, Service, serving

GENERATED = Path(__file__).parent / "generated"
BIN = Path(sys.executable).parent
FIRST, LAST = TODAY - timedelta(days=30), TODAY - timedelta(days=1)  # of a window in which nothing changes
ADDRESS = "http://127.0.0.1:8080"  # that of the service in documents


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The service as scripts/serve runs it, with exports of several parts."""
    with serving("--contacts", "900", "--part-contacts", "100") as service:
        yield service


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    """Run a command in a folder; return its output."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **variables}
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LONG
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sample(readme: Path, language: str) -> str:
    """Return the code of a document as one program."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", readme.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    return "\n".join(blocks)
