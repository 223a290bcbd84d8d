"""Test scripts/export against scripts/serve, over a network that fails."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operations import export
from operations.deployed import on_this_machine
from sandbox.aws_server import REGION
from tests.clock import pythonpath
from tests.operations.commands import run_here
from tests.operations.conftest import PART
from tests.operations.flaky_proxy import FlakyProxy, Sent
from tests.serving import LONG, ROOT, Service

Command = Callable[..., "subprocess.Popen[str]"]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def proxy(service: Service) -> Iterator[FlakyProxy]:
    made = FlakyProxy(service.url, service.aws_url)
    yield made
    made.close()


@pytest.fixture
def command(proxy: FlakyProxy) -> Command:
    """Start the command in a process of its own, which the test can kill."""

    def start(*arguments: str, key: str = "sandbox-full") -> "subprocess.Popen[str]":
        environment = os.environ | {"CONTACT_SEARCH_API_KEY": key, "PYTHONPATH": pythonpath("lambdas")}
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "operations.export", "--url", f"{proxy.url}/live", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def run(proxy: FlakyProxy, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command to its end. It looks at the export more often than it would for a person."""
    monkeypatch.setattr(export, "_FIRST_INTERVAL", 0.1)

    def until_end(*arguments: str, key: str = "sandbox-full") -> "subprocess.CompletedProcess[str]":
        return run_here(export.main, ("--url", f"{proxy.url}/live", *arguments), {"CONTACT_SEARCH_API_KEY": key})

    return until_end


def window(*, days: int) -> list[str]:
    """Return the options of a window that only this test uses: equal searches share an export for 24 hours."""
    return ["--last", f"P{days}D"]


def contacts_in(folder: Path) -> list[dict[str, Any]]:
    """Return the contacts of the parts, in order."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("contacts-*.ndjson.gz")):
        found += map(json.loads, gzip.decompress(path.read_bytes()).decode().splitlines())
    return found


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "export.json").read_text())
    return manifest


def window_of(folder: Path) -> str:
    """Return the window of the folder's export as query parameters."""
    asked = manifest_of(folder)["body"]["time_range"]
    return f"from={asked['start_time']}&to={asked['end_time']}"


def first_download_of(number: int, failure: str) -> Callable[[Sent], str]:
    """Let the download of the part with this number fail once."""
    seen: list[str] = []

    def fail(sent: Sent) -> str:
        if not sent.is_part:
            return ""
        seen.append(sent.path)
        return failure if len(seen) == number else ""

    return fail


def test_the_parts_equal_a_walk(run: Run, service: Service, tmp_path: Path) -> None:
    done = run(*window(days=80), "-o", str(tmp_path / "c"))
    assert done.returncode == 0, done.stderr
    expected = service.walk(window_of(tmp_path / "c"))
    assert len(expected) > 3 * PART
    assert contacts_in(tmp_path / "c") == expected
    assert f"{len(expected):,} contacts in {-(-len(expected) // PART)} parts" in done.stdout


