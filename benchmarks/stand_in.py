"""Run stand-ins of AWS in separate processes, so that they share nothing but the wire with what is measured.

`python -m benchmarks.stand_in RATE CONTACTS DAYS` serves until its standard input ends. A line of input sets how much
longer each call of DynamoDB takes, in seconds. The response is a line of JSON: the counts of SearchContacts since the
previous line.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
from moto.dynamodb.responses import DynamoHandler
from tqdm import tqdm

from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.aws_server import REGION, AwsServer
from sandbox.contact_data.contact_record import StoredContact, parse_contact_record
from sandbox.contact_data.load import load_sample
from sandbox.contact_data.sample import INSTANCE_ARN, sample_contacts
from sandbox.lambda_backend import stop_functions

INSTANCE_ID = INSTANCE_ARN.rsplit("/", 1)[-1]
_ORIGINALS = 5_000


class StandIn:
    """Control a stand-in of AWS, and read its counts."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.url: str = self._line()

    def counts(self, dynamodb_seconds: float = 0) -> dict[str, Any]:
        """Return the counts of SearchContacts since the last call, and set the delay of DynamoDB.

        Args:
            dynamodb_seconds: How much longer each call of DynamoDB takes from now on.

        Returns:
            `requests`, `throttled`, and `moments`: the Unix times of the calls that were not throttled.
        """
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(f"{dynamodb_seconds}\n")
        self._process.stdin.flush()
        return dict(self._line())

    def stop(self) -> None:
        """Stop responding until `go_on` is called."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def _line(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        return json.loads(self._process.stdout.readline())

    @property
    def process_id(self) -> int:
        return self._process.pid


@contextmanager
def stand_in(rate: float = 0, contacts: int = 2_000, days: int = 90) -> Iterator[StandIn]:
    """Run a stand-in with `contacts` over the last `days`, which allows `rate` searches per second (0: no limit)."""
    process = subprocess.Popen(  # noqa: S603 - this program
        [sys.executable, "-m", "benchmarks.stand_in", *map(str, (rate, contacts, days))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield StandIn(process)
    finally:
        process.communicate()


def client(service: str, url: str, **options: Any) -> Any:
    """Return a boto3 client of a stand-in."""
    credentials = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client(service, endpoint_url=url, region_name=REGION, **credentials, **options)


def load(store: ContactStore, contacts: int, days: int) -> None:
    """Load sample contacts. Most are copies with other timestamps: to generate them all would take an hour."""
    now = datetime.now(UTC)
    if contacts <= _ORIGINALS:
        load_sample(store, contacts, 1, now, days)
        return
    originals = [parse_contact_record(contact.record) for contact in sample_contacts(_ORIGINALS, 1, now, 1)]
    store.put(tqdm(_copies(originals, contacts, days, now.timestamp()), "Loading", contacts, delay=1, leave=False))


def _copies(originals: Sequence[StoredContact], contacts: int, days: int, end: float) -> Iterator[StoredContact]:
    """Yield copies, oldest first, with timestamps spread evenly."""
    for number in range(contacts):
        original = originals[number % len(originals)]
        moment = round(end - days * 86_400 * (contacts - number) / contacts, 3)
        later = moment - original.summary["InitiationTimestamp"]
        summary = _moved(original.summary, later)
        contact_id = f"{number:08x}{original.summary['Id'][8:]}"
        arn = summary["Arn"].replace(original.summary["Id"], contact_id)
        yield replace(original, summary=summary | {"Id": contact_id, "Arn": arn})


def _moved(value: Any, later: float) -> Any:
    """Move all timestamps by `later` seconds."""
    if not isinstance(value, dict):
        return value
    return {
        name: round(part + later, 3) if name.endswith("Timestamp") else _moved(part, later)
        for name, part in value.items()
    }


def main() -> None:
    with suppress(PermissionError):  # the real AWS does not compete for this machine's cores
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    server = AwsServer()
    connect = server.connect
    connect.add_instance(INSTANCE_ARN)
    contacts, days = map(int, sys.argv[2:])
    load(connect.contacts, contacts, days)
    server.start()
    now = datetime.now(UTC)
    window = {"Type": "INITIATION_TIMESTAMP", "StartTime": now, "EndTime": now}
    client("connect", server.url).search_contacts(InstanceId=INSTANCE_ID, TimeRange=window)  # the first call is slow
    connect.behaviour.quota = float(sys.argv[1]) or None
    allows, moments = connect.quota.allows, []

    def record(rate: float | None) -> bool:
        is_allowed = allows(rate)
        if is_allowed:
            moments.append(time.time())
        return is_allowed

    connect.quota.allows = record  # type: ignore[method-assign]
    call_dynamodb, dynamodb_seconds = DynamoHandler.call_action, 0.0

    def call_slowly(handler: DynamoHandler) -> Any:
        time.sleep(dynamodb_seconds)
        return call_dynamodb(handler)

    DynamoHandler.call_action = call_slowly  # type: ignore[method-assign]
    print(json.dumps(server.url), flush=True)
    for line in sys.stdin:
        dynamodb_seconds = float(line)
        counts = {"requests": connect.quota.requests, "throttled": connect.quota.throttled, "moments": moments}
        print(json.dumps(counts), flush=True)
        connect.quota.requests = connect.quota.throttled = 0
        moments.clear()
    stop_functions()


if __name__ == "__main__":
    main()
