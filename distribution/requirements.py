"""The locked requirements of a function."""

import subprocess
from pathlib import Path

from distribution.python import LAMBDA_VERSION, UV

_LOCKS = Path(__file__).parent.parent / "requirements"


def install_for_lambda(function: str, tree: Path) -> None:
    """Installs them into the folder as Lambda on arm64 needs them, whatever this machine is."""
    _install(function, tree, "--python-platform", "aarch64-manylinux2014", "--python-version", LAMBDA_VERSION)


def install_for(python: str, function: str, tree: Path) -> None:
    """Installs them into the folder as this interpreter needs them."""
    _install(function, tree, "--python", python)


def _install(function: str, tree: Path, *platform: str) -> None:
    command = [UV, "pip", "install", "--quiet", "--target", str(tree), *platform]
    # Files are copied: as links, what is done to them here would be done to uv's cache.
    command += ["--link-mode", "copy", "--only-binary", ":all:", "--no-deps", "--require-hashes"]
    subprocess.run([*command, "-r", str(_LOCKS / f"{function}.txt")], check=True)  # noqa: S603
