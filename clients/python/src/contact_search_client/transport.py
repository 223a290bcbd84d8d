"""Send requests, and wait as the service asks to."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import httpx

from contact_search_client.errors import ContactSearchError, UnreachableError, error_from, seconds_to_wait
from contact_search_client.version import __version__

_MAY_SUCCEED_LATER = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 30.0  # seconds, where the service does not say how long to wait


class Transport:
    """The service at an address, for one client of it."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        token: str | Callable[[], str] | None,
        max_wait: float,
        http: httpx.Client,
    ) -> None:
        if (api_key is None) == (token is None):
            raise ValueError("Pass an API key or a token, and not both")
        self._http = http
        self._url = url.rstrip("/")
        self._api_key, self._token, self._max_wait = api_key, token, max_wait

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request until it succeeds, or cannot, or has waited for long enough. Return the body of the answer.

        Raises:
            ProblemError: The service refused it.
            UnreachableError: There was no answer of the service.
        """
        sent = {"accept": "application/json", "user-agent": f"contact-search-client/{__version__}", **(headers or {})}
        if body is not None:
            sent["content-type"] = "application/json"
        deadline, pauses = time.monotonic() + self._max_wait, _pauses()
        parameters = httpx.QueryParams(list(query))
        error: ContactSearchError
        while True:
            seconds = None
            try:
                response = self._http.request(
                    method, self._url + path, params=parameters, content=body, headers=sent | self._credential()
                )
            except httpx.TransportError as cause:
                error = UnreachableError(f"{self._url} cannot be reached: {cause}")
            else:
                if response.is_success:
                    return response.content
                error, seconds = error_from(response), seconds_to_wait(response)
                if response.status_code not in _MAY_SUCCEED_LATER:
                    raise error
            pause = next(pauses) if seconds is None else seconds
            if time.monotonic() + pause > deadline:
                raise error
            time.sleep(pause)

    def _credential(self) -> dict[str, str]:
        if self._api_key is not None:
            return {"x-api-key": self._api_key}
        return {"authorization": f"Bearer {self._token() if callable(self._token) else self._token}"}


def _pauses() -> Iterator[float]:
    """Yield pauses in seconds, each about twice as long as the one before."""
    pause = 0.5
    while True:
        yield pause * random.uniform(0.75, 1.25)  # noqa: S311 - so that clients do not return together
        pause = min(2 * pause, _LONGEST_PAUSE)


def encode_query(query: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return query parameters as they are sent: a pair for each value.

    Args:
        query: Values by the names that they have in Python.
        names: The names of parameters that have another one in Python.
    """
    values: dict[str, Any] = {}
    for name, value in query.items():
        parameter = names.get(name, name)
        if isinstance(value, Mapping):
            values |= {f"{parameter}[{key}]": element for key, element in value.items()}
        elif value is not None:
            values[parameter] = value
    return [(name, _to_text(element)) for name, value in values.items() for element in _elements(value)]


def _elements(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():.0f}S"
    return str(value)
