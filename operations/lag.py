"""scripts/lag: measure how long after its timestamp Amazon Connect can first find a contact.

AWS does not document it, and who follows contacts has to allow for it (`settle`, see docs/guide.md). The program
searches again and again for the contacts of the last hour, and notes when each is found first.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import LAPTOP, SettingsError
from operations.instance import open_connect
from operations.stages import NoCredentialsError, WrongAccountError, find_stage

TIMESTAMPS = ("initiation_timestamp", "scheduled_timestamp", "connected_to_agent_timestamp", "disconnect_timestamp")
_PERCENTILES = (50, 90, 99, 99.9, 100)
_MINUTE = timedelta(minutes=1)

Search = Callable[[datetime, datetime], Iterator[list[dict[str, Any]]]]


@dataclass
class Lags:
    """Note when contacts are found first.

    Attributes:
        seconds: From a contact's timestamp to the search that found it first, by channel.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    _found: set[str] | None = None

    def note(self, pages: Iterator[list[dict[str, Any]]], time_field: str) -> None:
        """Note the contacts of a search that are new, unless it is the first: nobody knows since when it finds them."""
        is_first = self._found is None
        found = self._found = self._found or set()
        for page in pages:
            now = datetime.now(UTC)
            for contact in page:
                if contact["Id"] not in found and not is_first:
                    lag = (now - _timestamp(contact, time_field)).total_seconds()
                    self.seconds.setdefault(contact["Channel"], []).append(lag)
                found.add(contact["Id"])


def measure(search: Search, time_field: str, duration: timedelta, longest: timedelta) -> Lags:
    """Search for the contacts of the time `longest` before now, again and again for this duration."""
    lags, end = Lags(), datetime.now(UTC) + duration
    while (now := datetime.now(UTC)) < end:
        lags.note(search(now - longest, now), time_field)
    return lags


def search_with(client: Any, instance_id: str, time_field: str, between: float) -> Search:
    """Return a function that searches a window, with so many seconds before each call."""
    type_ = time_field.upper()

    def search(start: datetime, end: datetime) -> Iterator[list[dict[str, Any]]]:
        request = {
            "InstanceId": instance_id,
            "TimeRange": {"Type": type_, "StartTime": start, "EndTime": end},
            "Sort": {"FieldName": type_, "Order": "DESCENDING"},
            "MaxResults": 100,
        }
        while True:
            time.sleep(between)
            response = client.search_contacts(**request)
            yield response["Contacts"]
            if not response.get("NextToken"):
                return
            request["NextToken"] = response["NextToken"]

    return search


def table(lags: Lags) -> Iterator[str]:
    """Yield a line for each channel, and one for all."""
    heads = [f"p{percentile:g}" for percentile in _PERCENTILES[:-1]]
    yield f"{'channel':12} {'contacts':>8} {' '.join(f'{head:>8}' for head in [*heads, 'longest'])}"
    every = [seconds for channel in lags.seconds.values() for seconds in channel]
    for channel, seconds in [*sorted(lags.seconds.items()), ("all", every)]:
        if seconds:
            values = " ".join(f"{percentile(seconds, rank):7.1f}s" for rank in _PERCENTILES)
            yield f"{channel:12} {len(seconds):8} {values}"


def percentile(values: list[float], rank: float) -> float:
    """Return the smallest value that at least `rank` percent of the values do not exceed."""
    return sorted(values)[max(math.ceil(rank / 100 * len(values)), 1) - 1]


def _timestamp(contact: dict[str, Any], time_field: str) -> datetime:
    member = "".join(map(str.capitalize, time_field.split("_")))
    timestamp: datetime = contact["AgentInfo"][member] if "Agent" in member else contact[member]
    return timestamp


def main() -> None:
    """Measure, and print percentiles by channel."""
    parser = argparse.ArgumentParser(
        prog="scripts/lag",
        description="Measure how long after its timestamp Amazon Connect can first find a contact, to choose `settle`.",
    )
    parser.add_argument(
        "--stage",
        default=LAPTOP,
        help="search the instance of this stage of cdk.json, with your AWS credentials"
        " (%(default)s: the stand-in on this machine)",
    )
    parser.add_argument(
        "--time-field", choices=TIMESTAMPS, default="disconnect_timestamp", help="the timestamp (%(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=60, metavar="N", help="for which the program runs (%(default)s)"
    )
    parser.add_argument(
        "--longest",
        type=float,
        default=60,
        metavar="MINUTES",
        help="what is later than this is not noticed; 100 contacts in this time cost one call (%(default)s)",
    )
    parser.add_argument(
        "--between",
        type=float,
        default=10,
        metavar="SECONDS",
        help="before each call: the figures are exact to this, and the service has less of the quota (%(default)s)",
    )
    arguments = parser.parse_args()
    try:
        stage = find_stage(arguments.stage)
        client = open_connect(stage)
        search = search_with(client, stage.settings.instance.id, arguments.time_field, arguments.between)
        lags = measure(search, arguments.time_field, arguments.minutes * _MINUTE, arguments.longest * _MINUTE)
    except (SettingsError, NoCredentialsError, WrongAccountError) as error:
        sys.exit(str(error))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"Amazon Connect cannot be searched: {error}")
    if not lags.seconds:
        sys.exit("No contact was found that was not there at once. Run it for longer, or when there are more contacts.")
    print("\n".join(table(lags)))


if __name__ == "__main__":
    main()
