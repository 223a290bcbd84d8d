"""scripts/build: what is deployed, as Lambda takes it, or the same for this machine's Python."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from distribution import botocore_data, pruning
from distribution.archive import write_archive
from distribution.bytecode import compile_tree
from distribution.freshness import digest_of_sources, write_stamp
from distribution.lazy_exports import defer_exports
from distribution.python import LAMBDA_VERSION, python_like_lambda, python_of_this_machine
from distribution.requirements import install_for, install_for_lambda

_ROOT = Path(__file__).parent.parent
_TASK = Path("/var/task")  # where Lambda unpacks a zip
# Bytes that the zip of each function may have: what it loads on a cold start grows with it.
LARGEST = {"search": 8_000_000, "authorizer": 12_000_000}


class TooLargeError(Exception):
    """A zip is larger than it may be."""


def main() -> None:
    given = _parser().parse_args()
    try:
        made = build_for_host(given.output / "host") if given.host else build_for_lambda(given.output)
    except (OSError, TooLargeError) as error:
        sys.exit(f"Nothing was built: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"Nothing was built: {Path(error.cmd[0]).name} failed, see above")
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB" if path.is_file() else path)


def build_for_lambda(output: Path) -> list[Path]:
    """Makes a folder and a zip for each function; returns the zips. What is there is replaced once all is made."""
    digest = digest_of_sources()
    python = python_like_lambda()
    if python is None:
        print(
            f"There is no Python {LAMBDA_VERSION} here, so there is no byte code in the zips: cold starts take longer",
            file=sys.stderr,
        )

    def make(function: str, folder: Path) -> None:
        tree = folder / function
        install_for_lambda(function, tree)
        _finish(function, tree, python, _TASK)
        write_archive(tree, folder / f"{function}.zip")
        _check_size(folder / f"{function}.zip", LARGEST[function])

    _make_all(output, make, [*LARGEST, *_zips()])
    write_stamp(output, digest)
    return [output / name for name in _zips()]


def build_for_host(output: Path) -> list[Path]:
    """Makes a folder for each function and returns them: what Lambda would have, for this machine's Python."""
    python = python_of_this_machine()

    def make(function: str, folder: Path) -> None:
        install_for(python, function, folder / function)
        _finish(function, folder / function, python, output.resolve() / function)

    _make_all(output, make, LARGEST)
    return [output / function for function in LARGEST]


def _make_all(output: Path, make: Callable[[str, Path], None], names: Iterable[str]) -> None:
    """Makes all functions in a folder aside, then puts what has these names in its place."""
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output, prefix=".building-") as aside:
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda function: make(function, Path(aside)), LARGEST))
        for name in names:
            place = output / name
            if place.is_dir():
                shutil.rmtree(place)
            (Path(aside) / name).replace(place)


def _finish(function: str, tree: Path, python: str | None, found_at: Path) -> None:
    """Makes a tree of requirements the tree of the function, to be found at that place."""
    pruning.prune(tree, function)
    botocore_data.prune(tree, botocore_data.OPERATIONS[function])
    defer_exports(tree)
    shutil.copytree(_ROOT / "lambdas", tree, ignore=shutil.ignore_patterns("__pycache__", ".*"), dirs_exist_ok=True)
    if python is not None:
        compile_tree(python, tree, found_at)


def _check_size(archive: Path, largest: int) -> None:
    size = archive.stat().st_size
    if size > largest:
        raise TooLargeError(f"{archive.name} would have {size / 1e6:.2f} MB, where {largest / 1e6:.0f} MB are allowed")


def _zips() -> list[str]:
    return [f"{function}.zip" for function in LARGEST]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/build", description="Makes what is deployed. Needs no Docker.")
    parser.add_argument("--output", type=Path, default=Path("dist"), metavar="DIR", help="where it goes (dist)")
    parser.add_argument(
        "--host",
        action="store_true",
        help="make folders for this machine's Python, or the one that the variable PYTHON names, in DIR/host",
    )
    return parser


if __name__ == "__main__":
    main()
