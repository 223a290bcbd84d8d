"""The partner's nightly sync of examples/nightly_sync has each contact once, whenever it is killed."""

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.clients import FULL_KEY
from tests.clock import pythonpath
from tests.conftest import Gateway
from tests.contact_centre import ContactCentre
from tests.examples.program import Program

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "nightly_sync" / "nightly_sync.py"
DAY = timedelta(days=1)


@dataclass
class Sync(Program):
    """The example with a file of its own."""

    path: Path

    def run(self, kill_at_request: int | None = None) -> int:
        """Run it until it ends or is killed at a request; return its exit status."""
        environment = {
            "CONTACT_SEARCH_API_KEY": FULL_KEY,
            "PYTHONPATH": pythonpath(str(ROOT / "clients" / "python" / "src")),
        }
        return self.execute([sys.executable, EXAMPLE, self.url, self.path], os.environ | environment, kill_at_request)

    def stored(self) -> list[str]:
        """Return the ids of the contacts in the file, in the order of their ends."""
        with closing(sqlite3.connect(self.path)) as database:
            rows: list[tuple[str]] = database.execute("select id from contacts order by ended_at, id").fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def sync(gateway: Gateway, tmp_path: Path) -> Iterator[Sync]:
    sync = Sync(tmp_path / "contacts.sqlite")
    with sync.served_by(gateway):
        yield sync


def add(centre: ContactCentre, count: int) -> list[str]:
    """Let so many contacts end in the last day; return their ids."""
    members: dict[str, Any] = {"Tags": {"team": "one"}}
    ids = [f"{centre.now:%d%H%M}-{number:03}" for number in range(count)]
    for number, contact_id in enumerate(ids):
        centre.add(contact_id, centre.now - DAY + number * timedelta(minutes=4), **members)
    return ids


def test_it_has_each_contact_once_although_it_is_killed(sync: Sync, centre: ContactCentre) -> None:
    # Given a night in which it is killed after its first page
    expected = add(centre, 220)
    assert sync.run(kill_at_request=2) == -signal.SIGKILL
    assert sync.stored() == expected[:100]
    # When it runs again, that night and the next
    assert sync.run() == 0
    assert sync.stored() == expected
    assert all(b"cursor=" in request.query for request in sync.requests), "it goes on where it was"
    centre.clock.advance(DAY)
    expected += add(centre, 20)
    # Then each run adds what is new
    assert sync.run() == 0
    assert sync.stored() == expected
    assert len(sync.requests) == 1


def test_it_goes_on_after_a_month_without_a_run(sync: Sync, centre: ContactCentre) -> None:
    expected = add(centre, 3)
    assert sync.run() == 0
    centre.clock.advance(timedelta(days=31))
    expected += add(centre, 3)
    assert sync.run() == 0
    assert sync.stored() == expected
