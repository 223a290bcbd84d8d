"""Install the locked requirements of a function."""

import subprocess
from pathlib import Path

from distribution.python import LAMBDA_VERSION, UV

_LOCKS = Path(__file__).parent.parent / "requirements"


def install_for_lambda(function: str, tree: Path) -> None:
    """Install them into a folder for Lambda on arm64, whatever this machine is."""
    _install(function, tree, "--python-platform", "aarch64-manylinux2014", "--python-version", LAMBDA_VERSION)


def install_for(python: str, function: str, tree: Path) -> None:
    """Install them into a folder for this interpreter."""
    _install(function, tree, "--python", python)


def _install(function: str, tree: Path, *platform: str) -> None:
    command = [UV, "pip", "install", "--quiet", "--target", str(tree), *platform]
    # Files are copied, because changes to links would change uv's cache.
    command += ["--link-mode", "copy", "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "-r", str(_LOCKS / f"{function}.txt")], check=True)  # noqa: S603
