"""Test that there is one version. What does not read it is compared with it here."""

import json
import re
import tomllib
from pathlib import Path

from contact_search import __version__

ROOT = Path(__file__).parents[2]


def test_the_package_has_the_version_of_the_module() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in pyproject["project"]
    assert pyproject["project"]["dynamic"] == ["version"]
    assert pyproject["tool"]["setuptools"]["dynamic"] == {"version": {"attr": "contact_search.__version__"}}


def test_the_version_is_semantic() -> None:
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", __version__)


def test_the_committed_document_has_the_version() -> None:
    assert json.loads((ROOT / "openapi.json").read_text())["info"]["version"] == __version__


def test_the_changelog_begins_with_the_version() -> None:
    """It is the newest release, or the next one."""
    changelog = (ROOT / "CHANGELOG.md").read_text()
    unreleased = re.search(r"^## \[Unreleased\]\n\nThe version will be ([\d.]+)\.$", changelog, re.MULTILINE)
    [newest, *_] = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert __version__ == (unreleased[1] if unreleased else newest)
