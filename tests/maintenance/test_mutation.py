"""Test the configuration of mutation testing. A run takes minutes: scripts/mutate."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import settings

from maintenance import mutation
from maintenance.mutation import TARGETS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", TARGETS)
def test_modules_and_tests_of_a_target_exist(name: str) -> None:
    target = TARGETS[name]
    assert target.modules
    assert [path for path in target.modules if not (ROOT / "lambdas" / path).is_file()] == []
    assert [path for path in target.tests if not (ROOT / path).is_file()] == []


def test_the_copy_has_the_package_in_src_and_no_environment(tmp_path: Path) -> None:
    target = TARGETS["cursor"]
    (tmp_path / "of-an-earlier-run").touch()
    mutation._copy_tree(tmp_path, target)
    assert not (tmp_path / "of-an-earlier-run").exists()
    assert (tmp_path / "src" / target.modules[0]).is_file()
    assert not (tmp_path / "lambdas").exists()
    assert not list(tmp_path.rglob("__pycache__"))
    configuration = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["mutmut"]
    assert configuration["only_mutate"] == [f"src/{target.modules[0]}"]
    assert all((tmp_path / folder).is_dir() for folder in configuration["also_copy"])
    assert (tmp_path / configuration["pytest_add_cli_args_test_selection"][0]).is_file()


def test_tests_try_few_examples_for_each_change() -> None:
    options = tomllib.loads(mutation._configuration(TARGETS["walk"]))["tool"]["mutmut"]["pytest_add_cli_args"]
    profile = options[options.index("--hypothesis-profile") + 1]
    assert settings.get_profile(profile).max_examples < settings.get_profile("ci").max_examples


@pytest.mark.parametrize(
    ("added", "explained"),
    [
        pytest.param(["    return (timestamp - _EPOCH) / _MICROSECOND"], True, id="explained"),
        pytest.param(["    return None"], False, id="not explained"),
        pytest.param(["    return (timestamp - _EPOCH) / _MICROSECOND", "    x = 1"], False, id="with another line"),
        pytest.param([], False, id="a line less"),
    ],
)
def test_a_survivor_is_explained_by_the_line_that_it_has(added: list[str], *, explained: bool) -> None:
    difference = ["# name: survived", "--- src/a.py", "+++ src/a.py", "@@ -1,1 +1,1 @@", "-    return 1"]
    assert mutation.is_explained("\n".join([*difference, *(f"+{line}" for line in added)])) is explained


def test_an_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        mutation.main(["cursors"])
    assert "unknown: cursors" in capsys.readouterr().err
