"""What one writes without the service: boto3's paginator, one search a day, and the contacts as gzipped NDJSON.

`python -m benchmarks.peers.paginator URL INSTANCE DAYS FILE` prints a line of JSON with the contacts, the seconds and
the peak of resident memory in MB.
"""

import gzip
import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from pydantic.alias_generators import to_snake

# A search gives its first 10,000 contacts. A day has fewer, as far as one knows.
_STEP = timedelta(days=1)
_MILLISECOND = timedelta(milliseconds=1)


def export(url: str, instance_id: str, days: int, path: Path) -> int:
    client = boto3.Session("any", "any", region_name="eu-west-2").client("connect", endpoint_url=url)
    paginator, contacts = client.get_paginator("search_contacts"), 0
    with gzip.open(path, "wt", compresslevel=6, encoding="utf-8") as file:
        for start, end in _windows(datetime.now(UTC), days):
            pages = paginator.paginate(
                InstanceId=instance_id,
                TimeRange={"Type": "INITIATION_TIMESTAMP", "StartTime": start, "EndTime": end},
                Sort={"FieldName": "INITIATION_TIMESTAMP", "Order": "DESCENDING"},
                PaginationConfig={"PageSize": 100},
            )
            for page in pages:
                for contact in page["Contacts"]:
                    file.write(json.dumps(_to_json(contact), separators=(",", ":")) + "\n")
                contacts += len(page["Contacts"])
    return contacts


def _windows(now: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield windows of a day, newest first. Both ends of a window are included."""
    for number in range(days):
        yield now - (number + 1) * _STEP + _MILLISECOND, now - number * _STEP


_NAMES: dict[str, str] = {}


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {_NAMES.setdefault(name, to_snake(name)): _to_json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_to_json(part) for part in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def main() -> None:
    url, instance_id, days, path = sys.argv[1:]
    begun = time.perf_counter()
    contacts = export(url, instance_id, int(days), Path(path))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"contacts": contacts, "seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main()
