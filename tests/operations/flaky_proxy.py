"""Stand between scripts/export and the service, and fail as networks and services do."""

import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

_PARTS = "/parts-of"  # starts the paths of requests for AWS


class Sent(NamedTuple):
    """Hold a request that the proxy received."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def is_part(self) -> bool:
        return self.path.startswith(_PARTS)


class FlakyProxy:
    """Forward requests to a running service, and downloads of parts to its AWS.

    Attributes:
        requests: What came, in order.
        fail: What is asked of each request before it is forwarded. It returns "" to let it through, "cut" to break off
            in the middle of the body, "corrupt" to change a byte of it, "hang" to stop in the middle until the end of
            the test, "busy" for a 429, or "refuse" for a 403.
        hangs: Set once it has stopped in the middle: the service has done what it was asked for.
    """

    def __init__(self, url: str, aws_url: str) -> None:
        self.requests: list[Sent] = []
        self.fail: Callable[[Sent], str] = lambda _: ""
        self.hangs, self._ended = threading.Event(), threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy._answer(self, url, aws_url)

            do_POST = do_DELETE = do_GET  # noqa: N815 - names of http.server

            def log_message(self, *_: Any) -> None:
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler, url: str, aws_url: str) -> None:
        sent = Sent(handler.command, handler.path, {name.lower(): text for name, text in handler.headers.items()})
        body = handler.rfile.read(int(sent.headers.get("content-length", 0)))
        self.requests.append(sent)
        failure = self.fail(sent)
        if failure in ("busy", "refuse"):
            handler.send_response(429 if failure == "busy" else 403)
            handler.send_header("retry-after", "1")
            handler.send_header("content-length", "2")
            handler.end_headers()
            handler.wfile.write(b"{}")
            return
        status, headers, content = _forward(sent, aws_url if sent.is_part else url, body)
        content = content.replace(aws_url.encode(), f"{self.url}{_PARTS}".encode())
        if failure == "corrupt":
            content = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
        handler.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                handler.send_header(name, value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        if failure in ("cut", "hang"):
            handler.wfile.write(content[: len(content) // 2])
            handler.wfile.flush()
            if failure == "hang":
                self.hangs.set()
                self._ended.wait(60)
            handler.close_connection = True
            return
        handler.wfile.write(content)


def _forward(sent: Sent, base: str, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = HTTPConnection(urlsplit(base).netloc, timeout=60)
    headers = {name: value for name, value in sent.headers.items() if name not in ("host", "accept-encoding")}
    connection.request(sent.method, sent.path.removeprefix(_PARTS), body or None, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.getheaders(), content