def test_a_table_opens_in_a_spreadsheet(run: Run, service: Service, tmp_path: Path) -> None:
    options = ["--format", "csv", "--join", "--expand", "queue", "--channel", "voice,chat", "--queue", "BILLING"]
    done = run(*window(days=79), *options, "-o", str(tmp_path / "c"))
    assert done.returncode == 0, done.stderr
    expected = service.walk(f"{window_of(tmp_path / 'c')}&channel=VOICE,CHAT&queue=billing&expand=queue")
    with (tmp_path / "c" / "contacts.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["id"] for row in rows] == [contact["id"] for contact in expected]
    assert {row["queue_info.name"] for row in rows} == {"Billing"}
    assert [row["initiation_timestamp"] for row in rows] == [one["initiation_timestamp"] for one in expected]


def test_what_is_there_is_not_downloaded_again(run: Run, proxy: FlakyProxy, tmp_path: Path) -> None:
    options = [*window(days=78), "-o", str(tmp_path)]
    first = run(*options)
    asked = len(proxy.requests)
    second = run(*options)
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert len(proxy.requests) == asked


def test_a_missing_part_is_downloaded_again(run: Run, service: Service, tmp_path: Path) -> None:
    options = [*window(days=77), "-o", str(tmp_path)]
    run(*options)
    (tmp_path / "contacts-00002.ndjson.gz").unlink()
    assert run(*options).returncode == 0
    assert contacts_in(tmp_path) == service.walk(window_of(tmp_path))


def test_killed_in_the_middle_of_a_part_it_goes_on_there(
    command: Command, run: Run, proxy: FlakyProxy, service: Service, tmp_path: Path
) -> None:
    options = [*window(days=76), "-o", str(tmp_path)]
    proxy.fail = first_download_of(2, "hang")
    process = command(*options)
    partial = tmp_path / "contacts-00002.ndjson.gz.partial"
    wait_until(lambda: partial.exists() and partial.stat().st_size > 0)
    process.kill()
    process.communicate()
    have = partial.stat().st_size
    before = manifest_of(tmp_path)
    proxy.fail = lambda _: ""
    proxy.requests.clear()
    assert run(*options).returncode == 0
    assert manifest_of(tmp_path)["id"] == before["id"]
    assert next(sent.headers.get("range") for sent in proxy.requests if sent.is_part) == f"bytes={have}-"
    assert contacts_in(tmp_path) == service.walk(window_of(tmp_path))


def test_killed_before_it_has_the_answer_it_finds_its_export_again(
    command: Command, run: Run, proxy: FlakyProxy, service: Service, tmp_path: Path
) -> None:
    options = [*window(days=75), "-o", str(tmp_path)]
    proxy.fail = lambda sent: "hang" if sent.method == "POST" else ""
    process = command(*options)
    wait_until(proxy.hangs.is_set)
    wait_until((tmp_path / "export.json").exists)
    process.kill()
    process.communicate()
    proxy.fail = lambda _: ""
    known = {export["id"] for export in service.get("/v1/exports?limit=100")[1]["exports"]}
    assert run(*options).returncode == 0
    assert manifest_of(tmp_path)["id"] in known
    assert contacts_in(tmp_path) == service.walk(window_of(tmp_path))


@pytest.mark.parametrize(("failure", "days"), [("cut", 74), ("corrupt", 73), ("refuse", 72)])
def test_a_download_that_fails_is_repeated(
    run: Run, proxy: FlakyProxy, service: Service, tmp_path: Path, failure: str, days: int
) -> None:
    proxy.fail = first_download_of(2, failure)
    done = run(*window(days=days), "-o", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert contacts_in(tmp_path) == service.walk(window_of(tmp_path))
    assert not list(tmp_path.glob("*.partial"))


def test_a_part_that_stays_damaged_is_not_kept(run: Run, proxy: FlakyProxy, tmp_path: Path) -> None:
    proxy.fail = lambda sent: "corrupt" if sent.is_part else ""
    done = run(*window(days=71), "-o", str(tmp_path))
    assert done.returncode == 1
    assert "SHA-256" in done.stderr
    assert not list(tmp_path.glob("contacts*"))


def test_it_waits_when_it_is_told_to(run: Run, proxy: FlakyProxy, tmp_path: Path) -> None:
    refused: list[float] = []

    def busy_twice(sent: Sent) -> str:
        if sent.method == "POST" and len(refused) < 2:
            refused.append(time.monotonic())
            return "busy"
        return ""

    proxy.fail = busy_twice
    assert run(*window(days=70), "-o", str(tmp_path)).returncode == 0
    assert refused[1] - refused[0] >= 1
    keys = {sent.headers["idempotency-key"] for sent in proxy.requests if sent.method == "POST"}
    assert len(keys) == 1


def test_a_deleted_export_is_begun_again(
    command: Command, run: Run, proxy: FlakyProxy, service: Service, tmp_path: Path
) -> None:
    options = [*window(days=69), "-o", str(tmp_path)]
    proxy.fail = first_download_of(1, "hang")
    process = command(*options)
    wait_until(proxy.hangs.is_set)
    process.kill()
    process.communicate()
    [newest, *_] = service.get("/v1/exports")[1]["exports"]
    assert service.send("DELETE", f"/v1/exports/{newest['id']}")[0] == 204
    deleted = run(*options)
    assert (deleted.returncode, deleted.stderr.strip()) == (1, "The export was deleted")
    again = run(*options)
    assert again.returncode == 0, again.stderr
    assert manifest_of(tmp_path)["id"] != newest["id"]
    assert contacts_in(tmp_path) == service.walk(window_of(tmp_path))


def test_an_export_that_the_service_has_lost_is_begun_again(
    command: Command, run: Run, proxy: FlakyProxy, service: Service, tmp_path: Path
) -> None:
    options = [*window(days=64), "-o", str(tmp_path)]
    proxy.fail = first_download_of(2, "hang")
    process = command(*options)
    wait_until(proxy.hangs.is_set)
    process.kill()
    process.communicate()
    before = manifest_of(tmp_path)
    on_this_machine(service.aws_url, REGION).table.delete(f"export full {before['id']}")
    again = run(*options)
    assert again.returncode == 0, again.stderr
    assert "beginning again" in again.stderr
    after = manifest_of(tmp_path)
    assert after["id"] != before["id"]
    assert after["body"] == before["body"]
    assert contacts_in(tmp_path) == service.walk(window_of(tmp_path))


def test_ctrl_c_says_that_the_export_goes_on(command: Command, proxy: FlakyProxy, tmp_path: Path) -> None:
    proxy.fail = first_download_of(1, "hang")
    process = command(*window(days=68), "-o", str(tmp_path))
    wait_until(proxy.hangs.is_set)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONG)
    assert process.returncode == 130
    assert "The same command goes on" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--last", "P3X"], "--last: must be an ISO 8601 duration"),
        (["--last", "P1D", "--chanel", "VOICE"], "unrecognized arguments: --chanel"),
        (["--last", "P1D", "--channel", "PIGEON"], "--channel: "),
        (["--last", "P1D", "--queue", "no such queue"], "There is no queue with the name 'no such queue'"),
        (["--last", "P1D", "--attribute", "tier"], "--attribute: must be KEY=VALUE"),
        (["--last", "P3Y"], "--last: "),
    ],
    ids=["duration", "option", "channel", "queue", "attribute", "window"],
)
def test_what_is_wrong_is_said(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments, "-o", str(tmp_path / "c"))
    assert done.returncode in (1, 2)
    assert message in done.stderr
    assert not (tmp_path / "c").exists()


