"""Serve AWS on a laptop: moto over HTTP, with searchable contacts in its Amazon Connect."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

ACCOUNT = "111122223333"
REGION = "eu-west-2"
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT  # moto reads it when it is imported

import sandbox.botocore_files  # noqa: E402, I001 - moto reads them when it is imported
from moto import backends  # noqa: E402
from moto.connect.models import connect_backends  # noqa: E402
from moto.core import responses  # noqa: E402
from moto.dynamodb.responses import DynamoHandler  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server  # noqa: E402

import sandbox.step_functions  # noqa: E402, F401
from sandbox.amazon_connect.models import SearchableConnectBackend  # noqa: E402
from sandbox.lambda_backend import stop_functions  # noqa: E402

_Environ = dict[str, Any]
_Application = Callable[[_Environ, Callable[..., Any]], Iterable[bytes]]
_ANY_CREDENTIAL = (
    f"AWS4-HMAC-SHA256 Credential=any/20260101/{REGION}/connect/aws4_request, SignedHeaders=host, Signature=any"
)


def _serialize(call: Callable[..., Any]) -> Callable[..., Any]:
    """Put calls behind a lock: updates of DynamoDB are atomic, but moto reads and writes an item without a lock."""
    lock = threading.Lock()

    def locked(*arguments: Any) -> Any:
        with lock:
            return call(*arguments)

    return locked


DynamoHandler.call_action = _serialize(DynamoHandler.call_action)  # type: ignore[method-assign]

# moto would find its modules and the methods of a class again for each request.
_MODULES = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: _MODULES
responses.method_names_from_class = cache(responses.method_names_from_class)  # type: ignore[attr-defined]


# The paths of the operations that this package adds to moto's Amazon Connect.
_CONNECT_PATHS = ("/search-contacts", "/queues-summary/", "/users-summary/", "/contacts/", "/contact/attributes/")


_REACHED_BY = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1"}  # noqa: S104 - the options of scripts/serve say where


class AwsServer:
    """Serve AWS on a port, in a thread of its own.

    Args:
        port: 0 for any free port.
        latency: Seconds added to each answer of Amazon Connect.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, latency: float = 0) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for each request
        application = _with_latency(DomainDispatcherApplication(create_backend_app), latency)
        self._server = make_server(host, port, application, threaded=True, request_handler=MotoRequestHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        # The URLs of parts have this address. S3's clients would put the bucket's name before a host name.
        self.url = f"http://{_REACHED_BY.get(host, host)}:{self._server.server_port}"

    @property
    def connect(self) -> SearchableConnectBackend:
        """Return Amazon Connect in the sandbox's account and region."""
        return connect_backend(REGION)

    def start(self) -> None:
        # moto's Step Functions calls the other services on localhost, on this port.
        self._port_before = os.environ.get("MOTO_PORT", "")
        os.environ["MOTO_PORT"] = str(self._server.server_port)
        self._thread.start()

    def stop(self) -> None:
        stop_functions()
        os.environ["MOTO_PORT"] = self._port_before
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def connect_backend(region: str) -> SearchableConnectBackend:
    """Return Amazon Connect in this region of the sandbox's account."""
    backend = connect_backends[ACCOUNT][region]
    assert isinstance(backend, SearchableConnectBackend)  # noqa: S101 - for mypy: importing the module replaced moto's backend
    return backend


def _with_latency(application: DomainDispatcherApplication, latency: float) -> _Application:
    """Delay the answers of Amazon Connect, and accept its calls without a signature."""

    def answer(environ: _Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(_CONNECT_PATHS):
            # moto reads the service from the credential's scope, which unsigned calls lack.
            environ.setdefault("HTTP_AUTHORIZATION", _ANY_CREDENTIAL)
            time.sleep(latency)
        return application(environ, start_response)  # type: ignore[no-any-return]

    return answer
