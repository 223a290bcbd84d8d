"""Walk over two years of contacts, through the search function in a separate process:

    PYTHONPATH=lambdas .venv/bin/python -m benchmarks.long_walk [--contacts N] [--limit N]

Print whether each contact came exactly once and in order, the calls of Amazon Connect, and the function's memory.
"""

import argparse
import asyncio
import json
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tqdm import tqdm

from sandbox.aws_server import REGION, AwsServer
from sandbox.clients import add_callers
from sandbox.contact_data.load import load_sample
from sandbox.contact_data.sample import INSTANCE_ARN
from sandbox.deployment import deploy, find_function
from sandbox.gateway.lambda_function import LambdaFunction
from sandbox.gateway.proxy_event import Request, build_event, build_response
from sandbox.gateway.template import synthesized

DAYS = 729
UPSTREAM = timedelta(weeks=8)


async def walk(function: LambdaFunction, count: int, query: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Return the contacts' ids in the order received, and the function's resident memory in bytes after each page."""
    ids: list[str] = []
    memory: list[int] = []
    with tqdm(total=count, unit=" contacts") as progress:
        while query.get("cursor", "") is not None:
            request = Request("GET", b"/v1/contacts", urlencode(query).encode(), [], b"", "127.0.0.1")
            event = build_event(request, "walk", "/v1/contacts")
            event["requestContext"]["authorizer"] = {"client": "walker", "revision": ""}
            response = build_response(await function.invoke(event))
            page = json.loads(response.body)
            if response.status != 200:
                raise SystemExit(response.body.decode())
            ids += [contact["id"] for contact in page["contacts"]]
            memory.append(_resident_memory(function))
            progress.update(len(page["contacts"]))
            query["cursor"] = page["next_cursor"]
    return ids, memory


def _resident_memory(function: LambdaFunction) -> int:
    """Return the resident memory in bytes of the function's only process (Linux)."""
    [process] = function._idle
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--contacts", type=int, default=250_000)
    parser.add_argument("--limit", type=int, default=100)
    options = parser.parse_args()
    server = AwsServer()
    connect = server.connect
    connect.add_instance(INSTANCE_ARN)
    load_sample(connect.contacts, options.contacts, 1, datetime.now(UTC), DAYS)
    server.start()
    deployed = deploy(synthesized(), server.url, INSTANCE_ARN, None, {"QUOTA_RATE": "0", "PAGE_SECONDS": "0"})
    add_callers(server.url, REGION, ["walker"])
    function = LambdaFunction(find_function(deployed, "search_handler"))
    begun = time.perf_counter()
    query = {"last": f"P{DAYS + 1}D", "limit": options.limit, "fields": "initiation_timestamp"}
    ids, memory = await walk(function, options.contacts, query)
    took = time.perf_counter() - begun
    await function.stop()
    server.stop()
    order = connect.contacts.query("SELECT id FROM contacts ORDER BY initiation_timestamp DESC, row DESC", ())
    calls = connect.quota.requests
    searches = math.ceil(timedelta(days=DAYS + 1) / UPSTREAM)
    print(
        f"{len(ids):,} contacts, {len(set(ids)):,} of them different; in order: {ids == [row[0] for row in order]}\n"
        f"{calls:,} calls of SearchContacts; {math.ceil(options.contacts / options.limit):,} pages at least,"
        f" {searches} windows of 8 weeks at least\n"
        f"resident memory after 10 of {len(memory):,} pages {memory[9] >> 20} MB, after all {memory[-1] >> 20} MB\n"
        f"{took:.0f} s without a quota; at Connect's 0.5 calls a second {timedelta(seconds=2 * calls)}"
    )


if __name__ == "__main__":
    asyncio.run(main())
