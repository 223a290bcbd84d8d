"""Compile modules at build time. Otherwise each cold start would compile every module that it imports."""

import shutil
import subprocess
from importlib.util import source_from_cache
from pathlib import Path


def compile_tree(python: str, tree: Path, found_at: Path, like: Path | None = None) -> None:
    """Compile the modules of a folder.

    The byte code is not checked against the time of its source (unchecked-hash), as times change in a zip.

    Args:
        python: The interpreter to compile with and for.
        tree: The folder.
        found_at: Where the folder will be when it is used, for tracebacks.
        like: A folder that was compiled with the same interpreter and for the same place. The byte code of the modules
            that both have is copied, as compiling them takes much longer.
    """
    compiled = _copy_byte_code(like, tree) if like is not None else set()
    modules = [f"{path}\n" for path in sorted(set(tree.rglob("*.py")) - compiled)]
    command = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(tree), "-p", str(found_at), "-i", "-"]
    if modules:  # without any, it would compile those of the interpreter
        subprocess.run(command, input="".join(modules), text=True, check=True)  # noqa: S603


def _copy_byte_code(compiled: Path, tree: Path) -> set[Path]:
    """Copy the byte code of the modules that are the same in both folders. Return these modules of the second one."""
    same = set()
    for path in compiled.glob("**/__pycache__/*.pyc"):
        source = Path(source_from_cache(str(path)))
        module = tree / source.relative_to(compiled)
        if module.is_file() and module.read_bytes() == source.read_bytes():
            copy = tree / path.relative_to(compiled)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copy)
            same.add(module)
    return same
