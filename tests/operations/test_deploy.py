"""scripts/deploy and scripts/rollback, as far as they go without AWS."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from distribution.freshness import NotBuiltError
from operations import deploy, smoke
from operations.deployed import Deployed
from operations.stages import NoCredentialsError, find_stage

ROOT = Path(__file__).parent.parent.parent
Main = Callable[..., None]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Record the commands in place of running them. Nothing is built, and nobody has credentials."""
    recorded: list[str] = []

    def run(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        recorded.append(" ".join(word for word in command if "/" not in word))
        if "synth" in command:
            output = tmp_path / "cdk.out" / "production"
            output.mkdir(parents=True)
            (output / "ContactSearch-production.template.json").write_text('{"Resources": {}}')
        if "ci" in command:
            (tmp_path / "node_modules").mkdir()
        return subprocess.CompletedProcess(command, 0)

    def not_built(_: Path) -> None:
        raise NotBuiltError

    def no_credentials(_: Any) -> None:
        raise NoCredentialsError("There are no valid AWS credentials")

    monkeypatch.setattr("operations.deploy.ROOT", tmp_path)
    monkeypatch.setattr("operations.deploy.check_built", not_built)
    monkeypatch.setattr("operations.deploy.open_session", no_credentials)
    monkeypatch.setattr("operations.deploy.subprocess.run", run)
    return recorded


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Main:
    """Run the command with these arguments."""

    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["deploy", *arguments])
        deploy.main()

    return run


def commands(steps: list[str]) -> list[str]:
    return [step.split()[0] for step in steps if not step.startswith("ci")]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """With credentials, and an API that passes or fails its smoke test; holds the addresses tested."""
    tested: list[str] = []
    stack = Deployed("production", "https://api.example", None, {}, None, Mock())  # type: ignore[arg-type]
    monkeypatch.setattr("operations.deploy.open_session", lambda _: object())
    monkeypatch.setattr("operations.deploy.find_deployed", lambda _: stack)
    monkeypatch.setattr(smoke, "run", lambda stack, **_: tested.append(stack.address))
    return tested


def test_a_dry_run_needs_no_credentials_and_deploys_nothing(
    main: Main, steps: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main("production", "--dry-run")
    assert commands(steps) == ["-m", "synth"]
    assert "nothing was deployed" in capsys.readouterr().out


def test_a_deployment_needs_credentials(main: Main, steps: list[str]) -> None:
    with pytest.raises(SystemExit, match="no valid AWS credentials"):
        main("production")
    assert steps == []


def test_the_laptops_stage_cannot_be_deployed(main: Main, steps: list[str]) -> None:
    with pytest.raises(SystemExit, match="cannot be deployed"):
        main("laptop")
    assert steps == []


def test_it_shows_what_changes_before_it_asks(
    main: Main, steps: list[str], deployed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.extend([question, *commands(steps)])
        return "n"

    monkeypatch.setattr("builtins.input", answer)
    main("production")
    assert "ContactSearch-production to the account 123456789012, region eu-west-2?" in asked[0]
    assert asked[-1] == "diff"
    assert commands(steps) == ["-m", "synth", "diff"]
    assert deployed == []


def test_it_deploys_then_tests_and_prints_the_address(
    main: Main, steps: list[str], deployed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main("production", "--yes")
    assert commands(steps) == ["-m", "synth", "diff", "deploy"]
    assert deployed == ["https://api.example"]
    assert capsys.readouterr().out.endswith("https://api.example\n")


def test_a_failed_smoke_test_says_how_to_go_back(
    main: Main, steps: list[str], deployed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise smoke.CheckFailedError("search")

    monkeypatch.setattr(smoke, "run", fail)
    with pytest.raises(SystemExit, match=r"smoke test failed: search\. To go back: scripts/rollback production TAG"):
        main("production", "--yes")
    assert commands(steps)[-1] == "deploy"
    assert deployed == []


def test_a_step_that_fails_ends_the_deployment(main: Main, steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: Any) -> "subprocess.CompletedProcess[str]":
        steps.append(command[-1])
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr("operations.deploy.subprocess.run", fail)
    with pytest.raises(SystemExit, match="failed: see above"):
        main("production", "--dry-run")
    assert len(steps) == 1


def test_the_example_instance_is_nobodys() -> None:
    # 123456789012 is the account of AWS's own examples, so no credentials fit it.
    assert find_stage("production").account == "123456789012"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["production"], "usage: scripts/rollback"), (["production", "v0-none"], "There is no tag or commit v0-none")],
    ids=["no_tag", "unknown_tag"],
)
def test_a_rollback_needs_a_tag_that_exists(arguments: list[str], message: str) -> None:
    done = subprocess.run(  # noqa: S603
        [str(ROOT / "scripts" / "rollback"), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert message in done.stderr


def test_the_cdk_is_pinned_and_its_lock_names_no_registry() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert '"node_modules/aws-cdk"' in lock
    assert "resolved" not in lock
    assert "://" not in lock
