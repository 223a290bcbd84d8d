"""HTTP connections to a host, which are kept from call to call.

Of the standard library alone: urllib3 is imported for as long as a quarter of all that a search needs.
"""

import select
import ssl
import time
from contextlib import suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from aws.errors import TIMED_OUT, UNREACHABLE, AwsError

_CONNECT_TIMEOUT = 1  # seconds
# Seconds after which a connection may be gone though nothing tells so, as an environment is frozen between requests.
_LONGEST_IDLE = 20


class Answer(NamedTuple):
    """`error` is what the header x-amzn-ErrorType says."""

    status: int
    error: str
    body: bytes


class Connections:
    """To the host of this URL, as many as there are calls at once; `read_timeout` is in seconds."""

    def __init__(self, url: str, read_timeout: float) -> None:
        scheme, self._host, *_ = urlsplit(url)
        self._tls = None if scheme == "http" else _tls()
        self._read_timeout = read_timeout
        self._idle: list[tuple[HTTPConnection, float]] = []

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
        self._idle.append((connection, time.time()))
        return answer

    def _connected(self) -> HTTPConnection:
        """One that is kept, if there is; where something has come unasked, the other side has ended it meanwhile."""
        with suppress(IndexError):
            while True:
                kept, since = self._idle.pop()
                is_recent = time.time() < since + _LONGEST_IDLE
                if is_recent and kept.sock is not None and not select.select([kept.sock], [], [], 0)[0]:
                    return kept
                kept.close()
        if self._tls is None:
            connection = HTTPConnection(self._host, timeout=_CONNECT_TIMEOUT)
        else:
            connection = HTTPSConnection(self._host, timeout=_CONNECT_TIMEOUT, context=self._tls)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise AwsError(UNREACHABLE) from error
        connection.sock.settimeout(self._read_timeout)
        return connection

    def __del__(self) -> None:
        for connection, _ in self._idle:
            connection.close()


@cache
def _tls() -> ssl.SSLContext:
    """One for all, as it reads the certificates of all authorities."""
    return ssl.create_default_context()
