"""Build API Gateway's events for GET /v1/contacts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sandbox.gateway.proxy_event import Request, build_event

# Long enough ago that pages of the window are cached for minutes.
_END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
_HEADERS = [
    ("accept", "application/json"),
    ("accept-encoding", "gzip"),
    ("host", "127.0.0.1"),
    ("user-agent", "benchmark"),
    ("x-api-key", "any"),
]


def event(
    *,
    client: str = "full",
    limit: int = 100,
    window: timedelta = timedelta(weeks=1),
    number: int = 0,
    further: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the event of a search of two channels.

    Args:
        client: The caller.
        limit: Contacts on a page.
        window: Length of the window.
        number: Another number makes another search.
        further: More parameters.
    """
    end = _END - timedelta(seconds=number)
    query = {
        "from": _text(end - window),
        "to": _text(end),
        "channel": ["VOICE", "CHAT"],
        "limit": limit,
        **(further or {}),
    }
    request = Request("GET", b"/v1/contacts", urlencode(query, doseq=True).encode(), _HEADERS, b"", "127.0.0.1")
    proxy_event = build_event(request, "00000000-0000-4000-8000-000000000000", "/v1/contacts")
    proxy_event["requestContext"]["authorizer"] = {"principalId": client, "client": client, "revision": "1"}
    return proxy_event


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
