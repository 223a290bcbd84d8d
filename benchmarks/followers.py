"""Measure 200 followers of one search at Amazon Connect's default quota:

    PYTHONPATH=lambdas .venv/bin/python -m benchmarks.followers [--seconds N]

A contact begins every second, and can be found `settle` later. Half of the followers poll exactly after `poll_after`,
the others up to 5 seconds later. The function's processes share one DynamoDB.
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from benchmarks.stand_in import stand_in
from sandbox.aws_server import REGION, AwsServer
from sandbox.clients import add_callers
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.deployment import deploy, find_function
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event, build_response
from sandbox.gateway.template import synthesized

RATE = 0.5
PROCESSES = 12
FOLLOWERS = 200
SETTLE = 20  # seconds


@dataclass
class Tally:
    """Count what all followers received.

    Attributes:
        delays: Seconds from the timestamp of a contact to its delivery.
        delivered: Contacts by follower.
        failures: Invocations without a response, by error.
    """

    delays: list[float] = field(default_factory=list)
    delivered: dict[int, list[str]] = field(default_factory=dict)
    polls: int = 0
    refused: int = 0
    errors: int = 0
    failures: Counter[str] = field(default_factory=Counter)


async def follow(function: LambdaFunction, number: int, start: datetime, end: float, tally: Tally) -> None:
    """Follow the search until `end`, a time.time()."""
    query = {"follow": "true", "settle": f"PT{SETTLE}S", "from": start.isoformat(), "limit": 100}
    await asyncio.sleep(5 * random.random())  # noqa: S311 - not a secret
    while time.time() < end:
        request = Request("GET", b"/v1/contacts", urlencode(query).encode(), [], b"", "127.0.0.1")
        event = build_event(request, "followers", "/v1/contacts")
        event["requestContext"]["authorizer"] = {"client": "dashboard", "revision": ""}
        tally.polls += 1
        try:
            response = build_response(await function.invoke(event))
        except FunctionFailedError as error:
            tally.failures[f"{error} {error.__cause__!r}"] += 1
            continue
        if response.status == 429:
            tally.refused += 1
            await asyncio.sleep(int(dict(response.headers)["retry-after"]))
        elif response.status != 200:
            tally.errors += 1
            await asyncio.sleep(1)
        else:
            page = json.loads(response.body)
            query["cursor"] = page["next_cursor"]
            note(page["contacts"], number, tally)
            late = 5 * random.random() if number % 2 else 0  # noqa: S311
            await asyncio.sleep(page.get("poll_after", 0) + late)


def note(contacts: list[dict[str, Any]], number: int, tally: Tally) -> None:
    """Count the contacts that a follower received."""
    now = time.time()
    tally.delivered.setdefault(number, []).extend(contact["id"] for contact in contacts)
    tally.delays += [now - datetime.fromisoformat(contact["initiation_timestamp"]).timestamp() for contact in contacts]


def add_contacts(server: AwsServer, start: datetime, seconds: float) -> list[str]:
    """Add a contact for every second, some with the same timestamp."""
    ids = [f"contact-{number:05}" for number in range(int(seconds))]
    records = [
        {
            "ContactId": contact_id,
            "InstanceARN": INSTANCE_ARN,
            "Channel": "VOICE",
            "InitiationTimestamp": (start + timedelta(seconds=number - number % 3)).isoformat(timespec="milliseconds"),
        }
        for number, contact_id in enumerate(ids)
    ]
    server.connect.contacts.put(map(parse_contact_record, records))
    return ids


async def warm_up(function: LambdaFunction) -> None:
    """Start the processes, and wait until all of them have imported their code.

    On a busy machine the imports may take longer than a request's timeout, and the measurement would fail.
    """
    await asyncio.gather(*(function.start() for _ in range(PROCESSES)))
    event = build_event(Request("GET", b"/health", b"", [], b"", "127.0.0.1"), "followers", "/health")
    answers: list[Any] = [FunctionFailedError()]
    while any(isinstance(answer, FunctionFailedError) for answer in answers):
        answers = await asyncio.gather(*(function.invoke(event) for _ in range(PROCESSES)), return_exceptions=True)


async def main() -> None:
    """Let 200 followers poll, and print the delays."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120)
    seconds = parser.parse_args().seconds
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(256))
    server = AwsServer()
    server.connect.add_instance(INSTANCE_ARN)
    server.start()
    with stand_in() as others:
        settings = {"AWS_ENDPOINT_URL_CONNECT": server.url, "QUOTA_RATE": str(RATE), "QUOTA_BURST": "1"}
        deployed = deploy(synthesized(), others.url, INSTANCE_ARN, None, settings)
        add_callers(others.url, REGION, ["dashboard"])
        function = LambdaFunction(find_function(deployed, "search_handler"), PROCESSES)
        await warm_up(function)
        server.connect.behaviour.quota = RATE
        server.connect.behaviour.searchable_after = timedelta(seconds=SETTLE)
        start, tally = datetime.now(UTC).replace(microsecond=0), Tally()
        ids = add_contacts(server, start, seconds - SETTLE - 30)
        await asyncio.gather(
            *(follow(function, n, start, start.timestamp() + seconds, tally) for n in range(FOLLOWERS))
        )
        await function.stop()
    quota = server.connect.quota
    server.stop()
    exact = sum(delivered == ids for delivered in tally.delivered.values())
    delays = sorted(tally.delays)
    print(
        f"{FOLLOWERS} followers, {seconds:g} s: {tally.polls:,} polls, {tally.refused} refused, {tally.errors} errors;"
        f" {quota.requests} calls, {quota.throttled} throttled; settle {SETTLE} s, delay p50"
        f" {statistics.median(delays):.1f} s, p95 {delays[round(0.95 * (len(delays) - 1))]:.1f} s, longest"
        f" {delays[-1]:.1f} s; {exact} of {FOLLOWERS} got all {len(ids)} contacts once and in order"
    )
    for failure, count in tally.failures.items():
        print(f"{count} invocations failed: {failure}")


if __name__ == "__main__":
    asyncio.run(main())
