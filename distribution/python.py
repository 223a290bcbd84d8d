"""Find the interpreters to build for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LAMBDA_VERSION = "3.13"
UV = str(Path(sys.executable).with_name("uv"))


def python_like_lambda() -> str | None:
    """Return an interpreter of this machine with Lambda's version, or None."""
    # If python3.13 is a shim of pyenv, it needs this variable.
    environment = os.environ | {"PYENV_VERSION": LAMBDA_VERSION}
    command = [UV, "python", "find", "--no-project", "--system", "--no-python-downloads", LAMBDA_VERSION]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    return found.stdout.strip() if found.returncode == 0 else None


def python_of_this_machine() -> str:
    """Return the interpreter that the variable PYTHON names, by default that of the virtual environment."""
    named = os.environ.get("PYTHON")
    if not named:
        return sys.executable
    if (found := shutil.which(named)) is None:
        raise FileNotFoundError(f"PYTHON names no interpreter: {named}")
    return found
