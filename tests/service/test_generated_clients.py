"""Clients that generators make from the OpenAPI document can send every parameter."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.clients import FULL_KEY
from sandbox.gateway.proxy_event import Request
from tests.clock import real_time_in_processes
from tests.conftest import Api, Gateway

SOURCES = Path(__file__).parent / "generated_clients"
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def address(gateway: Gateway) -> Iterator[str]:
    """Serve the API over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            headers = [(name.lower(), value) for name, value in self.headers.items()]
            answer = gateway(Request("GET", path.encode(), query.encode(), headers, b"", "127.0.0.1"))
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
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(api: Api, tmp_path: Path) -> Path:
    """A copy of the sources, with the OpenAPI document that the service serves."""
    folder = tmp_path / "generated"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    (folder / "openapi.json").write_text(api.send("GET", "/openapi.json").text)
    return folder


@pytest.fixture
def expected(api: Api) -> dict[str, Any]:
    """What the same search finds without a generated client."""
    page = api.get(
        last="P60D",
        attribute__customer_tier="gold",
        channel="VOICE,CHAT",
        queue=["Billing", "Sales"],
        expand="queue",
        limit=1,
    ).json
    assert page["contacts"]
    return {"total": page["total"]["value"], "queue": page["contacts"][0]["queue_info"]["name"]}


def run(folder: Path, *command: str | Path) -> str:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_typescript(folder: Path, address: str, expected: dict[str, Any]) -> None:
    with real_time_in_processes():
        run(folder, BIN / "npm", "ci", "--ignore-scripts", "--prefer-offline", "--silent")
    tools = folder / "node_modules" / ".bin"
    run(folder, tools / "openapi-typescript", "openapi.json", "--output", "schema.d.ts")
    run(
        folder,
        tools / "tsc",
        "--noEmit",
        "--strict",
        "--module",
        "nodenext",
        "--skipLibCheck",
        "client.ts",
        "node.d.ts",
    )
    assert json.loads(run(folder, BIN / "node", "client.ts", address, FULL_KEY)) == expected


def test_python(folder: Path, address: str, expected: dict[str, Any]) -> None:
    generator = BIN / "openapi-python-client"
    options = ("--path", "openapi.json", "--output-path", "client", "--meta", "none")
    run(folder, generator, "generate", *options)
    assert json.loads(run(folder, sys.executable, "use_client.py", address, FULL_KEY)) == expected
