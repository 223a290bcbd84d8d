"""Test that the generated code of the clients is that of openapi.json, and what the packages have."""

import zipfile
from pathlib import Path

import pytest

from contact_search import __version__
from distribution.client_code import PYTHON_CLIENT, TYPESCRIPT_CLIENT, generate_python, generate_typescript
from distribution.client_packages import build_wheel
from tests.clock import real_time_in_processes


@pytest.mark.parametrize(
    ("folder", "generate"), [(PYTHON_CLIENT, generate_python), (TYPESCRIPT_CLIENT, generate_typescript)]
)
def test_the_committed_code_is_what_openapi_json_says(folder: Path, generate: object) -> None:
    assert callable(generate)
    with real_time_in_processes():
        files: dict[str, str] = generate()
    stale = [name for name, text in files.items() if (folder / name).read_text() != text]
    assert stale == [], "generate it again: scripts/openapi"


def test_the_wheel_is_typed_and_has_the_version_and_the_license(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path)
    assert wheel.name == f"contact_search_client-{__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert "contact_search_client/py.typed" in names
    assert f"contact_search_client-{__version__}.dist-info/licenses/LICENSE" in names


def test_the_tarball_has_the_license_and_no_sources(project: Path) -> None:
    package = project / "node_modules" / "contact-search-client"
    assert {path.name for path in package.iterdir()} == {"LICENSE", "README.md", "dist", "package.json"}
    assert (package / "dist" / "index.d.ts").exists()
    assert (project / f"contact-search-client-{__version__}.tgz").exists()
