"""Measure a crowd at Amazon Connect's default quota while environments stall or die, or the table is slow or gone:

    PYTHONPATH=lambdas .venv/bin/python -m benchmarks.faults 2>log [--only d|e|f|slow|gone] [--seconds N] [--via boto3]

8 callers make different searches, one after the other. Each waits for 20 seconds at most and retries after Retry-After.
(d) Every 1.25 s on average, a busy environment is stopped for 0.3-2.5 s (SIGSTOP), at random with a fixed seed.
(e) 60 callers send the same search at once through `scripts/serve --quota 0.5`, before any environment has started. (f)
Every second a busy environment is killed (SIGKILL). (g) Each call of DynamoDB takes 300 ms longer (slow), or DynamoDB
does not respond for 10 s, beginning after 20 s (gone). boto3 is the bare handler of `peers/` in the same environments;
in (e) it is 60 clients in this process.
"""

import argparse
import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from botocore.exceptions import ClientError

from benchmarks.crowd import HEAD, RATE, Searcher, Service, Tally, row
from benchmarks.stand_in import INSTANCE_ID, StandIn, client, stand_in
from sandbox.aws_server import REGION
from sandbox.clients import FULL_KEY, add_callers
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.deployment import deploy, find_function
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event
from sandbox.gateway.template import Function, synthesized

CALLERS = 8
COLD_CALLERS = 60
SEED = 16

Fault = Callable[[LambdaFunction, StandIn], Coroutine[Any, Any, None]]


class BareHandler:
    """Search through the bare handler, which has no limiter."""

    def __init__(self, function: LambdaFunction) -> None:
        self._function = function

    async def ask(self, tally: Tally, caller: str, query: dict[str, Any], *, patiently: bool = False) -> str:  # noqa: ARG002 - the bare handler needs none of them
        begun, now = time.monotonic(), datetime.now(UTC)
        query = {"from": f"{now - timedelta(days=30):%FT%TZ}", "to": f"{now:%FT%TZ}", "channel": "CHAT", "limit": 10}
        request = Request("GET", b"/v1/contacts", urlencode(query).encode(), [], b"", "127.0.0.1")
        try:
            await self._function.invoke(build_event(request, "crowd", "/v1/contacts"))
        except FunctionFailedError as error:
            if error.error_type == "Runtime.ExitError":
                tally.killed += 1
            else:
                tally.errors += 1
        else:
            tally.waits.append(time.monotonic() - begun)
        return ""


async def searches(searcher: Searcher, seconds: float) -> Tally:
    tally, end = Tally(), time.monotonic() + seconds

    async def search(number: int) -> None:
        for search in itertools.count():
            if time.monotonic() > end:
                return
            query = {"last": "P30D", "limit": 10, "agent_id": f"agent-{number}-{search}"}
            await searcher.ask(tally, f"client {number}", query, patiently=True)

    await asyncio.gather(*map(search, range(CALLERS)))
    return tally


async def stalls(function: LambdaFunction, _: StandIn) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not a secret

    async def stall(seconds: float) -> None:
        busy = sorted(function.busy, key=lambda process: process.pid)
        if busy:
            process = chance.choice(busy)
            _signal(process, signal.SIGSTOP)
            await asyncio.sleep(seconds)
            _signal(process, signal.SIGCONT)

    async with asyncio.TaskGroup() as stalled:
        while True:
            await asyncio.sleep(chance.expovariate(0.8))
            stalled.create_task(stall(chance.uniform(0.3, 2.5)))


async def kills(function: LambdaFunction, _: StandIn) -> None:
    chance = random.Random(SEED)  # noqa: S311 - not a secret
    while True:
        await asyncio.sleep(1)
        if busy := sorted(function.busy, key=lambda process: process.pid):
            _signal(chance.choice(busy), signal.SIGKILL)


async def slow_table(_: LambdaFunction, others: StandIn) -> None:
    others.counts(dynamodb_seconds=0.3)


async def no_table(_: LambdaFunction, others: StandIn) -> None:
    await asyncio.sleep(20)
    others.stop()
    try:
        await asyncio.sleep(10)
    finally:
        others.go_on()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


