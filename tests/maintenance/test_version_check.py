"""Test that a breaking change needs a new major version."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from maintenance.version_check import allows_breaking, main


def git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(repository), *identity, *arguments], check=True, capture_output=True)  # noqa: S603, S607


def write(repository: Path, version: str, *paths: str) -> None:
    operation = {"operationId": "get", "responses": {}}
    document: dict[str, Any] = {"info": {"version": version}, "paths": {path: {"get": operation} for path in paths}}
    (repository / "openapi.json").write_text(json.dumps(document))


def commit(repository: Path, *tags: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "a commit", "--allow-empty")
    for tag in tags:
        git(repository, "tag", tag)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Create a repository whose last release, v1.2.0, has two paths."""
    git(tmp_path, "init", "--quiet")
    write(tmp_path, "1.2.0", "/a", "/b")
    commit(tmp_path, "v1.2.0", "not-a-release")
    commit(tmp_path)
    return tmp_path


def check(repository: Path, *arguments: str) -> int:
    return main(["--repository", str(repository), *arguments])


def test_an_addition_needs_no_new_major_version(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository, "1.3.0", "/a", "/b", "/c")
    assert check(repository) == 0
    assert capsys.readouterr().out == "Nothing breaks clients of v1.2.0 (1.2.0).\n"


def test_a_breaking_change_needs_a_new_major_version(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(repository, "1.3.0", "/a")
    assert check(repository) == 1
    assert capsys.readouterr().out.splitlines() == [
        "/b: the path is removed",
        "This breaks clients of v1.2.0 (1.2.0), but the version is 1.3.0: it needs a new major one.",
    ]


def test_with_a_new_major_version_a_breaking_change_is_listed_and_passes(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(repository, "2.0.0", "/a")
    assert check(repository) == 0
    assert "/b: the path is removed" in capsys.readouterr().out


def test_a_version_does_not_go_back(repository: Path) -> None:
    write(repository, "1.1.9", "/a", "/b")
    assert check(repository) == 1


def test_a_release_is_compared_with_the_one_before(repository: Path) -> None:
    """On the commit with the new tag, that tag is not compared with itself."""
    write(repository, "1.3.0", "/a")
    commit(repository, "v1.3.0")
    assert check(repository) == 1


def test_the_document_can_be_compared_with_a_commit_or_a_file(repository: Path, tmp_path: Path) -> None:
    write(repository, "1.2.1", "/a")
    assert check(repository, "--against", "HEAD") == 1
    assert check(repository, "--against", str(tmp_path / "openapi.json")) == 0


def test_before_the_first_tag_nothing_can_break(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path, "0.1.0", "/a")
    commit(tmp_path)
    assert check(tmp_path) == 0


def test_a_missing_commit_or_file_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(repository, "--against", "v9") == 2
    assert "v9 is neither" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("1.2.3", "2.0.0", True),
        ("1.2.3", "1.3.0", False),
        ("1.2.3", "1.2.3", False),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "0.1.1", False),
        ("0.9.0", "1.0.0", True),
        ("1.9.0", "1.10.0", False),
        ("9.0.0", "10.0.0", True),
    ],
)
def test_versions_that_may_break(old: str, new: str, *, allowed: bool) -> None:
    assert allows_breaking(old, new) is allowed
