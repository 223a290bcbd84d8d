"""Measure the limiter while many processes hammer it for a minute:

    .venv/bin/python -m benchmarks.limiter [--processes N] [--seconds N]

It prints how many searches the stand-in of Amazon Connect allowed and throttled, and how much of the quota was used.
"""

import argparse
import multiprocessing
import os
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.stand_in import INSTANCE_ID, client, stand_in
from sandbox.aws_server import REGION

RATE = 0.5
_PAUSE = 1.0  # seconds until a refused process tries again: all 50 together try 50 times a second


def hammer(number: int, connect_url: str, dynamodb_url: str, barrier: Any, seconds: float) -> None:
    """Call Connect in one slot after the other, and ignore Retry-After."""
    os.environ |= {
        "AWS_ENDPOINT_URL_CONNECT": connect_url,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    from contact_search.amazon_connect.client import ConnectClient  # noqa: PLC0415 - imports read the environment
    from contact_search.amazon_connect.errors import ThrottledError  # noqa: PLC0415
    from contact_search.amazon_connect.rate_limiter import RateLimiter  # noqa: PLC0415
    from contact_search.aws_clients import connect_client, dynamodb_client  # noqa: PLC0415
    from contact_search.storage.transient_table import TransientTable  # noqa: PLC0415

    table = TransientTable("limiter", dynamodb_client(read_timeout=2, attempts=2))
    limiter, connect, now = (
        RateLimiter(table, RATE, 1, 5),
        ConnectClient(INSTANCE_ID, connect_client()),
        datetime.now(UTC),
    )
    request = {"TimeRange": {"Type": "INITIATION_TIMESTAMP", "StartTime": now, "EndTime": now}}
    table.get("nothing")
    barrier.wait()
    time.sleep(number / 50)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            limiter.wait_for_slot(f"caller {number}", time.monotonic() + 3, background=False)
            connect.search_contacts(request)
        except ThrottledError:
            time.sleep(_PAUSE)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    with stand_in(RATE) as connect, stand_in() as dynamodb:
        client("dynamodb", dynamodb.url).create_table(
            TableName="limiter",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(options.processes + 1)
        processes = [
            context.Process(target=hammer, args=(number, connect.url, dynamodb.url, barrier, options.seconds))
            for number in range(options.processes)
        ]
        for process in processes:
            process.start()
        barrier.wait()
        connect.counts()
        for process in processes:
            process.join()
        counts = connect.counts()
    moments = counts["moments"]
    used = (len(moments) - 1) / (moments[-1] - moments[0]) / RATE
    print(
        f"{options.processes} processes, {options.seconds:.0f} s: {len(moments)} searches allowed,"
        f" {counts['throttled']} throttled, {used:.1%} of the quota used"
    )


if __name__ == "__main__":
    main()
