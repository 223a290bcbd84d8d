"""A running service, and what the commands call of AWS."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.operations.api_calls import Calls, recorded_calls
from tests.operations.ports import free_ports

ROOT = Path(__file__).parent.parent.parent


class Served(NamedTuple):
    """A running scripts/serve: its address, and the environment in which other commands find it."""

    address: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Serve under a stage's path, as API Gateway's own address does."""
    port, aws_port = free_ports()
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PORT", "HOST"))}
    environment = bare | {"PORT": port, "AWS_PORT": aws_port, "PYTHONPATH": "lambdas"}
    command = [sys.executable, "-m", "sandbox", "--contacts", "300", "--stage-path", "live"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    yield Served(f"http://127.0.0.1:{port}/live", environment)
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Record what programs call that run in `calls.environment`."""
    with recorded_calls() as calls:
        yield calls
