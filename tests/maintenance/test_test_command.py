"""Test scripts/test: it fails if the tests or the checks fail, and says which. Programs stand in for both."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def write_program(path: Path, code: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("check", "tests", "expected"),
    [
        pytest.param(0, 0, 0, id="both pass"),
        pytest.param(0, 5, 5, id="the tests fail"),
        pytest.param(1, 0, 1, id="the check fails"),
        pytest.param(1, 5, 1, id="both fail"),
    ],
)
def test_it_fails_if_either_fails(tmp_path: Path, check: int, tests: int, expected: int) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "test", tmp_path / "scripts")
    write_program(tmp_path / "scripts" / "setup", "exit 0")
    write_program(tmp_path / "scripts" / "check", f"echo a finding; exit {check}")
    write_program(tmp_path / ".venv" / "bin" / "python", f'echo "$@"; exit {tests}')
    done = subprocess.run(  # noqa: S603
        [tmp_path / "scripts" / "test", "-k", "two words"], capture_output=True, text=True, check=False
    )
    assert done.returncode == expected
    assert done.stdout == "-m pytest -k two words\n"
    assert done.stderr == ("scripts/check failed:\na finding\n" if check else "")
