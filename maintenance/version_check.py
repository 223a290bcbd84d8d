"""Refuse a breaking change of openapi.json whose version does not say so: scripts/version-check --help."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maintenance.breaking_changes import breaking_changes

_ROOT = Path(__file__).parent.parent
_DOCUMENT = "openapi.json"


class NotFoundError(Exception):
    """There is no document to compare with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0 if the version says what changed, 1 if not, 2 if there is nothing to compare with."""
    options = _parser().parse_args(arguments)
    try:
        against = options.against or _last_tag(options.repository)
        if against is None:
            print("There is no tag yet, so nothing can break.")
            return 0
        old = _read(options.repository, against)
    except NotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    new = json.loads((options.repository / _DOCUMENT).read_text())
    return _report(against, old, new)


def allows_breaking(old_version: str, new_version: str) -> bool:
    """Tell whether a client of the old version expects to break: a new major version, or a new minor one below 1.0."""
    old, new = _numbers(old_version), _numbers(new_version)
    return new[0] > old[0] or (new[0] == old[0] == 0 and new[1] > old[1])


def _report(against: str, old: dict[str, Any], new: dict[str, Any]) -> int:
    changes = breaking_changes(old, new)
    old_version, new_version = old["info"]["version"], new["info"]["version"]
    if _numbers(new_version) < _numbers(old_version):
        print(f"The version is {new_version}, but {against} has {old_version} already.")
        return 1
    for change in changes:
        print(change)
    if not changes:
        print(f"Nothing breaks clients of {against} ({old_version}).")
        return 0
    if allows_breaking(old_version, new_version):
        print(f"This breaks clients of {against} ({old_version}), as the version {new_version} says.")
        return 0
    print(
        f"This breaks clients of {against} ({old_version}), but the version is {new_version}: it needs a new major one."
    )
    return 1


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _last_tag(repository: Path) -> str | None:
    """Return the newest release before this commit, None if there is none. Tags of the commit itself do not count."""
    done = _git(repository, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^")
    return done.stdout.strip() if done.returncode == 0 else None


def _read(repository: Path, against: str) -> dict[str, Any]:
    """Read the document of a file, or else of a tag or commit."""
    path = Path(against)
    if path.is_file():
        text = path.read_text()
    else:
        done = _git(repository, "show", f"{against}:{_DOCUMENT}")
        if done.returncode:
            raise NotFoundError(f"{against} is neither a file nor a tag or commit with {_DOCUMENT}")
        text = done.stdout
    document: dict[str, Any] = json.loads(text)
    return document


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/version-check",
        description="Compare openapi.json with an older one, and fail if it breaks clients although the version does"
        " not say so: a new major version, or a new minor one below 1.0.",
    )
    parser.add_argument("--against", metavar="TAG", help="a tag, commit or file to compare with; default: the last tag")
    parser.add_argument("--repository", type=Path, default=_ROOT, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
