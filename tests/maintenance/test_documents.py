"""Test that the documents for contributors only name files that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"
_ROOM = ROOT / "lambdas" / "contact_search"


def test_every_script_is_listed_with_its_purpose() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \|", (SCRIPTS / "README.md").read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == sorted(path.name for path in SCRIPTS.iterdir() if path.suffix != ".md")


def test_every_script_says_what_it_is_for() -> None:
    for path in SCRIPTS.iterdir():
        if path.suffix != ".md":
            shebang, comment, *_ = path.read_text().splitlines()
            assert shebang.startswith("#!"), path
            assert comment.startswith("# "), path
            assert path.stat().st_mode & 0o111, path


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "scripts/README.md", "SECURITY.md"])
def test_files_that_are_named_exist(document: str) -> None:
    """A path may start at the root, in the package, or in the package's folder that the section is about."""
    text = re.sub(r"```.*?```", "", (ROOT / document).read_text(), flags=re.DOTALL)
    named = re.findall(r"(?:`|\]\()([\w./-]+?(?:/|\.(?:py|md|toml|json|in|txt)))[`)]", text)
    folders = [ROOT, ROOT / Path(document).parent, _ROOM, *(path for path in _ROOM.iterdir() if path.is_dir())]
    folders += [ROOT / "sandbox" / "amazon_connect", ROOT / "requirements", ROOT / "tests" / "unit" / "api"]
    missing = {path for path in named if not any((folder / path).exists() for folder in folders)}
    assert not missing
    assert named


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_a_workflow_uses_actions_at_a_commit_and_has_no_permissions_by_default(workflow: Path) -> None:
    text = workflow.read_text()
    uses = re.findall(r"uses: (.+)", text)
    assert uses
    assert [action for action in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []
    assert "\npermissions: {}\n" in text
    assert text.count("runs-on:") == text.count("timeout-minutes:")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_a_workflow_runs_scripts_that_exist(workflow: Path) -> None:
    named = set(re.findall(r"(?<![\w/])((?:scripts|\.ci)/[\w-]+)", workflow.read_text()))
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
