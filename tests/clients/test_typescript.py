"""Test the packed TypeScript client, and clients that others generate, as a project that has installed them.

What compiles and what it does are tests of their own. All is compiled at once, because each start of tsc takes seconds.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from distribution.client_code import ROOT, TYPESCRIPT_CLIENT
from sandbox.clients import FULL_KEY
from tests.clients.conftest import ADDRESS, BIN, FIRST, GENERATED, LAST, run, sample
from tests.clock import NOW
from tests.serving import Service

GENERATED_CLIENTS = ("openapi_fetch_client.ts", "hey_api_client.ts")
OPTIONS = (
    *("--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2023", "--module", "nodenext"),
    *("--lib", "es2023,dom,dom.iterable,dom.asynciterable", "--types", "node", "--allowImportingTsExtensions"),
)


@pytest.fixture(scope="module")
def compiled(project: Path, service: Service) -> Path:
    """Return the project with programs that use the clients, all of which compile."""
    for path in GENERATED.glob("*.[jt]s"):
        shutil.copy(path, project)
    shutil.copy(ROOT / "openapi.json", project)
    shutil.copy(TYPESCRIPT_CLIENT / "test" / "client.test.ts", project)
    text = sample(TYPESCRIPT_CLIENT / "README.md", "ts")
    assert ADDRESS in text
    text = text.replace(ADDRESS, service.url).replace("Date.now()", f"{NOW.timestamp() * 1000:.0f}")
    (project / "readme.ts").write_text(text)
    tools = project / "node_modules" / ".bin"
    run(project, tools / "openapi-ts", "--silent", "--no-log-file")
    run(project, tools / "tsc", *OPTIONS, *GENERATED_CLIENTS, "client.test.ts", "readme.ts")
    return project


def test_the_client_does_what_it_says(compiled: Path, service: Service) -> None:
    run(compiled, BIN / "node", "client.test.ts", service.url, str(FIRST), str(LAST))


def test_the_sample_of_the_documentation_runs(compiled: Path) -> None:
    printed = run(compiled, BIN / "node", "readme.ts")
    assert "Billing" in printed
    assert "validation " in printed
    assert (compiled / "contacts.csv").stat().st_size > 0


@pytest.fixture(scope="module")
def expected(service: Service) -> dict[str, Any]:
    """Return the page of the same search without a generated client."""
    query = "last=P60D&attribute.customer_tier=gold&channel=VOICE,CHAT&queue=Billing&queue=Sales&expand=queue&limit=1"
    status, page = service.get(f"/v1/contacts?{query}")
    assert status == 200
    return {"total": page["total"]["value"], "queue": page["contacts"][0]["queue_info"]["name"]}


@pytest.mark.parametrize("client", GENERATED_CLIENTS)
def test_generated_clients_send_every_style(
    compiled: Path, service: Service, expected: dict[str, Any], client: str
) -> None:
    assert json.loads(run(compiled, BIN / "node", client, service.url, FULL_KEY)) == expected


def test_a_generated_python_client_sends_every_style(
    service: Service, expected: dict[str, Any], tmp_path: Path
) -> None:
    options = ("--path", ROOT / "openapi.json", "--output-path", "client", "--meta", "none")
    run(tmp_path, BIN / "openapi-python-client", "generate", *options)
    shutil.copy(GENERATED / "use_client.py", tmp_path)
    assert json.loads(run(tmp_path, BIN / "python", "use_client.py", service.url, FULL_KEY)) == expected
