"""Build what is compared: for the service and each peer, the compiled tree of files that would be deployed."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from distribution.bytecode import compile_tree
from distribution.python import UV, python_like_lambda

ROOT = Path(__file__).parent.parent
_LOCK = ROOT / "requirements" / "benchmarks.txt"
_SOURCES = Path(__file__).with_name("peers")


@dataclass(frozen=True)
class Subject:
    """Describe a tree to measure. `handler` is MODULE.FUNCTION, `settings` are environment variables."""

    name: str
    tree: Path
    handler: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def variant(self, name: str, handler: str = "", **settings: str) -> "Subject":
        """Return a subject with the same tree and another handler or other settings."""
        return replace(self, name=name, handler=handler or self.handler, settings={**self.settings, **settings})

    @property
    def megabytes(self) -> float:
        """Return the total size of the files."""
        return sum(file.stat().st_size for file in self.tree.rglob("*") if file.is_file()) / 1e6


# The handler and the requirements of each peer.
_PEERS = {
    "bare": ("bare.handler", ["boto3"]),
    "powertools": ("powertools.handler", ["aws-lambda-powertools[tracer]", "boto3", "pydantic"]),
    "fastapi": ("fastapi_mangum.handler", ["boto3", "fastapi", "mangum"]),
    "chalice": ("chalice_app.app", ["boto3", "chalice"]),
}


def subjects(python: str) -> dict[str, Subject]:
    """Return `ours` and its peers by name. Build those that are not up to date."""
    return {"ours": _ours(python)} | {name: _peer(python, name) for name in _PEERS}


def interpreter() -> str:
    """Return a Python of the deployed version if this machine has one, else this process's Python."""
    return python_like_lambda() or sys.executable


def _ours(python: str) -> Subject:
    """Build the search function for this machine with scripts/build."""
    build, environment = str(ROOT / "scripts" / "build"), os.environ | {"PYTHON": python}
    subprocess.run([build, "--host"], env=environment, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return Subject("ours", ROOT / "dist" / "host" / "search", "search_handler.handler")


def _peer(python: str, name: str) -> Subject:
    handler, requirements = _PEERS[name]
    source = _SOURCES / f"{handler.partition('.')[0]}.py"
    tree = ROOT / "dist" / "peers" / name
    digest = hashlib.sha256(
        b"\n".join([_LOCK.read_bytes(), source.read_bytes(), *map(str.encode, [python, *requirements])])
    ).hexdigest()
    mark = tree.with_name(f"{name}.made-of")
    if not mark.exists() or mark.read_text() != digest:
        shutil.rmtree(tree, ignore_errors=True)
        _install(python, tree, requirements)
        shutil.copy(source, tree)
        compile_tree(python, tree, tree)
        mark.write_text(digest)
    return Subject(name, tree, handler)


def _install(python: str, tree: Path, requirements: list[str]) -> None:
    """Install the requirements at the versions of the lock file, whose hashes uv checks."""
    command = [UV, "pip", "install", "--quiet", "--python", python, "--target", str(tree), "--link-mode", "copy"]
    subprocess.run([*command, "--constraint", str(_LOCK), *requirements], check=True)  # noqa: S603 - our own command
