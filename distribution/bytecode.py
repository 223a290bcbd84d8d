"""Byte code beside the sources, without which a cold start compiles all that it imports."""

import subprocess
from pathlib import Path


def compile_tree(python: str, tree: Path, found_at: Path) -> None:
    """Compiles the modules of a tree with this interpreter, for the folder where the tree will be found.

    It is byte code that no time stamp is compared with (unchecked-hash), as a zip has others than the files had.
    """
    command = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(tree), "-p", str(found_at), str(tree)], check=True)  # noqa: S603
