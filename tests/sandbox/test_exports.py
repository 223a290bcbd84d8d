"""Test bulk export on the laptop: the template's state machine, and workers that are killed at random times."""

import gzip
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.clock import NOW
from tests.serving import LONG, ROOT, Service, serving

CONTACTS, PART = 1_500, 150
KILLS = 6


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    # With latency an export takes long enough to be killed many times.
    with serving("--contacts", str(CONTACTS), "--part-contacts", str(PART), "--latency", "60") as running:
        yield running


def create(service: Service, **body: Any) -> str:
    time_range = {"type": "INITIATION_TIMESTAMP", "start_time": "2026-08-01", "end_time": f"{NOW.date()}"}
    status, created = service.send("POST", "/v1/exports", {"time_range": time_range, **body})
    assert (status, created["status"]) == (202, "queued")
    return str(created["id"])


def wait_until_ended(service: Service, export_id: str) -> Any:
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        _, export = service.get(f"/v1/exports/{export_id}")
        if export["status"] not in ("queued", "running"):
            return export
        time.sleep(0.2)
    raise AssertionError("the export does not end")


def download(url: str, offset: int = 0) -> bytes:
    with urlopen(Request(url, headers={"range": f"bytes={offset}-"}), timeout=LONG) as response:  # noqa: S310 - the stand-in's address
        return bytes(response.read())


def contacts_of(export: Any) -> list[dict[str, Any]]:
    """Check all parts and return their contacts."""
    found: list[dict[str, Any]] = []
    for part in export["parts"]:
        content = download(part["url"])
        assert hashlib.sha256(content).hexdigest() == part["sha256"]
        contacts = list(map(json.loads, gzip.decompress(content).decode().splitlines()))
        assert len(contacts) == part["contacts"]
        found += contacts
    return found


def kill_workers(service: Service, seed: int) -> int:
    """Kill the workers several times, at random times. Return the number of killed processes."""
    moments, killed = random.Random(seed), 0  # noqa: S311 - it has to be repeatable
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.1, 1.5))
        for process in service.workers():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                killed += 1
    return killed


@pytest.fixture(scope="module")
def expected(service: Service) -> list[dict[str, Any]]:
    return service.walk(f"from=2026-08-01&to={NOW.date()}")


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_a_worker_is_killed_nothing_is_lost_or_doubled(
    service: Service, expected: list[dict[str, Any]], seed: int
) -> None:
    export_id = create(service)
    assert kill_workers(service, seed) >= 3
    export = wait_until_ended(service, export_id)
    assert export["status"] == "succeeded"
    assert contacts_of(export) == expected
    assert export["contacts"] == len(expected) > 3 * PART


def test_a_part_can_be_downloaded_from_any_byte_on(service: Service) -> None:
    export = wait_until_ended(service, create(service, max_items=PART))
    [part] = export["parts"]
    content = download(part["url"])
    assert len(content) == part["bytes"]
    assert download(part["url"], 100) == content[100:]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_a_part_can_be_downloaded_with_curl(service: Service) -> None:
    [part] = wait_until_ended(service, create(service, max_items=3))["parts"]
    done = subprocess.run(["curl", "-sSf", part["url"]], check=True, capture_output=True, timeout=LONG)  # noqa: S603, S607
    assert len(gzip.decompress(done.stdout).splitlines()) == 3


def test_the_guide_shows_an_export_as_it_is(service: Service) -> None:
    export_id = create(service, format="csv")
    export: Any = {"parts": []}
    deadline = time.monotonic() + LONG
    while not export["parts"]:
        assert time.monotonic() < deadline
        _, export = service.get(f"/v1/exports/{export_id}")
    assert service.send("DELETE", f"/v1/exports/{export_id}")[0] == 204
    guide = (ROOT / "docs" / "guide.md").read_text().partition("## Exports")[2]
    shown = json.loads(re.findall(r"```json\n(.*?)```", guide, re.DOTALL)[0])
    assert shown.keys() == export.keys()
    assert shown["parts"][0].keys() == export["parts"][0].keys()
    assert {name: type(value) for name, value in shown.items()} == {name: type(value) for name, value in export.items()}


def test_workers_that_are_killed_while_they_rest_are_replaced(service: Service) -> None:
    wait_until_ended(service, create(service, max_items=1))
    workers = service.workers()
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert wait_until_ended(service, create(service, max_items=1))["status"] == "succeeded"
