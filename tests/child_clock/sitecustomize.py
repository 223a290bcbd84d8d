"""Sets the clock of a process that a test has started: it ticks, from the time that the test has.

Python imports this module at its start when its folder is on PYTHONPATH.
"""

import os
import select
import sys
import time


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


if "FAKETIME_DONT_FAKE_MONOTONIC" in os.environ:  # set by scripts/test-any-day
    # Without monotonic time libfaketime 0.9 fails Python's way of sleeping; with it, waiting for a lock never ends.
    time.sleep = _sleep  # type: ignore[assignment]

_SECONDS_AHEAD = os.environ.get("TESTS_CLOCK_SECONDS_AHEAD")

if _SECONDS_AHEAD:
    sys.modules["pytest"] = None  # type: ignore[assignment] # time-machine imports it, which takes a quarter of a second
    try:
        import time_machine
    except ImportError:  # another interpreter, such as the one that scripts/build compiles with
        pass
    else:
        time_machine.travel(time.time() + float(_SECONDS_AHEAD)).start()
        time.time()  # the clock ticks from the first time that it is read
    finally:
        del sys.modules["pytest"]
