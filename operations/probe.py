"""Ask a real instance what the documentation of SearchContacts leaves open, and print what it does."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operations.instance import open_connect
from operations.stages import Stage

_BETWEEN_CALLS = 2.5  # seconds: the default quota is half a call a second, and callers need it too
_DAY = timedelta(days=1)


def run(stage: Stage) -> None:
    """Print a line for each open point. It takes a few calls of the quota."""
    client = open_connect(stage)

    def search(days: float, size: int) -> dict[str, Any]:
        time.sleep(0 if stage.is_laptop else _BETWEEN_CALLS)
        now = datetime.now(UTC)
        response: dict[str, Any] = client.search_contacts(
            InstanceId=stage.settings.instance.id,
            TimeRange={"Type": "INITIATION_TIMESTAMP", "StartTime": now - days * _DAY, "EndTime": now},
            MaxResults=size,
        )
        return response

    for point, answer in _answers(search):
        print(f"probe   {point:28} {answer}", flush=True)


def _answers(search: Callable[[float, int], dict[str, Any]]) -> Iterator[tuple[str, str]]:
    try:
        search(57, 1)
        yield "a window over 8 weeks", "is accepted"
    except ClientError as error:
        yield "a window over 8 weeks", error.response["Error"]["Code"]
    page = search(55, 1)
    total = page.get("TotalCount", 0)
    yield "TotalCount of 8 weeks", f"{total}{', which may be capped' if total == 10_000 else ''}"
    yield "NextToken", f"{len(page['NextToken'])} characters" if page.get("NextToken") else "none: too few contacts"
    newest = search(1, 1)["Contacts"]
    if newest:
        age = datetime.now(UTC) - newest[0]["InitiationTimestamp"]
        yield "the newest contact found", f"began {age.total_seconds():.0f} s ago"
    else:
        yield "the newest contact found", "none in a day"
