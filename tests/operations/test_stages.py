"""Test the stages of cdk.json, their accounts, and the note that scripts/serve leaves."""

import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.settings import parse_settings
from operations import laptop
from operations.stages import Stage, WrongAccountError, find_stage, open_session

ARN = "arn:aws:connect:eu-central-1:111122223333:instance/c0ffee00-0000-4000-8000-000000000001"


@pytest.fixture
def stage() -> Stage:
    return Stage("staging", parse_settings("staging", {"connect_instance_arn": ARN}))


def sts_for(account: str) -> Any:
    class Sts:
        def get_caller_identity(self) -> dict[str, str]:
            return {"Account": account}

    return lambda _session, _service: Sts()


def test_a_stage_is_where_its_instance_is(stage: Stage) -> None:
    assert (stage.account, stage.region) == ("111122223333", "eu-central-1")
    assert stage.stack_name == "ContactSearch-staging"


def test_stages_of_cdk_json_are_found() -> None:
    assert find_stage("laptop").is_laptop
    assert not find_stage("production").is_laptop


def test_a_session_is_in_the_stages_region(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "client", sts_for("111122223333"))
    assert open_session(stage).region_name == "eu-central-1"


def test_credentials_for_another_account_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3.Session, "client", sts_for("999999999999"))
    with pytest.raises(WrongAccountError, match="in the account 111122223333, but your credentials are for 9999"):
        open_session(stage)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the notes, which replaces the repository's."""
    monkeypatch.setattr(laptop, "NOTES", tmp_path)
    for name in ("HOST", "PORT", "AWS_PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


HERE = laptop.Laptop("http://127.0.0.1:9001/live", "http://127.0.0.1:9002", "us-east-1")


def test_without_a_note_the_laptop_is_at_its_default_ports(notes: Path) -> None:
    assert list(notes.iterdir()) == []
    assert laptop.find_laptop() == laptop.Laptop("http://127.0.0.1:8080", "http://127.0.0.1:4566", "eu-west-2")


def test_the_laptop_is_found_by_its_note_while_it_runs(notes: Path) -> None:
    laptop.note_serving(HERE)
    assert laptop.find_laptop() == HERE
    laptop.forget_serving()
    assert list(notes.iterdir()) == []


def test_of_several_the_one_at_the_ports_is_found(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laptop.note_serving(HERE)
    monkeypatch.setenv("AWS_PORT", "9003")
    assert laptop.find_laptop().aws_url == "http://127.0.0.1:9003"
    (notes / f"{os.getppid()}.json").write_text('["http://127.0.0.1:9005", "http://127.0.0.1:9003", "eu-west-1"]')
    assert laptop.find_laptop().address == "http://127.0.0.1:9005"
    monkeypatch.setenv("AWS_PORT", "9002")
    assert laptop.find_laptop() == HERE


def test_the_note_of_a_killed_process_is_removed(notes: Path) -> None:
    finished = subprocess.Popen(["true"])  # noqa: S607
    finished.wait()
    left = notes / f"{finished.pid}.json"
    left.write_text('["http://127.0.0.1:9005", "http://127.0.0.1:9003", "eu-west-1"]')
    assert laptop.find_laptop().address == "http://127.0.0.1:8080"
    assert not left.exists()
