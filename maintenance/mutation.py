"""Change the code in small ways and see whether the unit tests notice: scripts/mutate --help.

mutmut finds modules that are at the root of a folder or in `src`. So it works on a copy of the tree, in `.mutation/`,
where `lambdas` is `src`. Each run starts anew: mutmut would keep what it found of code that has not changed, although a
test has.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parent.parent
_COPY = _ROOT / ".mutation"
_FOLDERS = ("distribution", "infra", "maintenance", "operations", "sandbox", "tests")
_IGNORED = shutil.ignore_patterns("__pycache__")


class Target(NamedTuple):
    """Modules of the package and the tests that should notice a change of them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


_SEARCH, _CONNECT = "contact_search/search", "contact_search/amazon_connect"
TARGETS = {
    name: Target((f"{_SEARCH}/{name}.py",), (f"tests/unit/search/test_{name}.py",)) for name in ("cursor", "grants")
} | {
    "walk": Target((f"{_SEARCH}/walk.py",), tuple(f"tests/unit/search/test_{name}.py" for name in ("walk", "follow"))),
    "limiter": Target(
        tuple(f"{_CONNECT}/{name}.py" for name in ("rate_limiter", "slot_queue", "pacer")),
        tuple(f"tests/unit/amazon_connect/test_{name}.py" for name in ("rate_limiter", "slot_queue", "pacer")),
    ),
}
_EQUAL = "equal timestamps are told apart before"
_EARLY = "the line is read as early as it has to be, if the table is not slower than it was"
_ENDS = "it comes to an end, too"
_NOBODY = "no caller has this name"
_CASE = "DynamoDB takes keywords in either case"
_AGO = "nothing in the item is from the first millisecond of 1970"
_NEVER_RETURNS = "the limiter never returns, which mutmut sees as a timeout"
# Lines that a change makes, and why no test can tell them from what was there.
EXPLAINED = {
    'key = f"cursor {blake2b(stored, ).hexdigest()}"': "a longer digest is as good a key",
    'key = f"cursor {blake2b(stored, digest_size=17).hexdigest()}"': "a longer digest is as good a key",
    "days = [] if (lifetime == LIFETIME) and False else [lifetime.days]": "a cursor of a day may say so: it is longer",
    "return timestamp >= last_timestamp if self.search.descending else timestamp < last_timestamp": _EQUAL,
    "return timestamp > last_timestamp if self.search.descending else timestamp <= last_timestamp": _EQUAL,
    "return begins and (response.total_count or 1) > self.position.results_left * 0.9": "where an upstream search"
    " begins it has more than one result left",
    "return replace(self.position.window, )": "the next page of a walk without an end goes beyond it",
    'self._last_caller, self._throttled_caller = caller, "XXXX"': _NOBODY,
    'self._last_caller = self._throttled_caller = "XXXX"': _NOBODY,
    "self._last_caller = self._throttled_caller = None": _NOBODY,
    'return Place(caller, f"{number:x}", asked_at=1 if goes_first else self._pacer.now())': _AGO,
    "self._rate, self._burst = Fraction(rate).limit_denominator(100001), burst": "rates have fewer digits",
    "if self._queue.has_too_many(item, place):": _NEVER_RETURNS,
    "self._pacer.sleep_until(start - self._pacer.write_time * 4 // 2)": _EARLY,
    "self._pacer.sleep_until(start - self._pacer.write_time * 3 // 3)": _EARLY,
    'if item.get("next_promise", 1) < slot:': _AGO,
    'self._catch_up += max(item.get("at", 1) - self.now(), 0)': _AGO,
    'removed[TURNS] = ""': "only the keys count",
    'caller, _, last = rest.rpartition("_")': "neither part has an underscore",
    "ahead_of_caller[other.caller] += 2": "only the order of the ranks counts",
    "order[other] = ahead_of_caller[other.caller], max(other.asked_at, item.get(other.served_name, 1))": _AGO,
    "allowed = 3 * max(allowed, self.write_time)  # so that it comes to an end, however slow the table is": _ENDS,
    'tat: int = item.get("tat", 1)': _AGO,
    'condition = "attribute_not_exists(#next_promise) or #next_promise < :slot"': _CASE,
    'condition = "attribute_not_exists(#tat) or #tat < :until"': _CASE,
    'condition = "attribute_not_exists(#tat) or #tat <= :expected"': _CASE,
    "item = self._table.update(self._key, expression, values, condition=condition, returns_item=None)": _NEVER_RETURNS,
    "item = self._table.update(self._key, expression, values, condition=condition, returns_item=False)": _NEVER_RETURNS,
    "item = self._table.update(self._key, expression, values, condition=condition, )": _NEVER_RETURNS,
    "took = round(1001 * (self._clock.monotonic() - stopwatch))": "it is rounded, and never more than half a second",
    "return (timestamp - _EPOCH) / _MICROSECOND": "floats hold microseconds exactly until the year 2255: it is longer",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 1 if a change survives that is not explained, or if mutmut fails."""
    description = "Change the code in small ways, and list the changes that no test notices."
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=description)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; default: all")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many changes are tried at a time")
    options = parser.parse_args(arguments)
    if unknown := set(options.targets) - TARGETS.keys():
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    failed = [name for name in options.targets or TARGETS if not _mutate(name, options.processes)]
    return 1 if failed else 0


def _mutate(name: str, processes: int) -> bool:
    """Try all changes of the target. Return False if one survives that is not explained."""
    folder = _COPY / name
    _copy_tree(folder, TARGETS[name])
    if subprocess.run(["mutmut", "run", "--max-children", str(processes)], cwd=folder, check=False).returncode:  # noqa: S603, S607
        return False
    # Besides the survivors, these are the changes of code that no test runs, and those that took too long to judge.
    names = [line.split(":")[0].strip() for line in _mutmut(folder, "results").splitlines() if ": " in line]
    found = [_mutmut(folder, "show", survivor) for survivor in names]
    unexplained = [difference for difference in found if not is_explained(difference)]
    print("\n".join([*unexplained, f"{name}: {len(found)} changes survived, {len(unexplained)} of them unexplained"]))
    return not unexplained


def is_explained(difference: str) -> bool:
    """Tell whether the difference that mutmut shows is one line, which is explained."""
    added = [line[1:].strip() for line in difference.splitlines() if re.match(r"\+(?!\+\+ )", line)]
    return len(added) == 1 and added[0] in EXPLAINED


def _copy_tree(folder: Path, target: Target) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_ROOT / "lambdas", folder / "src", ignore=_IGNORED)
    for name in _FOLDERS:
        shutil.copytree(_ROOT / name, folder / name, ignore=_IGNORED)
    (folder / "pyproject.toml").write_text(_configuration(target))


def _configuration(target: Target) -> str:
    """Return pyproject.toml of the copy: mutmut's options, and those of pytest but for several processes."""
    modules = [f"src/{module}" for module in target.modules]
    copied = [name for name in _FOLDERS if name != "tests"]
    return f"""
[tool.mutmut]
source_paths = ["src"]
only_mutate = {modules}
also_copy = {copied}
pytest_add_cli_args = ["-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile", "mutation"]
pytest_add_cli_args_test_selection = {list(target.tests)}

[tool.pytest.ini_options]
filterwarnings = ["error"]
"""


def _mutmut(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["mutmut", *arguments], cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