async def count_unused(function: LambdaFunction, unused: list[float]) -> None:
    """Collect the seconds in which no environment has a request: after a kill, it takes time to start another one."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(0.05)
        if not function.busy:
            unused.append(time.monotonic() - began)
        began = time.monotonic()


async def measure(name: str, fault: Fault, via: str, seconds: float) -> None:
    """Print one row of the table."""
    with stand_in(RATE) as connect, stand_in() as others:
        settings = {"AWS_ENDPOINT_URL_CONNECT": connect.url, "QUOTA_RATE": str(RATE), "QUOTA_BURST": "1"}
        search = find_function(deploy(synthesized(), others.url, INSTANCE_ARN, None, settings), "search_handler")
        add_callers(others.url, REGION, [f"client {number}" for number in range(CALLERS)])
        bare = Function("Bare", "bare.handler", search.timeout, search.environment)
        function = LambdaFunction(search if via == "service" else bare)
        await asyncio.gather(*(function.start() for _ in range(CALLERS)))
        connect.counts()
        unused: list[float] = []
        trouble = asyncio.create_task(fault(function, others))
        counting = asyncio.create_task(count_unused(function, unused))
        tally = await searches(Service(function) if via == "service" else BareHandler(function), seconds)
        for task in (trouble, counting):
            task.cancel()
        await asyncio.gather(trouble, counting, return_exceptions=True)
        await function.stop()
        print(f"{name:<7}{via:<8}{row(tally, connect.counts(), sum(unused))}", flush=True)


async def cold_service(tally: Tally) -> dict[str, Any]:
    """Start scripts/serve and send all requests at once. Return the calls and throttles in its log."""
    serve = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sandbox", "--quota", str(RATE)),
        env=os.environ | {"PORT": "0", "AWS_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert serve.stdout is not None  # noqa: S101 - it is a pipe
    assert serve.stderr is not None  # noqa: S101
    log = asyncio.create_task(serve.stderr.read())
    url = ""
    while not url:
        line = (await serve.stdout.readline()).decode()
        if not line:
            raise RuntimeError((await log).decode())
        url = line.split()[-1] if line.startswith("Contact search") else ""

    def ask() -> None:
        begun = time.monotonic()
        headers = {"x-api-key": FULL_KEY}
        request = HttpRequest(f"{url}/v1/contacts?last=P7D&limit=10", headers=headers)  # noqa: S310 - our own address
        try:
            with urlopen(request, timeout=300):  # noqa: S310 - our own address
                tally.waits.append(time.monotonic() - begun)
        except HTTPError as error:
            if error.code == 429:
                tally.refused += 1
            else:
                tally.errors += 1

    await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(COLD_CALLERS)))
    serve.send_signal(signal.SIGTERM)
    await serve.wait()
    calls = [line for line in (await log).splitlines() if b"called Amazon Connect" in line]
    return {"requests": len(calls), "throttled": sum(b"Throttl" in line for line in calls), "moments": []}


async def cold_boto3(tally: Tally) -> dict[str, Any]:
    with stand_in(RATE) as connect:
        connect.counts()

        def ask() -> None:
            begun = time.monotonic()
            now = datetime.now(UTC)
            window = {"Type": "INITIATION_TIMESTAMP", "StartTime": now - timedelta(days=7), "EndTime": now}
            try:
                client("connect", connect.url).search_contacts(InstanceId=INSTANCE_ID, TimeRange=window)
                tally.waits.append(time.monotonic() - begun)
            except ClientError:
                tally.errors += 1

        await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(COLD_CALLERS)))
        return connect.counts()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=["d", "e", "f", "slow", "gone"])
    parser.add_argument("--via", choices=["service", "boto3"])
    options = parser.parse_args()
    peers = Path(__file__).with_name("peers")
    os.environ["PYTHONPATH"] = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(peers)])
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(COLD_CALLERS))
    print(HEAD)
    faults: dict[str, Fault] = {"d": stalls, "f": kills, "slow": slow_table, "gone": no_table}
    for via in [options.via] if options.via else ["service", "boto3"]:
        for name, fault in faults.items():
            if options.only in (None, name):
                await measure(f"({name})", fault, via, options.seconds)
        if options.only in (None, "e"):
            tally = Tally()
            counts = await cold_boto3(tally) if via == "boto3" else await cold_service(tally)
            print(f"{'(e)':<7}{via:<8}{row(tally, counts)}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
