"""What is compared, each as the tree of files that would be deployed, compiled."""

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
    """`handler` is MODULE.FUNCTION in the tree; `settings` are variables of its environment."""

    name: str
    tree: Path
    handler: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def variant(self, name: str, handler: str = "", **settings: str) -> "Subject":
        """The same tree with another handler or other settings."""
        return replace(self, name=name, handler=handler or self.handler, settings={**self.settings, **settings})

    @property
    def megabytes(self) -> float:
        """The size of its files."""
        return sum(file.stat().st_size for file in self.tree.rglob("*") if file.is_file()) / 1e6


# Of each peer: the handler, and what it is installed with.
_PEERS = {
    "bare": ("bare.handler", ["boto3"]),
    "powertools": ("powertools.handler", ["aws-lambda-powertools[tracer]", "boto3", "pydantic"]),
    "fastapi": ("fastapi_mangum.handler", ["boto3", "fastapi", "mangum"]),
    "chalice": ("chalice_app.app", ["boto3", "chalice"]),
}


def subjects(python: str) -> dict[str, Subject]:
    """All of them by name, made anew where they are not up to date: `ours` and its peers."""
    return {"ours": _ours(python)} | {name: _peer(python, name) for name in _PEERS}


def interpreter() -> str:
    """A Python of the version that is deployed, where there is one; else this one."""
    return python_like_lambda() or sys.executable


def _ours(python: str) -> Subject:
    """The search function as scripts/build makes it for this machine."""
    build, environment = str(ROOT / "scripts" / "build"), os.environ | {"PYTHON": python}
    subprocess.run([build, "--host"], env=environment, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return Subject("ours", ROOT / "dist" / "host" / "search", "search_handler.handler")


def _peer(python: str, name: str) -> Subject:
    handler, requirements = _PEERS[name]
    source = _SOURCES / f"{handler.partition('.')[0]}.py"
    tree = ROOT / "dist" / "peers" / name
    made_of = hashlib.sha256(
        b"\n".join([_LOCK.read_bytes(), source.read_bytes(), *map(str.encode, [python, *requirements])])
    ).hexdigest()
    mark = tree.with_name(f"{name}.made-of")
    if not mark.exists() or mark.read_text() != made_of:
        shutil.rmtree(tree, ignore_errors=True)
        _install(python, tree, requirements)
        shutil.copy(source, tree)
        compile_tree(python, tree, tree)
        mark.write_text(made_of)
    return Subject(name, tree, handler)


def _install(python: str, tree: Path, requirements: list[str]) -> None:
    """The requirements at the lock's versions, whose hashes uv checks."""
    command = [UV, "pip", "install", "--quiet", "--python", python, "--target", str(tree), "--link-mode", "copy"]
    subprocess.run([*command, "--constraint", str(_LOCK), *requirements], check=True)  # noqa: S603 - our own command
