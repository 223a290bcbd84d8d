"""Check that dist/ is built from the present sources, so that no older code is deployed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_STAMP = "built_from.sha256"
_ZIPS = ("search.zip", "authorizer.zip")
_SOURCES = ("lambdas", "distribution", "requirements/search.txt", "requirements/authorizer.txt")


class NotBuiltError(Exception):
    """Report that there is no build, or that it is older than the sources."""


def write_stamp(output: Path, digest: str) -> None:
    """Write the digest of the sources into the folder of the zips."""
    (output / _STAMP).write_text(digest)


def check_built(output: Path) -> None:
    """Check that the zips are there and built from the present sources.

    Raises:
        NotBuiltError: The zips are missing or outdated. The message says what to do.
    """
    if not all((output / name).is_file() for name in _ZIPS):
        raise NotBuiltError("Nothing is built yet: run scripts/build first")
    stamp = output / _STAMP
    if not stamp.is_file() or stamp.read_text() != digest_of_sources():
        raise NotBuiltError("dist/ is older than lambdas/ or the locked requirements: run scripts/build again")


def digest_of_sources() -> str:
    """Return a digest of everything that the zips are built from."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(f"{path.relative_to(_ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for source in _SOURCES:
        path = _ROOT / source
        if path.is_file():
            yield path
        else:
            yield from sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
