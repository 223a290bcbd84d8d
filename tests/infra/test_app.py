"""Test app.py as the CDK CLI runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import NotDeployableError, check_deployable
from distribution.freshness import NotBuiltError, check_built, digest_of_sources, write_stamp
from infra.settings import parse_settings
from tests.infra.conftest import ARN

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_app(tmp_path: Path) -> Run:
    """Run app.py with this stage and these settings in the context, as the CDK CLI does."""

    def run(stage: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        context |= {"stage": stage, "stages": context["stages"] | ({"x": settings} if settings else {})}
        return subprocess.run(  # noqa: S603
            [sys.executable, str(ROOT / "app.py")],
            env=os.environ | {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": json.dumps(context)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("stage", "settings", "message"),
    [
        ("laptop", {}, "cannot be deployed. Name another one"),
        ("x", {"connect_instance_arn": "arn:aws:connect:REGION:ACCOUNT:instance/ID"}, "connect_instance_arn"),
        ("none", {}, "there is no 'none' among"),
    ],
    ids=["laptop", "placeholder", "unknown"],
)
def test_the_app_says_why_it_does_not_synthesize(
    run_app: Run, stage: str, settings: dict[str, Any], message: str
) -> None:
    done = run_app(stage, **settings)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_credentials_for_another_account_are_refused() -> None:
    settings = parse_settings("x", {"connect_instance_arn": ARN})
    check_deployable("x", settings, None)
    check_deployable("x", settings, "111122223333")
    with pytest.raises(NotDeployableError, match="in the account 111122223333, but your credentials are for 999"):
        check_deployable("x", settings, "999")


def test_only_a_build_of_the_present_sources_is_deployed(tmp_path: Path) -> None:
    with pytest.raises(NotBuiltError, match="Nothing is built yet"):
        check_built(tmp_path)
    for name in ("search.zip", "authorizer.zip"):
        (tmp_path / name).touch()
    with pytest.raises(NotBuiltError, match="older than"):
        check_built(tmp_path)
    write_stamp(tmp_path, "another digest")
    with pytest.raises(NotBuiltError, match="older than"):
        check_built(tmp_path)
    write_stamp(tmp_path, digest_of_sources())
    check_built(tmp_path)
