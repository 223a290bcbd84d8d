"""Processes that hammer the limiter for a minute:

    .venv/bin/python -m benchmarks.limiter [--processes N] [--seconds N]

Prints how many searches Amazon Connect's stand-in allowed and throttled, and how much of the quota was used.
"""

import argparse
import multiprocessing
import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import Any

from benchmarks.stand_in import INSTANCE_ID, client, stand_in
from sandbox.aws_server import REGION

RATE = 0.5
_PAUSE = 1.0  # seconds, after which somebody who was refused asks again: all of them together 50 times a second


def hammer(number: int, connect_url: str, dynamodb_url: str, barrier: Any, seconds: float) -> None:
    """Asks for turns and takes them, again and again, whatever it is told of when to come back."""
    os.environ |= {
        "AWS_ENDPOINT_URL_CONNECT": connect_url,
        "AWS_ENDPOINT_URL_DYNAMODB": dynamodb_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
    }
    from amazon_connect.client import AmazonConnect  # noqa: PLC0415 - they want the environment
    from amazon_connect.errors import ThrottledError  # noqa: PLC0415
    from amazon_connect.quota import Quota  # noqa: PLC0415
    from storage.transient import TransientTable  # noqa: PLC0415

    table = cache(lambda: TransientTable("limiter"))
    quota, connect, now = Quota(table, RATE, 1), AmazonConnect(INSTANCE_ID), datetime.now(UTC)
    request = {"TimeRange": {"Type": "INITIATION_TIMESTAMP", "StartTime": now, "EndTime": now}}
    table().get("nothing")
    barrier.wait()
    time.sleep(number / 50)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connect.search_contacts(request, quota.turn_of(f"caller {number}", 3))
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
