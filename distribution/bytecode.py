"""Compile modules at build time. Otherwise each cold start would compile every module that it imports."""

import subprocess
from pathlib import Path


def compile_tree(python: str, tree: Path, found_at: Path) -> None:
    """Compile the modules of a folder.

    The byte code is not checked against the time of its source (unchecked-hash), as times change in a zip.

    Args:
        python: The interpreter to compile with and for.
        tree: The folder.
        found_at: Where the folder will be when it is used, for tracebacks.
    """
    command = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(tree), "-p", str(found_at), str(tree)], check=True)  # noqa: S603
