"""Build what is deployed (scripts/build), for Lambda or for this machine's Python."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
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
# The largest zip of each function, in bytes: cold starts take longer with larger ones.
LARGEST = {"search": 8_000_000, "authorizer": 12_000_000}


class TooLargeError(Exception):
    """Report a zip that is larger than LARGEST allows."""


def main() -> None:
    """Build, and print what was built."""
    arguments = _parser().parse_args()
    output: Path = arguments.output
    try:
        built = build_for_host(output / "host") if arguments.host else build_for_lambda(output)
    except (OSError, TooLargeError, botocore_data.UnexpectedDataError) as error:
        sys.exit(f"Nothing was built: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"Nothing was built: {Path(error.cmd[0]).name} failed, see above")
    for path in built:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB" if path.is_file() else path)


def build_for_lambda(output: Path) -> list[Path]:
    """Build a folder and a zip for each function. Return the zips. Older ones are replaced when all are built."""
    digest = digest_of_sources()
    python = python_like_lambda()
    if python is None:
        print(
            f"Python {LAMBDA_VERSION} is not installed, so there is no byte code in the zips: cold starts take longer",
            file=sys.stderr,
        )
    with _replacing(output, [*LARGEST, *_zips()]) as aside:
        _make_trees(aside, install_for_lambda)
        if python is not None:
            first, *others = (aside / function for function in LARGEST)
            compile_tree(python, first, _TASK)
            for other in others:  # most of its modules are those of the first one
                compile_tree(python, other, _TASK, first)
        _for_all_functions(lambda function: _pack(function, aside))
    write_stamp(output, digest)
    return [output / name for name in _zips()]


def build_for_host(output: Path) -> list[Path]:
    """Build a folder for each function, as for Lambda but with this machine's Python. Return the folders."""
    python = python_of_this_machine()
    with _replacing(output, LARGEST) as aside:
        _make_trees(aside, partial(install_for, python))
        _for_all_functions(lambda function: compile_tree(python, aside / function, output.resolve() / function))
    return [output / function for function in LARGEST]


@contextmanager
def _replacing(output: Path, names: Iterable[str]) -> Iterator[Path]:
    """Make a temporary folder to build in. If nothing fails, move the named files and folders to the output."""
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output, prefix=".building-") as name:
        aside = Path(name)
        yield aside
        for built in names:
            place = output / built
            if place.is_dir():
                shutil.rmtree(place)
            (aside / built).replace(place)


def _for_all_functions(do: Callable[[str], None]) -> None:
    with ThreadPoolExecutor() as threads:
        list(threads.map(do, LARGEST))


def _make_trees(folder: Path, install: Callable[[str, Path], None]) -> None:
    """Make a folder for each function, with the sources of all that it needs."""

    def make(function: str) -> None:
        tree = folder / function
        install(function, tree)
        pruning.prune(tree, function)
        botocore_data.prune(tree, botocore_data.OPERATIONS[function])
        defer_exports(tree)
        shutil.copytree(_ROOT / "lambdas", tree, ignore=shutil.ignore_patterns("__pycache__", ".*"), dirs_exist_ok=True)

    _for_all_functions(make)


def _pack(function: str, folder: Path) -> None:
    archive = folder / f"{function}.zip"
    write_archive(folder / function, archive)
    _check_size(archive, LARGEST[function])


def _check_size(archive: Path, largest: int) -> None:
    size = archive.stat().st_size
    if size > largest:
        raise TooLargeError(f"{archive.name} would have {size / 1e6:.2f} MB, and {largest / 1e6:.0f} MB are allowed")


def _zips() -> list[str]:
    return [f"{function}.zip" for function in LARGEST]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/build", description="Build what is deployed, without Docker.")
    parser.add_argument(
        "--output", type=Path, default=Path("dist"), metavar="DIR", help="the folder for the results (dist)"
    )
    parser.add_argument(
        "--host",
        action="store_true",
        help="build folders in DIR/host, for this machine's Python or the one that the variable PYTHON names",
    )
    return parser


if __name__ == "__main__":
    main()
