"""Measure bulk exports: beside a script with boto3's paginator, while callers search, and while workers are killed:

    PYTHONPATH=lambdas .venv/bin/python -m benchmarks.export [--only speed|alone|beside|kills] [--contacts N] …

(speed) exports all contacts of two years without a quota, first with the template's state machine and its worker, then
with boto3's paginator. (alone) runs one export at Connect's default quota. (beside) has ten callers search every 40 s,
and then all the time, first without exports and then while three exports run. (kills) kills the worker at random times,
`--kills` times.
The stand-in of AWS is one process, which runs the worker in other processes.
"""

import argparse
import asyncio
import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import urllib3
from tqdm import tqdm

from benchmarks.crowd import Searcher, Service, Tally
from benchmarks.stand_in import INSTANCE_ID, StandIn, stand_in
from operations import registry
from operations.deployed import on_this_machine
from sandbox.aws_server import REGION
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.deployment import deploy, find_function
from sandbox.gateway.lambda_function import LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event, build_response
from sandbox.gateway.template import Function, synthesized

_RUNTIME = Path(__file__).parent.parent / "sandbox" / "gateway" / "lambda_runtime.py"
# Each worker is killed within so many seconds. A slice of 500 contacts takes a fraction of that.
_LONGEST_LIFE = 0.8
DAYS = 728
RATE = 0.5
# Seconds after which a caller of (beside) searches again: ten callers then use half of the quota, or all of it.
_PAUSES = (40, 0)
CALLERS = [f"caller {number}" for number in range(10)]
EXPORTERS = [f"exporter {number}" for number in range(3)]


class Laptop:
    """Run a stand-in of AWS with the template deployed, and the API's function."""

    def __init__(self, aws: StandIn, settings: dict[str, str], processes: int = 1) -> None:
        self.aws = aws
        self.functions = deploy(synthesized(), aws.url, INSTANCE_ARN, None, {"PAGE_SECONDS": "0"} | settings)
        stack = on_this_machine(aws.url, REGION)
        for name in (*CALLERS, *EXPORTERS):
            registry.add(stack, name, "internal", registry.EVERYTHING, None)
        self.search = LambdaFunction(find_function(self.functions, "search_handler"), processes)

    async def create(self, client: str, days: int = DAYS + 1) -> str:
        """Create an export of all contacts, and return its id."""
        now = datetime.now(UTC)
        window = {"start_time": f"{now - timedelta(days=days):%FT%TZ}", "end_time": f"{now:%FT%TZ}"}
        body = {"time_range": {"type": "INITIATION_TIMESTAMP", **window}}
        created = await self._send("POST", "/v1/exports", client, json.dumps(body).encode())
        return str(created["id"])

    async def get(self, client: str, export_id: str) -> dict[str, Any]:
        return await self._send("GET", f"/v1/exports/{export_id}", client)

    async def delete(self, client: str, export_id: str) -> None:
        await self._send("DELETE", f"/v1/exports/{export_id}", client)

    async def wait(self, client: str, export_id: str) -> dict[str, Any]:
        """Return the export when it has ended."""
        while True:
            export = await self.get(client, export_id)
            if export["status"] not in ("queued", "running"):
                return export
            await asyncio.sleep(0.5)

    async def _send(self, method: str, path: str, client: str, body: bytes = b"") -> dict[str, Any]:
        headers = [("content-type", "application/json")] if body else []
        request = Request(method, path.encode(), b"", headers, body, "127.0.0.1")
        export_id = path.removeprefix("/v1/exports").strip("/")
        resource, parameters = ("/v1/exports/{id}", {"id": export_id}) if export_id else ("/v1/exports", {})
        event = build_event(request, "benchmark", resource, parameters)
        event["requestContext"]["authorizer"] = {"client": client, "revision": ""}
        response = build_response(await self.search.invoke(event))
        if response.status >= 400:
            raise SystemExit(response.body.decode())
        return dict(json.loads(response.body)) if response.body else {}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=list(SCENARIOS))
    parser.add_argument("--contacts", type=int, default=1_000_000, help="of speed (%(default)s); kills have a quarter")
    parser.add_argument("--seconds", type=float, default=600, help="of alone and beside (%(default)s)")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name, scenario in SCENARIOS.items():
        if options.only in (None, name):
            asyncio.run(scenario(options))


