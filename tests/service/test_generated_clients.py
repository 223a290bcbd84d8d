"""Clients that generators make from the OpenAPI document can send every parameter."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from sandbox.clients import FULL_KEY
from sandbox.gateway.proxy_event import Request
from tests.api_server import serving_api
from tests.clock import real_time_in_processes
from tests.conftest import Answer, Api, Gateway

SOURCES = Path(__file__).parent / "generated_clients"
BIN = Path(sys.executable).parent


@pytest.fixture
def sent() -> list[str]:
    """The query strings that arrive."""
    return []


@pytest.fixture
def address(gateway: Gateway, sent: list[str]) -> Iterator[str]:
    """Serve the API over HTTP."""

    def note_query(request: Request) -> Answer:
        sent.append(request.query.decode())
        return gateway(request)

    with serving_api(note_query) as address:
        yield address


@pytest.fixture
def folder(api: Api, tmp_path: Path) -> Path:
    """A copy of the sources, with the OpenAPI document that the service serves."""
    folder = tmp_path / "generated"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    (folder / "openapi.json").write_text(api.send("GET", "/openapi.json").text)
    return folder


@pytest.fixture
def expected(api: Api, new_directory: None) -> dict[str, Any]:  # noqa: ARG001 - with the sample's names
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


def test_typescript(folder: Path, address: str, expected: dict[str, Any], sent: list[str]) -> None:
    with real_time_in_processes():
        run(folder, BIN / "npm", "ci", "--ignore-scripts", "--prefer-offline", "--silent")
    tools = folder / "node_modules" / ".bin"
    run(folder, tools / "openapi-typescript", "openapi.json", "--output", "schema.d.ts")
    run(folder, tools / "openapi-ts", "--silent", "--no-log-file")
    options = ("--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--allowImportingTsExtensions")
    clients = ("openapi_fetch_client.ts", "hey_api_client.ts")
    run(folder, tools / "tsc", *options, *clients, "node.d.ts")
    for client in clients:
        assert json.loads(run(folder, BIN / "node", client, address, FULL_KEY)) == expected
    assert len(sent) == len(clients)
    assert all("attribute[customer_tier]=gold" in unquote(query).split("&") for query in sent)


def test_python(folder: Path, address: str, expected: dict[str, Any], sent: list[str]) -> None:
    generator = BIN / "openapi-python-client"
    options = ("--path", "openapi.json", "--output-path", "client", "--meta", "none")
    run(folder, generator, "generate", *options)
    assert json.loads(run(folder, sys.executable, "use_client.py", address, FULL_KEY)) == expected
    assert ["attribute[customer_tier]=gold" in unquote(query).split("&") for query in sent] == [True]
