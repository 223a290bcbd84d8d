"""Test the commands of the documentation: run those that need no account, and compare their output with the sample."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore import xform_name

from maintenance.documentation.site import ROOT
from operations import clients, deploy, smoke
from sandbox.options import parse_options
from tests.clock import NOW
from tests.documentation.commands import Command, code, commands, documents
from tests.serving import Service, serving

# The address of the service in the documentation.
ADDRESS = "http://127.0.0.1:8080"
# Commands that are not run, by their first words, with the reason.
NOT_RUN = {
    "scripts/test": "it runs these tests",
    "scripts/check --fix": "it changes the working tree",
    "curl -H 'x-api-key: csk_": "its address is that of a deployment",
    "scripts/deploy production --dry-run": "it builds and synthesizes for a minute; tests/operations/test_rollback.py",
    "git pull && scripts/deploy production": "it changes the working tree",
    "scripts/rollback": "there is no such tag; tests/operations/test_rollback.py",
    "scripts/bench": "it takes minutes",
    "export CONTACT_SEARCH_API_KEY=": "it sets a variable for the next command",
    "scripts/export ": "tests/operations/test_export.py runs it",
    "CONTACT_SEARCH_API_KEY=$(cat ": "its address is that of a deployment",
    "scripts/lag": "it takes minutes; tests/operations/test_lag.py",
    "python3 -m venv .venv": "tests/examples/test_dlt.py makes the same environment",
    ".venv/bin/pip install --require-hashes": "tests/examples/test_dlt.py makes the same environment",
    "CONTACT_SEARCH_API_KEY=sandbox-full .venv/bin/python follow_contacts.py": "tests/examples/test_dlt.py runs it",
    ".venv/bin/pip install ../../clients/python": "tests/clients/test_packages.py builds it",
    "CONTACT_SEARCH_API_KEY=sandbox-partner .venv/bin/python nightly_sync.py": "tests/examples/test_nightly_sync.py",
    "pip install ./clients/python": "tests/clients/test_packages.py builds it",
    "scripts/clients-build": "tests/clients/test_packages.py builds both",
    "npm install ./dist/contact-search-client-": "tests/conftest.py installs it",
    "npm install --no-save ../../dist/contact-search-client-": "tests/browser/test_frontend_example.py installs it",
    "python3 -m http.server 3000": "tests/browser/test_frontend_example.py serves the same folder",
    '.venv/bin/python -c "import duckdb': "tests/examples/test_dlt.py reads the same table",
    "PYTHONPATH=lambdas .venv/bin/python -m benchmarks.": "it takes minutes",
}
# How the others are tested, by their first words. The longest match counts.
TRIED = {
    "curl ": "sent",
    "curl -i ": "sent, to see the headers",
    "for queue in a b c; do curl ": "sent to a service with a quota",
    "CONTACT_SEARCH_API_KEY=sandbox-full examples/search.sh ": "run with the address of the service",
    "scripts/clients ": "run",
    "scripts/clients --stage ": "run without credentials",
    "scripts/deploy ": "run without credentials",
    "scripts/smoke --stage ": "run without credentials",
    "scripts/serve": "parsed",
    "aws ": "compared with the service model",
}
MAIN: dict[str, Callable[[], None]] = {
    "scripts/clients": clients.main,
    "scripts/deploy": deploy.main,
    "scripts/smoke": smoke.main,
}
ALL = [command for document in documents() for command in commands(document)]


def how(command: Command) -> str:
    """Return how a command is tested."""
    beginnings = [beginning for beginning in (*TRIED, *NOT_RUN) if command.text.startswith(beginning)]
    if not beginnings:
        return "unknown"
    return TRIED.get(max(beginnings, key=len), "not run")


def tried(*ways: str) -> list[Any]:
    return [
        pytest.param(command, id=f"{command.document}: {command.text[:60]}") for command in ALL if how(command) in ways
    ]


def test_each_command_is_tested_or_has_a_reason_why_not() -> None:
    assert [command for command in ALL if how(command) == "unknown"] == []


def test_each_reason_and_each_way_of_testing_is_needed() -> None:
    used = {beginning for beginning in (*TRIED, *NOT_RUN) for command in ALL if command.text.startswith(beginning)}
    assert used == {*TRIED, *NOT_RUN}


@pytest.fixture
def service(sample_service: Service) -> Service:
    """Return the service as `scripts/serve` runs it, at the suite's time."""
    return sample_service


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], str]:
    """Run a command in a shell whose `date` has the suite's time."""
    date = tmp_path / "date"
    date.write_text(f'#!/bin/sh\nexec /bin/date -d @{NOW.timestamp():.0f} "$@"\n')
    date.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    def run(command: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def comparable(value: Any, name: str = "") -> Any:
    """Replace what differs between runs: timestamps, request ids, and cursors that are not null."""
    if isinstance(value, dict):
        return {key: comparable(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [comparable(element) for element in value]
    if name in ("request_id", "next_cursor") and value is not None:
        return f"a {name}"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return "a timestamp"
    return value


@pytest.mark.parametrize("command", tried("sent"))
def test_requests_are_answered_as_documented(command: Command, service: Service, shell: Callable[[str], str]) -> None:
    assert ADDRESS in command.text
    answer = json.loads(shell(command.text.replace(ADDRESS, service.url)))
    if command.sample is None:
        assert not str(answer.get("type", "")).startswith("/problems/"), answer
        assert answer["contacts"]
    else:
        assert comparable(answer) == comparable(json.loads(command.sample))


@pytest.mark.parametrize("command", tried("sent, to see the headers"))
def test_an_export_is_created_as_documented(command: Command, service: Service, shell: Callable[[str], str]) -> None:
    head, _, body = shell(command.text.replace(ADDRESS, service.url)).replace("\r\n", "\n").partition("\n\n")
    assert head.splitlines()[0].split()[1] == "202"
    export = json.loads(body)
    assert f"location: /v1/exports/{export['id']}" in head.lower()
    [sample] = [sample for document in documents() for sample in code(document, "json") if '"parts"' in sample]
    assert export.keys() == json.loads(sample).keys()


@pytest.mark.parametrize("command", tried("run with the address of the service"))
def test_the_example_prints_pages(command: Command, service: Service, shell: Callable[[str], str]) -> None:
    pages = [json.loads(line) for line in shell(f"CONTACT_SEARCH_URL={service.url} {command.text}").splitlines()]
    assert sum(len(page["contacts"]) for page in pages) == pages[0]["total"]["value"] > 0


@pytest.mark.parametrize("command", tried("sent to a service with a quota"))
def test_a_crowd_gets_retry_after(command: Command, shell: Callable[[str], str]) -> None:
    with serving("--contacts", "100", "--quota", "0.1") as service:
        lines = shell(command.text.replace(ADDRESS, service.url)).lower().splitlines()
    # The first of the three finds a slot. A lower quota than in the document refuses another one on a slow machine too.
    assert {line.split()[1] for line in lines if line.startswith("http/")} == {"200", "429"}
    assert {line.partition(":")[0] for line in lines} >= {
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "cache-status",
    }


def test_clients_are_managed_as_documented(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, url in (("PORT", service.url), ("AWS_PORT", service.aws_url)):
        monkeypatch.setenv(name, str(urlsplit(url).port))
    [*documented] = [command for command in ALL if how(command) == "run"]
    assert documented
    for command in documented:
        run(command, monkeypatch)
    assert "csk_" in capsys.readouterr().out


def run(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script in this process, because starting another process takes a second."""
    script, *arguments = command.words
    main = MAIN[script]
    assert f"-m {main.__module__} " in (ROOT / script).read_text()
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    main()


@pytest.mark.parametrize("command", tried("run without credentials"))
def test_commands_that_need_an_account_get_as_far_as_the_credentials(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SystemExit, match="There are no valid AWS credentials"):
        run(command, monkeypatch)


@pytest.mark.parametrize("command", tried("parsed"))
def test_options_of_the_service_exist(command: Command, tmp_path: Path) -> None:
    _, *arguments = command.words
    parse_options([argument.replace("PATH…", str(tmp_path)) for argument in arguments])


@pytest.mark.parametrize("command", tried("compared with the service model"))
def test_commands_of_the_aws_cli_exist(command: Command) -> None:
    _, service, operation, *arguments = command.words
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    members = {xform_name(name, "-") for name in model.operation_model(operations[operation]).input_shape.members}
    of_every_operation = {"endpoint-url", "max-items", "no-sign-request", "region"}
    options = [word.removeprefix("--") for word in arguments if word.startswith("--")]
    known = members | {f"no-{member}" for member in members} | of_every_operation
    assert [option for option in options if option not in known] == []
