"""The dlt source of examples/dlt loads each contact once into DuckDB, whenever it is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from distribution.python import UV
from sandbox.clients import FULL_KEY
from tests.clock import NOW, real_time_in_processes
from tests.conftest import Gateway
from tests.contact_centre import ContactCentre
from tests.examples.program import Program
from tests.serving import LONG

EXAMPLE = Path(__file__).parents[2] / "examples" / "dlt"
MINUTE = timedelta(minutes=1)

# Kills the program where a run of the pipeline has come so far.
KILLED_IN = {
    "normalize": "Pipeline.normalize = kill",  # extracted
    "load": "Pipeline.load = kill",  # normalized
    "complete": "Load.complete_package = kill",  # the rows are in, but not noted as loaded
}
PROGRAM = """
import os, signal, sys
from dlt.load.load import Load
from dlt.pipeline.pipeline import Pipeline
def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
{patch}
import follow_contacts
follow_contacts.main()
"""


def run(*command: str | Path, folder: Path | None = None) -> bytes:
    """Run a program; return its output."""
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=LONG).stdout  # noqa: S603


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that has what the example needs: 100 MB, in 3 seconds."""
    environment = tmp_path_factory.mktemp("dlt") / "environment"
    requirements = EXAMPLE / "requirements.txt"
    with real_time_in_processes():
        run(UV, "venv", "--quiet", "--python", sys.executable, environment)
        run(UV, "pip", "install", "--quiet", "--python", environment, "--require-hashes", "-r", requirements)
    return environment / "bin" / "python"


@dataclass
class Example(Program):
    """The example with a folder of its own."""

    python: Path
    folder: Path

    def run(self, patch: str = "", *, kill_at_request: int | None = None) -> int:
        """Run it until it has caught up or is killed, by a patch or at a request; return its exit status."""
        environment = {
            "CONTACT_SEARCH_API_KEY": FULL_KEY,
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(EXAMPLE),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        options = ("--url", self.url, "--from", (NOW - 30 * MINUTE).isoformat(), "--settle", "PT5M", "--once")
        command: list[str | Path] = [self.python, "-c", PROGRAM.format(patch=patch), *options]
        return self.execute(command, environment, kill_at_request, self.folder)

    def loaded(self) -> list[str]:
        """Return the ids of the contacts in DuckDB, in the order of their timestamps."""
        query = "select id from amazon_connect.contacts order by disconnect_timestamp, id"
        code = f"import duckdb, json; print(json.dumps(duckdb.connect('contacts.duckdb').sql('{query}').fetchall()))"
        output = run(self.python, "-c", code, folder=self.folder)
        return [row[0] for row in json.loads(output)]

    def forget(self) -> None:
        """Lose all that dlt has on this machine; what is loaded stays."""
        shutil.rmtree(self.folder / "dlt")


@pytest.fixture
def example(python: Path, gateway: Gateway, tmp_path: Path) -> Iterator[Example]:
    example = Example(python, tmp_path)
    with example.served_by(gateway):
        yield example


def add(centre: ContactCentre, count: int) -> list[str]:
    """Let so many contacts end in the last 20 minutes, with all that a contact may have; return their ids."""
    now = centre.now
    members: dict[str, Any] = {
        "Queue": {"ARN": "arn:aws:connect:eu-west-2:111122223333:instance/i/queue/q-1"},
        "Tags": {"team": "one"},
        "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
    }
    ids = [f"{now:%d%H%M}-{number:03}" for number in range(count)]
    for number, contact_id in enumerate(ids):
        centre.add(contact_id, now - 20 * MINUTE + number * timedelta(seconds=4), **members)
    return ids


def test_a_pipeline_that_is_killed_at_every_stage_loses_and_doubles_nothing(
    example: Example, centre: ContactCentre
) -> None:
    # Given a first run that loads what is there
    expected = add(centre, 220)
    assert example.run() == 0
    assert example.loaded() == expected
    # When later runs are killed while they extract, before they normalize or load, and after they have loaded
    for stage in ("extract", *KILLED_IN):
        centre.clock.advance(30 * MINUTE)
        expected += add(centre, 220)
        if stage == "extract":
            assert example.run(kill_at_request=2) == -signal.SIGKILL
        else:
            assert example.run(KILLED_IN[stage]) == -signal.SIGKILL
    # Then the next run has each contact once
    assert example.run() == 0
    assert example.loaded() == expected
    # And so it is where the machine is lost, with rows that are in DuckDB but not noted as loaded
    centre.clock.advance(30 * MINUTE)
    expected += add(centre, 20)
    assert example.run(KILLED_IN["complete"]) == -signal.SIGKILL
    assert example.loaded() == expected
    example.forget()
    assert example.run() == 0
    assert example.loaded() == expected
    assert all(b"cursor=" in request.query for request in example.requests), "the state comes back from DuckDB"


def test_a_pipeline_whose_cursor_has_expired_begins_again_where_it_was_complete(
    example: Example, centre: ContactCentre
) -> None:
    expected = add(centre, 3)
    assert example.run() == 0
    centre.clock.advance(timedelta(days=31))
    expected += add(centre, 3)
    assert example.run() == 0
    assert example.loaded() == expected
