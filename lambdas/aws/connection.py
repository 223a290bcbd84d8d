"""HTTP connections to a host, which are kept from call to call.

Of the standard library alone: urllib3 is imported for as long as a quarter of all that a search needs.
"""

import select
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from aws.errors import TIMED_OUT, UNREACHABLE, AwsError

_CONNECT_TIMEOUT = 1  # seconds


class Answer(NamedTuple):
    """`error` is what the header x-amzn-ErrorType says."""

    status: int
    error: str
    body: bytes


class Connections:
    """To the host of this URL, as many as there are calls at once; `read_timeout` is in seconds."""

    def __init__(self, url: str, read_timeout: float) -> None:
        scheme, self._host, *_ = urlsplit(url)
        self._type = HTTPConnection if scheme == "http" else HTTPSConnection
        self._read_timeout = read_timeout
        self._idle: list[HTTPConnection] = []

    def post(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Raises AwsError."""
        connection = self._connected()
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers.get("x-amzn-ErrorType", ""), response.read())
        except (OSError, HTTPException) as error:
            connection.close()
            raise AwsError(TIMED_OUT if isinstance(error, TimeoutError) else UNREACHABLE) from error
        self._idle.append(connection)
        return answer

    def _connected(self) -> HTTPConnection:
        """One that is kept, if there is; where something has come unasked, the other side has ended it meanwhile."""
        while self._idle:
            kept = self._idle.pop()
            if kept.sock is not None and not select.select([kept.sock], [], [], 0)[0]:
                return kept
            kept.close()
        connection = self._type(self._host, timeout=_CONNECT_TIMEOUT)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise AwsError(UNREACHABLE) from error
        connection.sock.settimeout(self._read_timeout)
        return connection

    def __del__(self) -> None:
        for connection in self._idle:
            connection.close()
