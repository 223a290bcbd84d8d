"""Serve the API of the tests over HTTP, for programs that a test starts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.gateway.proxy_event import Request
from tests.conftest import Gateway


@contextmanager
def serving_api(gateway: Gateway) -> Iterator[str]:
    """Serve requests without a body, and preflights. Yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_OPTIONS(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            headers = [(name.lower(), value) for name, value in self.headers.items()]
            answer = gateway(Request(self.command, path.encode(), query.encode(), headers, b"", "127.0.0.1"))
            body = answer.text.encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
