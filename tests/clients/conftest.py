"""Run the service once for all tests of the clients, and prepare the TypeScript client."""

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from distribution.client_code import TYPESCRIPT_CLIENT, install_node_modules
from distribution.client_packages import build_tarball
from tests.clock import real_time_in_processes
from tests.serving import LONG, Service, serving

GENERATED = Path(__file__).parent / "generated"
BIN = Path(sys.executable).parent
ADDRESS = "http://127.0.0.1:8080"  # that of the service in documents


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The service as scripts/serve runs it, with exports of several parts."""
    with serving("--contacts", "900", "--part-contacts", "100") as service:
        yield service


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has installed the packed TypeScript client, and what it is developed with."""
    folder = tmp_path_factory.mktemp("project")
    with real_time_in_processes():
        install_node_modules()
    package = folder / "node_modules" / "contact-search-client"
    for path in (TYPESCRIPT_CLIENT / "node_modules").iterdir():
        (folder / "node_modules" / path.name).parent.mkdir(exist_ok=True)
        (folder / "node_modules" / path.name).symlink_to(path)
    with tarfile.open(build_tarball(folder)) as tarball:
        tarball.extractall(package.with_name(".packed"), filter="data")
    (package.with_name(".packed") / "package").rename(package)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    """Run a command in a folder; return its output."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **variables}
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=LONG
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sample(readme: Path, language: str) -> str:
    """Return the code of a document as one program."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", readme.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 4
    return "\n".join(blocks)
