"""Follow the contacts of Amazon Connect into DuckDB with dlt, each contact once.

    CONTACT_SEARCH_API_KEY=sandbox-full python follow_contacts.py --url http://127.0.0.1:8080 --from 2026-11-01

The program can be stopped or killed at any time, and goes on where it was: dlt keeps the cursor in the state of the
resource, and loads that state together with the rows.
"""

import argparse
import os
import time
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.sources.helpers import requests

# A run of the pipeline loads so many pages at most. If it is killed before, the next run reads them again.
PAGES_PER_RUN = 200
# The cursor is older than 30 days, or than the last change of the client's grant.
CURSOR_PROBLEMS = ("/problems/cursor-expired", "/problems/invalid-cursor")


@dlt.source(name="contact_search", max_table_nesting=0)  # what is nested becomes JSON
def contact_search(url: str, api_key: str, search: dict[str, str]) -> Any:
    """Follow a search.

    Args:
        url: The address of the service, such as https://contacts.example.com.
        api_key: The API key of a client.
        search: Query parameters of GET /v1/contacts, with `from`. Another search needs another pipeline.
    """
    # It retries a 429 or a 503 after the time that the service asks for.
    http = requests.Client(raise_for_status=False)

    # Merging replaces the rows that come twice: those that a killed run had loaded in part, or that a new walk repeats.
    @dlt.resource(name="contacts", primary_key="id", write_disposition="merge")
    def contacts() -> Iterator[Any]:
        state = dlt.current.resource_state()
        for _ in range(PAGES_PER_RUN):
            query = {"follow": "true", "limit": "100", **search, **state.get("position", {})}
            response = http.get(f"{url}/v1/contacts", params=query, headers={"x-api-key": api_key})
            page = response.json()
            if page.get("type") in CURSOR_PROBLEMS and "complete_until" in state:
                state["position"] = {"from": state["complete_until"]}
                continue
            response.raise_for_status()
            yield page["contacts"]
            state["position"] = {"from": query["from"], "cursor": page["next_cursor"]}
            state["complete_until"] = page["complete_until"]
            state["poll_after"] = page.get("poll_after", 0)
            if page.get("caught_up"):
                return

    return contacts


def main() -> None:
    """Follow until interrupted, or until the walk has caught up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--from", required=True, dest="start", metavar="TIME", help="a date, or an RFC 3339 date-time")
    parser.add_argument(
        "--settle", default="PT15M", metavar="DURATION", help="how late contacts may appear (%(default)s)"
    )
    parser.add_argument("--database", default="contacts.duckdb", metavar="FILE", help="of DuckDB (%(default)s)")
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="between two polls (%(default)s)")
    parser.add_argument("--once", action="store_true", help="end as soon as the walk has caught up")
    arguments = parser.parse_args()
    search = {"time_field": "disconnect_timestamp", "from": arguments.start, "settle": arguments.settle}
    pipeline = dlt.pipeline(
        "contact_search",
        destination=dlt.destinations.duckdb(arguments.database),
        dataset_name="amazon_connect",
    )
    pipeline.run()  # load what an earlier process has extracted, if it was killed before it could load it
    while True:
        source = contact_search(arguments.url, os.environ["CONTACT_SEARCH_API_KEY"], search)
        print(pipeline.run(source))
        wait = source.contacts.state["poll_after"]
        if wait and arguments.once:
            break
        time.sleep(max(wait, arguments.every) if wait else 0)


if __name__ == "__main__":
    main()
