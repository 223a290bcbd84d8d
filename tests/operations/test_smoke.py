"""Test scripts/smoke against scripts/serve, under the stage's path as on API Gateway's own address."""

import socket
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin

import pytest

from operations import smoke
from operations.deployed import on_this_machine
from operations.smoke import Api, CheckFailedError, Clients
from sandbox.clients import FULL_KEY
from tests.operations.api_calls import Calls, allows, read_policy
from tests.operations.conftest import Served

ROOT = Path(__file__).parent.parent.parent


def run_smoke(served: Served, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "operations.smoke", *arguments],
        cwd=ROOT,
        env=served.environment | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_working_api_passes_every_check(served: Served, calls: Calls) -> None:
    done = run_smoke(served, "--probe", **calls.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("ok ")] == list(smoke.CHECKS)
    probes = [line for line in lines if line.startswith("probe ")]
    assert any("InvalidParameterException" in line for line in probes)
    assert any("characters" in line for line in probes)
    called = calls.permissions()
    policies = [read_policy("client_administrator"), read_policy("prober")]
    assert "connect:SearchContacts" in {permission.action for permission in called}
    assert {permission for permission in called if not allows(policies, permission)} == set()


def test_it_leaves_no_client_behind(served: Served) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "operations.clients", "list"],
        cwd=ROOT,
        env=served.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "smoke-" not in listed.stdout
    assert "full" in listed.stdout


def test_requests_outside_of_the_stage_path_are_refused(served: Served) -> None:
    outside = Api(served.address.removesuffix("/live"))
    assert outside.send("GET", "/health").status == 403
    assert Api(served.address).send("GET", "/health").status == 200


class Links(HTMLParser):
    """Collect what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("src", "href") and value and tag != "a"]


def test_the_documents_of_a_stage_lead_to_its_own_paths(served: Served) -> None:
    page = f"{served.address}/docs"
    with urllib.request.urlopen(page) as response:  # noqa: S310 - on this machine
        parser = Links()
        parser.feed(response.read().decode())
    for link in parser.links:
        assert link.startswith("data:") or urljoin(page, link).startswith(served.address)
    [server] = Api(served.address).send("GET", "/openapi.json").json["servers"]
    for document in (f"{served.address}/openapi.json", page):
        assert urljoin(document, server["url"]).rstrip("/") == served.address
    described = Api(urljoin(page, server["url"]), FULL_KEY)
    assert described.send("GET", "/v1/contacts", "last=P1D&limit=1").expect(200).json["contacts"]


class Broken(BaseHTTPRequestHandler):
    """Answer every request with an empty 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def test_it_ends_at_the_first_wrong_answer(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    Thread(target=server.serve_forever, daemon=True).start()
    stack = on_this_machine(f"http://127.0.0.1:{served.environment['AWS_PORT']}", "eu-west-2")
    broken = Clients(*[Api(f"http://127.0.0.1:{server.server_port}")] * 3)
    monkeypatch.setattr("operations.smoke.temporary_clients", lambda _: GivenClients(broken))
    with pytest.raises(CheckFailedError, match="credentials"):
        smoke.run(stack)
    server.shutdown()
    server.server_close()
    output = capsys.readouterr().out.splitlines()
    assert output[0].startswith("ok      health")
    assert output[1].startswith("FAILED  credentials")
    assert len(output) == 2


class GivenClients:
    """Provide a test's clients instead of temporary ones."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def __enter__(self) -> Clients:
        return self._clients

    def __exit__(self, *_: object) -> None:
        """Do nothing: there are no temporary clients to remove."""


def test_an_api_that_does_not_answer_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(CheckFailedError, match="does not answer"):
        Api(f"http://127.0.0.1:{port}").send("GET", "/health")
