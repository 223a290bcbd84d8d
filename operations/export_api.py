"""The API's side of scripts/export: create an export, look at it, and open its parts."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from urllib3.response import BaseHTTPResponse

from contact_search import __version__

_USER_AGENT = f"contact-search-export/{__version__}"
_TIMEOUT = urllib3.Timeout(connect=10, read=60)  # seconds; API Gateway answers within 29
_BLOCK = 1 << 16  # bytes
_NOTICEABLE = 5  # seconds of waiting, from which on it is said


class ProblemError(Exception):
    """The API refused a request. The message has the problem's title and detail, and its faults.

    Attributes:
        status: The HTTP status.
        type: The problem's type, such as "forbidden".
    """

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(describe_problem(body))
        self.status = status
        self.type = str(body.get("type", "")).removeprefix("/problems/")


class UnreachableError(Exception):
    """The API or the place of a part cannot be reached, or not for long enough."""


class _Patience(urllib3.Retry):
    """Retry what may succeed later, after the time that the answer asks for."""

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        seconds = self.get_retry_after(response) if response else None
        if seconds and seconds >= _NOTICEABLE:
            print(f"The service asks to wait for {seconds:.0f} s", file=sys.stderr)
        super().sleep(response)


class ExportApi:
    """The API at an address, for the client with this key."""

    def __init__(self, address: str, api_key: str) -> None:
        self._address = address.rstrip("/")
        self._credential = {"x-api-key": api_key}
        retries = _Patience(
            total=30,
            connect=5,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=None,  # POST too: its Idempotency-Key makes it the same export
            backoff_factor=1,
            backoff_max=60,
            respect_retry_after_header=True,
            raise_on_status=False,
            redirect=False,
        )
        self._http = urllib3.PoolManager(retries=retries, timeout=_TIMEOUT)

    def create(self, body: Mapping[str, Any], idempotency_key: str) -> dict[str, Any]:
        """Create the export, or return the one that was created with this key.

        Raises:
            ProblemError: It was refused.
        """
        headers = {"idempotency-key": idempotency_key, "content-type": "application/json"}
        return self._send("POST", "/v1/exports", headers, json.dumps(body).encode())

    def get(self, export_id: str) -> dict[str, Any]:
        """Return the export with new URLs of its parts.

        Raises:
            ProblemError: There is none, or not for this client.
        """
        return self._send("GET", f"/v1/exports/{quote(export_id, safe='')}")

    def find_ids(self, path: str, list_name: str, member: str, name: str) -> list[str]:
        """Return the ids of the queues or agents with this name, in any letter case."""
        parameters: dict[str, str] = {"name": name, "limit": "1000"}
        ids: list[str] = []
        while True:
            page = self._send("GET", f"{path}?{urlencode(parameters)}")
            ids += [found["id"] for found in page[list_name] if found[member].casefold() == name.casefold()]
            if page["next_cursor"] is None:
                return ids
            parameters["cursor"] = page["next_cursor"]

    def open_part(self, url: str, offset: int) -> BaseHTTPResponse:
        """Open a part at an offset in bytes. The answer is 200 where all of it comes, 206 where the rest comes.

        Its URL is all the credential that it needs. The caller has to release the connection.

        Raises:
            UnreachableError: There is no answer.
        """
        headers = {"user-agent": _USER_AGENT} | ({"range": f"bytes={offset}-"} if offset else {})
        try:
            return self._http.request("GET", url, headers=headers, preload_content=False, decode_content=False)
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"A part cannot be downloaded: {_reason(error)}") from None

    def _send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> dict[str, Any]:
        sent = {"user-agent": _USER_AGENT, "accept": "application/json", **self._credential, **(headers or {})}
        try:
            response = self._http.request(method, self._address + path, headers=sent, body=body)
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(f"{self._address} cannot be reached: {_reason(error)}") from None
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"{self._address} answers {response.status}, and not as this service does")
        if response.status >= 400:
            raise ProblemError(response.status, answer)
        return answer


def read_blocks(response: BaseHTTPResponse) -> Iterator[bytes]:
    """Read a part as it arrives, in blocks: what has arrived is kept even if the rest never does.

    Raises:
        UnreachableError: It broke off.
    """
    try:
        while block := response.read1(_BLOCK, decode_content=False):
            yield block
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"A download broke off: {_reason(error)}") from None


def describe_problem(problem: Mapping[str, Any]) -> str:
    """Return a problem as text: its title, its detail and its faults."""
    lines = [": ".join(str(problem[name]) for name in ("title", "detail") if problem.get(name)) or "Unknown problem"]
    lines += [
        f"  {fault.get('parameter') or fault.get('pointer')}: {fault['detail']}" for fault in problem.get("errors", ())
    ]
    return "\n".join(lines)


def _reason(error: urllib3.exceptions.HTTPError) -> str:
    return str(getattr(error, "reason", None) or error).rpartition(">: ")[2]