def test_a_refusal_says_why(run: Run, tmp_path: Path) -> None:
    done = run("--last", "P1D", "-o", str(tmp_path), key="sandbox-partner")
    assert done.returncode == 1
    assert "Forbidden" in done.stderr
    unknown = run("--last", "P1D", "-o", str(tmp_path), key="nobody's")
    assert unknown.returncode == 1
    assert "Unauthenticated" in unknown.stderr


def test_without_a_key_it_names_the_variable(run: Run, tmp_path: Path) -> None:
    done = run("--last", "P1D", "-o", str(tmp_path / "c"), key="")
    assert done.returncode == 1
    assert "CONTACT_SEARCH_API_KEY" in done.stderr


def test_a_folder_with_something_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all my work")
    done = run("--last", "P1D", "-o", str(tmp_path))
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert os.listdir(tmp_path) == ["thesis.txt"]  # noqa: PTH208 - hidden files as well


def test_the_folder_of_another_export_is_left_alone(run: Run, tmp_path: Path) -> None:
    assert run(*window(days=67), "--max-items", "3", "-o", str(tmp_path)).returncode == 0
    before = manifest_of(tmp_path)
    done = run(*window(days=66), "--max-items", "3", "-o", str(tmp_path))
    assert done.returncode == 1
    assert "holds another export" in done.stderr
    assert manifest_of(tmp_path) == before


def test_the_key_is_written_nowhere(run: Run, tmp_path: Path) -> None:
    done = run(*window(days=65), "--max-items", "3", "-o", str(tmp_path))
    written = "".join(path.read_text(errors="replace") for path in tmp_path.iterdir())
    assert "sandbox-full" not in written + done.stdout + done.stderr


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
