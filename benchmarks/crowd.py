"""Measure a crowd of callers at Amazon Connect's default quota, through the service and through plain boto3:

    PYTHONPATH=lambdas .venv/bin/python -m benchmarks.crowd 2>log [--only a|b|c] [--seconds N] [--via service|boto3]

(a) 200 clients poll the search of a dashboard every 5 seconds. (b) 20 clients make different searches, one after the
other. (c) A greedy client walks on four connections without a pause and with the longest wait, beside 10 polite clients
that search every 20 seconds. A client that is refused retries after Retry-After; boto3 retries as it does by default.
The function's processes share one DynamoDB, and each stand-in runs in a separate process.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.stand_in import INSTANCE_ID, client, stand_in
from sandbox.aws_server import REGION
from sandbox.clients import add_callers
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.deployment import deploy, find_function
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event, build_response
from sandbox.gateway.template import synthesized

RATE = 0.5
PROCESSES = 12
CALLERS = [
    "greedy",
    *(
        f"{kind} {number}"
        for kind, most in (("dashboard", 200), ("client", 20), ("polite", 10))
        for number in range(most)
    ),
]


HEAD = "            answers  errors  refused  killed   calls  throttled  quota used  p50 s   p95 s  longest s"


@dataclass
class Tally:
    """Count responses, refusals and failures.

    Attributes:
        waits: Seconds from the first attempt at each request to its response.
        killed: Requests whose environment was killed. They are not counted as errors, and not sent again.
    """

    waits: list[float] = field(default_factory=list)
    refused: int = 0
    errors: int = 0
    killed: int = 0


class Searcher(Protocol):
    """A way to search Amazon Connect. `ask` returns the cursor of the next page, "" after the last one."""

    async def ask(self, tally: Tally, caller: str, query: dict[str, Any], *, patiently: bool = False) -> str: ...


class Service:
    """Search through the search function, which runs in other processes."""

    def __init__(self, function: LambdaFunction) -> None:
        self._function = function

    async def ask(self, tally: Tally, caller: str, query: dict[str, Any], *, patiently: bool = False) -> str:
        begun = time.monotonic()
        headers = [("prefer", "wait=20")] if patiently else []
        while True:
            request = Request("GET", b"/v1/contacts", urlencode(query).encode(), headers, b"", "127.0.0.1")
            event = build_event(request, "crowd", "/v1/contacts")
            event["requestContext"]["authorizer"] = {"client": caller, "revision": ""}
            try:
                response = build_response(await self._function.invoke(event))
            except FunctionFailedError:
                tally.killed += 1
                return ""
            if response.status != 429:
                break
            tally.refused += 1
            await asyncio.sleep(int(dict(response.headers)["retry-after"]))
        if response.status != 200:
            tally.errors += 1
            return ""
        tally.waits.append(time.monotonic() - begun)
        return json.loads(response.body)["next_cursor"] or ""


class PlainBoto3:
    """Search through one boto3 client that all callers share."""

    def __init__(self, url: str) -> None:
        self._connect = client("connect", url, config=Config(max_pool_connections=300))

    async def ask(self, tally: Tally, caller: str, query: dict[str, Any], *, patiently: bool = False) -> str:  # noqa: ARG002 - boto3 needs neither
        begun, now = time.monotonic(), datetime.now(UTC)
        request = {
            "InstanceId": INSTANCE_ID,
            "TimeRange": {"Type": "INITIATION_TIMESTAMP", "StartTime": now - timedelta(days=30), "EndTime": now},
            "SearchCriteria": {"AgentIds": [query["agent_id"]]} if "agent_id" in query else {},
            "MaxResults": query["limit"],
            **({"NextToken": query["cursor"]} if query.get("cursor") else {}),
        }
        try:
            answer = await asyncio.to_thread(partial(self._connect.search_contacts, **request))
        except ClientError:
            tally.errors += 1
            return ""
        tally.waits.append(time.monotonic() - begun)
        return str(answer.get("NextToken", ""))


async def dashboard(searcher: Searcher, seconds: float) -> Tally:
    tally, end = Tally(), time.monotonic() + seconds

    async def poll(number: int) -> None:
        await asyncio.sleep(random.random() * 5)  # noqa: S311 - not a secret
        while time.monotonic() < end:
            await searcher.ask(tally, f"dashboard {number}", {"last": "P30D", "limit": 10})
            await asyncio.sleep(5)

    await asyncio.gather(*map(poll, range(200)))
    return tally


async def searches(searcher: Searcher, seconds: float) -> Tally:
    tally, end = Tally(), time.monotonic() + seconds

    async def search(number: int) -> None:
        for search in count():
            if time.monotonic() > end:
                return
            query = {"last": "P30D", "limit": 10, "agent_id": f"agent-{number}-{search}"}
            await searcher.ask(tally, f"client {number}", query)

    await asyncio.gather(*map(search, range(20)))
    return tally


async def walker(searcher: Searcher, seconds: float) -> Tally:
    polite, greedy, end = Tally(), Tally(), time.monotonic() + seconds

    async def walk(number: int) -> None:
        cursor = ""
        while time.monotonic() < end:
            query = {"last": "P30D", "limit": number + 1, **({"cursor": cursor} if cursor else {})}
            cursor = await searcher.ask(greedy, "greedy", query, patiently=True)

    async def ask_politely(number: int) -> None:
        await asyncio.sleep(2 * number)
        for search in count():
            if time.monotonic() > end:
                return
            query = {"last": "P30D", "limit": 10, "agent_id": f"agent-{number}-{search}"}
            await searcher.ask(polite, f"polite {number}", query)
            await asyncio.sleep(20)

    await asyncio.gather(*map(walk, range(4)), *map(ask_politely, range(10)))
    print(
        f"    (c) the greedy client, which the next row leaves out: {len(greedy.waits)} pages, {greedy.errors} errors"
    )
    return polite


async def measure(name: str, scenario: Callable[[Searcher, float], Awaitable[Tally]], via: str, seconds: float) -> None:
    """Run a scenario, and print its row of the table."""
    with stand_in(RATE) as connect, stand_in() as others:
        if via == "boto3":
            connect.counts()
            tally = await scenario(PlainBoto3(connect.url), seconds)
        else:
            settings = {"AWS_ENDPOINT_URL_CONNECT": connect.url, "QUOTA_RATE": str(RATE), "QUOTA_BURST": "1"}
            deployed = deploy(synthesized(), others.url, INSTANCE_ARN, None, settings)
            add_callers(others.url, REGION, CALLERS)
            function = LambdaFunction(find_function(deployed, "search_handler"), PROCESSES)
            await asyncio.gather(*(function.start() for _ in range(PROCESSES)))
            connect.counts()
            tally = await scenario(Service(function), seconds)
            await function.stop()
        print(f"{name} {via:<8}{row(tally, connect.counts())}", flush=True)


def row(tally: Tally, counts: dict[str, Any], unused: float = 0) -> str:
    """Return a row of the table. Leave out the quota of `unused` seconds, in which no environment had a request."""
    waits, moments = sorted(tally.waits) or [float("nan")], counts["moments"]
    p50, p95 = (waits[round(share * (len(waits) - 1))] for share in (0.5, 0.95))
    seconds = moments[-1] - moments[0] - unused if len(moments) > 1 else float("nan")
    used = (len(moments) - 1) / seconds / RATE
    return (
        f"{len(tally.waits):>8,} {tally.errors:>7,} {tally.refused:>8,} {tally.killed:>7,} {counts['requests']:>7,}"
        f" {counts['throttled']:>10,} {used:>11.1%} {p50:>6.2f} {p95:>7.2f} {waits[-1]:>8.2f}"
    )


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", choices=["a", "b", "c"])
    parser.add_argument("--via", choices=["service", "boto3"])
    options = parser.parse_args()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(256))
    print(HEAD)
    for name, scenario in (("(a)", dashboard), ("(b)", searches), ("(c)", walker)):
        if options.only in (None, name.strip("()")):
            for via in [options.via] if options.via else ["service", "boto3"]:
                await measure(name, scenario, via, options.seconds)


if __name__ == "__main__":
    asyncio.run(main())