async def measure_speed(options: argparse.Namespace) -> None:
    with stand_in(0, options.contacts, DAYS) as aws:
        peer = _run_peer(aws.url)
        peer_calls = aws.counts()["requests"]
        laptop = Laptop(aws, {"QUOTA_RATE": "0"})
        with _memory_of_workers() as memory:
            begun = time.perf_counter()
            export = await laptop.wait(EXPORTERS[0], await laptop.create(EXPORTERS[0]))
            took = time.perf_counter() - begun
        calls = aws.counts()["requests"]
        ids = _download(export)
        await laptop.search.stop()
    _check_order(export, ids, options.contacts)
    third = max(len(memory) // 3, 1)
    _print(
        "speed",
        f"{export['contacts']:,} contacts in {len(export['parts'])} parts: {took:.0f} s, {calls:,} calls",
        f"boto3's paginator, {peer['contacts']:,} contacts: {peer['seconds']:.0f} s, {peer_calls:,} calls,"
        f" {peer['peak']:.0f} MB",
        f"ratio {took / peer['seconds']:.2f} (goal 1.5); worker at most {max(memory[:third])} MB in the first third,"
        f" {max(memory[-third:])} MB in the last (goal 200)",
    )


def _print(scenario: str, *lines: str) -> None:
    for number, line in enumerate(lines):
        print(f"{'' if number else scenario:8}{line}", flush=True)


def _run_peer(url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.peers.paginator", url, INSTANCE_ID, str(DAYS + 1)]
        done = subprocess.run([*command, f"{folder}/contacts.gz"], check=True, capture_output=True, text=True)  # noqa: S603
    return dict(json.loads(done.stdout))


async def measure_alone(options: argparse.Namespace) -> None:
    with stand_in(RATE, 100_000, DAYS) as aws:
        laptop = Laptop(aws, {"QUOTA_RATE": str(RATE), "QUOTA_BURST": "1"})
        aws.counts()
        export_id = await laptop.create(EXPORTERS[0])
        await asyncio.sleep(options.seconds)
        counts = aws.counts()
        export = await laptop.get(EXPORTERS[0], export_id)
        await laptop.delete(EXPORTERS[0], export_id)
        await laptop.search.stop()
    _print(
        "alone",
        f"{len(export['parts'])} parts in {options.seconds:.0f} s: {_quota_use(counts):.1%} of the quota used"
        f" (goal 98 %), {counts['throttled']} throttled (goal 0)",
    )


async def measure_beside(options: argparse.Namespace) -> None:
    for pause in _PAUSES:
        alone = await _callers(options.seconds, pause, exporters=[])
        beside = await _callers(options.seconds, pause, exporters=EXPORTERS)
        for name, waits in (("no exports", alone), ("3 exports", beside)):
            _print(
                "beside",
                f"pauses of {pause} s, {name:<12}{waits.answers} answers; waits: median {waits.median:.2f} s,"
                f" p95 {waits.p95:.2f} s, longest {waits.longest:.2f} s; quota used {waits.quota:.1%},"
                f" {waits.throttled} throttled",
            )
        longer = beside.longest - alone.longest
        _print("", f"the longest wait is {beside.longest / alone.longest:.2f} times as long, by {longer:.2f} s")


class _Waits(NamedTuple):
    """Record how many seconds callers waited, and how the quota was used."""

    answers: int
    median: float
    p95: float
    longest: float
    quota: float
    throttled: int


async def _callers(seconds: float, pause: int, exporters: list[str]) -> _Waits:
    with stand_in(RATE, 100_000, DAYS) as aws:
        laptop = Laptop(aws, {"QUOTA_RATE": str(RATE), "QUOTA_BURST": "1"}, processes=12)
        await asyncio.gather(*(laptop.search.start() for _ in range(12)))
        ids = {name: await laptop.create(name) for name in exporters}
        await asyncio.sleep(20)  # all processes have started and the exports run
        aws.counts()
        tally = Tally()
        searcher = Service(laptop.search)
        end = time.monotonic() + seconds
        await asyncio.gather(*(_ask(searcher, tally, number, pause, end) for number in range(len(CALLERS))))
        counts = aws.counts()
        for name, export_id in ids.items():
            await laptop.delete(name, export_id)
        await laptop.search.stop()
    waits = sorted(tally.waits)
    p50, p95 = (waits[round(share * (len(waits) - 1))] for share in (0.5, 0.95))
    return _Waits(len(waits), p50, p95, waits[-1], _quota_use(counts), counts["throttled"])


async def _ask(searcher: Searcher, tally: Tally, number: int, pause: int, end: float) -> None:
    """Search until the end, and pause after each search."""
    await asyncio.sleep(4 * number)
    search = 0
    while time.monotonic() < end:
        query = {"last": "P30D", "limit": 10, "agent_id": f"agent-{number}-{search}"}
        await searcher.ask(tally, CALLERS[number], query, patiently=True)
        search += 1
        await asyncio.sleep(pause)


def _quota_use(counts: dict[str, Any]) -> float:
    moments = counts["moments"]
    return float((len(moments) - 1) / (moments[-1] - moments[0]) / RATE)


async def measure_kills(options: argparse.Namespace) -> None:
    """Run the worker as the state machine does, but start the next attempt at once."""
    contacts, moments = options.contacts // 4, random.Random(options.seed)  # noqa: S311 - repeatable
    with stand_in(0, contacts, DAYS) as aws:
        laptop = Laptop(
            aws, {"QUOTA_RATE": "0", "EXPORT_SLICE_CONTACTS": "500", "EXPORT_STATE_MACHINE_ARN": _no_op(aws)}
        )
        worker = find_function(laptop.functions, "export_handler")
        begun, killed, exports = time.perf_counter(), 0, 0
        progress = tqdm(total=options.kills, unit=" kills", mininterval=10)
        while killed < options.kills:
            export_id = await laptop.create(EXPORTERS[0])
            killed += _run_and_kill(worker, export_id, moments, options.kills - killed, progress)
            export = await laptop.wait(EXPORTERS[0], export_id)
            _check_order(export, _download(export), contacts)
            exports += 1
            await laptop.delete(EXPORTERS[0], export_id)
        took = time.perf_counter() - begun
        await laptop.search.stop()
    _print("kills", f"{killed} kills in {exports} exports of {contacts:,} contacts: 0 lost, 0 repeated; {took:.0f} s")


def _no_op(aws: StandIn) -> str:
    """Create a state machine that does nothing: here the benchmark invokes the worker."""
    from benchmarks.stand_in import client  # noqa: PLC0415

    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    role = "arn:aws:iam::111122223333:role/none"
    machine = client("stepfunctions", aws.url).create_state_machine(name="none", definition=definition, roleArn=role)
    return str(machine["stateMachineArn"])


def _run_and_kill(worker: Function, export_id: str, moments: random.Random, most: int, progress: "tqdm[Any]") -> int:
    """Run a worker until the export is done. Return how often it was killed."""
    killed = 0
    while True:
        process = _start(worker)
        timer = threading.Timer(moments.uniform(0, _LONGEST_LIFE), process.kill) if killed < most else None
        if timer:
            timer.start()
        is_done = _invoke_until_done(process, export_id)
        if timer:
            timer.cancel()
        process.kill()
        process.communicate()
        if is_done:
            return killed
        killed += 1
        progress.update()


def _start(worker: Function) -> "subprocess.Popen[str]":
    """Start a process as LambdaFunction does, and wait until it has imported its code."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, str(_RUNTIME), worker.name, worker.handler],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=LambdaFunction(worker).environment,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    if process.stdout.readline() != "ready\n":
        raise SystemExit("the worker does not start")
    return process


def _invoke_until_done(process: "subprocess.Popen[str]", export_id: str) -> bool:
    """Invoke one worker slice by slice. Return False if it dies before the export is done."""
    event = json.dumps({"client": EXPORTERS[0], "export_id": export_id}) + "\n"
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError):
        while True:
            process.stdin.write(event)
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                return False
            if json.loads(line).get("answer", {}).get("is_done"):
                return True
    return False


def _download(export: dict[str, Any]) -> list[str]:
    """Check each part. Return the ids of all contacts, in order."""
    http, ids = urllib3.PoolManager(), []
    for part in export["parts"]:
        content = http.request("GET", part["url"]).data
        if hashlib.sha256(content).hexdigest() != part["sha256"]:
            raise SystemExit("a part has another digest")
        ids += [json.loads(line)["id"] for line in gzip.decompress(content).splitlines()]
    return ids


def _check_order(export: dict[str, Any], ids: list[str], contacts: int) -> None:
    """Check that the newest contacts come first: the ids of copies count up with time."""
    if export["status"] != "succeeded" or len(ids) != contacts or len(set(ids)) != contacts:
        raise SystemExit(f"{export['status']}: {len(ids):,} contacts, {len(set(ids)):,} of them different")
    if ids != sorted(ids, reverse=True):
        raise SystemExit("the order is not kept")


@contextmanager
def _memory_of_workers() -> Iterator[list[int]]:
    """Collect the resident memory of the export function's processes, in MB, every half second (Linux)."""
    memory: list[int] = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            for folder in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if "export_handler" in (folder / "cmdline").read_text():
                        memory.append(int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        ended.set()
        thread.join()


SCENARIOS = {"speed": measure_speed, "alone": measure_alone, "beside": measure_beside, "kills": measure_kills}

if __name__ == "__main__":
    main()
