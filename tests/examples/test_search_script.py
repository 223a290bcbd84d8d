"""examples/search.sh prints every page of a search, and waits as long as it is told to."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from sandbox.clients import FULL_KEY
from sandbox.gateway.proxy_event import Request
from tests.api_server import serving_api
from tests.conftest import Answer, Api, Gateway

SCRIPT = Path(__file__).parents[2] / "examples" / "search.sh"
THROTTLED = Answer(
    429, {"content-type": "application/problem+json", "retry-after": "2"}, '{"type": "/problems/throttled"}'
)
WINDOW = {"from": "2026-11-01", "to": "2026-11-20", "attribute.customer_tier": "gold", "fields": "channel"}


def search(gateway: Gateway, *parameters: str, key: str | None = FULL_KEY) -> "subprocess.CompletedProcess[str]":
    with serving_api(gateway) as url:
        environment = {"PATH": "/usr/bin:/bin", "CONTACT_SEARCH_URL": url}
        if key is not None:
            environment["CONTACT_SEARCH_API_KEY"] = key
        return subprocess.run(  # noqa: S603 - the example
            [SCRIPT, *parameters], env=environment, capture_output=True, text=True, check=False, timeout=60
        )


def pages(done: "subprocess.CompletedProcess[str]") -> list[Any]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_page_is_printed_until_the_cursor_is_null(gateway: Gateway, api: Api) -> None:
    found = pages(search(gateway, *(f"{name}={value}" for name, value in WINDOW.items()), "limit=5"))
    assert [page["next_cursor"] is None for page in found] == [False] * (len(found) - 1) + [True]
    assert len(found) > 2
    assert [contact for page in found for contact in page["contacts"]] == api.walk(
        from_="2026-11-01", to="2026-11-20", attribute__customer_tier="gold", fields="channel"
    )


def test_a_page_is_asked_for_again_after_the_seconds_that_the_service_names(gateway: Gateway) -> None:
    asked: list[float] = []

    def busy(request: Request) -> Answer:
        asked.append(time.monotonic())
        return THROTTLED if len(asked) == 2 else gateway(request)

    found = pages(search(busy, "from=2026-11-01", "to=2026-11-20", "limit=1", "max_items=2"))
    assert [len(page["contacts"]) for page in found] == [1, 1]
    assert len(asked) == 3
    assert asked[2] - asked[1] >= 2


def test_a_problem_is_shown_and_ends_it(gateway: Gateway) -> None:
    done = search(gateway, "last=P7D", "chanel=CHAT")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "did you mean `channel`?" in done.stderr


def test_without_a_key_nothing_is_sent(gateway: Gateway) -> None:
    done = search(gateway, "last=P7D", key=None)
    assert done.returncode != 0
    assert "CONTACT_SEARCH_API_KEY" in done.stderr
