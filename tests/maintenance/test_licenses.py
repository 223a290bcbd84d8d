"""Test that the licenses of deployed packages allow that, and that they are listed."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest

from maintenance.licenses import ALLOWED, UnknownLicenseError, deployed, is_known, license_of, main, texts

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "licenses.md").read_text()


@pytest.mark.parametrize("name", deployed())
def test_a_deployed_package_has_a_license_that_allows_it(name: str) -> None:
    assert is_known(license_of(name))
    assert list(texts(name)), "its license has no text"


def test_the_document_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    rows = capsys.readouterr().out
    assert rows in DOCUMENT, "scripts/licenses has other rows"
    listed = re.findall(r"^\| ([\w.-]+) \| [^|]+ \|$", DOCUMENT, re.MULTILINE)
    assert [name for name in listed if name != "Package"] == deployed()


def test_the_license_texts_are_part_of_a_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--texts"]) == 0
    output = capsys.readouterr().out
    assert all(f"\n{name}\n" in output for name in deployed())
    assert output.count("Permission is hereby granted") >= 5
    swagger = distribution("flask-swagger-ui").locate_file("flask_swagger_ui/dist/LICENSE")
    assert "Apache License" in Path(str(swagger)).read_text()


def test_the_installed_versions_are_those_of_the_lock() -> None:
    lock = (ROOT / "requirements" / "search.txt").read_text()
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE):
        assert distribution(name).version == version


@pytest.mark.parametrize(
    ("expression", "known"),
    [("MIT", True), ("GPL-3.0-only OR MIT", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False)],
)
def test_one_allowed_alternative_is_enough(expression: str, *, known: bool) -> None:
    assert is_known(expression) is known


def test_an_unknown_license_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maintenance.licenses.ALLOWED", ALLOWED - {"MIT"})
    with pytest.raises(UnknownLicenseError):
        license_of("pydantic")
