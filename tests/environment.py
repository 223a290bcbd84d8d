"""Let tests change the environment of this process while its threads run."""

import os
import subprocess
from typing import Any


def keep_environment_in_place() -> None:
    """Let changes of os.environ reach this process's Python and the processes that it starts, but not C.

    C reads its environment without a lock, and adding a variable may move it. libfaketime reads it whenever a thread
    waits for Python's lock, so now and then a run of scripts/test-any-day ended with a segmentation fault in getenv.
    """
    os.putenv = lambda *_: None
    os.unsetenv = lambda *_: None
    start: Any = subprocess.Popen.__init__

    def start_with_environment(self: Any, *arguments: Any, env: Any = None, **options: Any) -> None:
        start(self, *arguments, env=os.environ if env is None else env, **options)

    subprocess.Popen.__init__ = start_with_environment  # type: ignore[method-assign]
