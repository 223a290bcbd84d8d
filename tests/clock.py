"""Set the clock of the suite: each test begins at the same time, on every machine and every day."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import time_machine

# A Wednesday in the middle of the working day, so that the sample has contacts of all kinds in the days before.
NOW = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
TODAY = NOW.date()
MIDNIGHT = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)

# For limiters in tests whose clock stands still: they measure how long a write takes, and would write for ever if the
# wall clock stood still while the monotonic one went on.
REAL_TIME = SimpleNamespace(time=time_machine.escape_hatch.time.time, monotonic=time.monotonic, sleep=time.sleep)

# Processes that tests start import `sitecustomize` from here, so that their clocks continue from this process's.
CHILD_CLOCK = Path(__file__).with_name("child_clock")
_SECONDS_AHEAD = "TESTS_CLOCK_SECONDS_AHEAD"


class Clock:
    """Set the wall clock of this process and of those that it starts. Monotonic clocks stay as they are."""

    def __init__(self) -> None:
        # A timestamp, not a datetime: time-machine would set the time zone too, and no test may depend on that.
        self._travel = time_machine.travel(int(NOW.timestamp()))

    def start(self) -> None:
        """Set the clock to NOW, from where it ticks."""
        self._traveller = self._travel.start()
        self._tell_processes()

    def stand_still(self) -> None:
        """Set the clock to NOW and stop it, for tests in which the window must not move. Processes' clocks tick on."""
        self._traveller.move_to(int(NOW.timestamp()), tick=False)
        self._tell_processes()

    def advance(self, by: timedelta) -> None:
        """Let this much time pass."""
        self._traveller.shift(by)
        self._tell_processes()

    def stop(self) -> None:
        """Go back to the real time."""
        self._travel.stop()
        del os.environ[_SECONDS_AHEAD]

    def _tell_processes(self) -> None:
        os.environ[_SECONDS_AHEAD] = f"{time.time() - time_machine.escape_hatch.time.time()}"


@contextmanager
def real_time_in_processes() -> Iterator[None]:
    """Let processes that are started meanwhile see the real time, even under scripts/test-any-day.

    Programs that download packages need it: the certificates of a registry are not valid in later years.
    """
    libfaketime = os.environ.pop("LD_PRELOAD", None)
    try:
        yield
    finally:
        if libfaketime is not None:
            os.environ["LD_PRELOAD"] = libfaketime


def pythonpath(*folders: str) -> str:
    """Return PYTHONPATH for a process that imports from these folders and shares the suite's clock."""
    return os.pathsep.join((*folders, str(CHILD_CLOCK)))
