"""Compare the service with alternatives (scripts/bench). See benchmarks/README.md."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import cold, growth, instructions, restored, warm
from benchmarks.canned_aws import UPSTREAM_SECONDS, Address, canned_aws
from benchmarks.trees import ROOT, Subject, interpreter, subjects

_LIBRARIES = ("boto3", "aws-lambda-powertools", "pydantic", "fastapi", "mangum", "chalice")
_PARTS = ("restored", "cold", "warm", "names", "memory", "growth")

# A ratio that has grown by more than this is no noise.
_ALERT = 1.3

Ratios = dict[str, float | None]


def main() -> int:
    """Return 1 if a ratio has grown since the file of `--compare` was written."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Compare the service with its peers.")
    parser.add_argument("--rounds", type=int, default=20, help="number of measurements of each (20)")
    parser.add_argument("--only", choices=_PARTS, help="run only this part; growth runs only if it is named here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios to this file")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help=f"fail if a ratio is more than {_ALERT} times that of this file"
    )
    options = parser.parse_args()
    earlier: Ratios = json.loads(options.compare.read_text(encoding="utf-8")) if options.compare else {}
    python = interpreter()
    all_subjects = subjects(python)
    print(_machine(python), flush=True)
    with canned_aws() as aws:
        if options.only == "growth":
            growth.show(python, all_subjects["ours"], aws, options.rounds)
            return 0
        ratios: Ratios = {}
        parts = {
            "restored": show_restored,
            "cold": show_cold,
            "warm": show_warm,
            "names": show_names,
            "memory": show_memory,
        }
        for part, show in parts.items():
            if options.only in (None, part):
                ratios |= show(python, all_subjects, aws, options.rounds)
    print()
    for name, ratio in ratios.items():
        print(f"{name:<30} {'-' if ratio is None else f'{ratio:.2f}'}")
    if options.json:
        options.json.write_text(json.dumps(ratios, indent=2) + "\n")
    slower = grown(ratios, earlier)
    for name, (before, after) in slower.items():
        print(f"{name} has grown from {before:.2f} to {after:.2f}")
    return 1 if slower else 0


def grown(ratios: Mapping[str, float | None], earlier: Mapping[str, float | None]) -> dict[str, tuple[float, float]]:
    """Return the ratios that are more than `_ALERT` times what they were, each as it was and as it is."""
    both = {name: (earlier.get(name), ratio) for name, ratio in ratios.items()}
    return {
        name: (before, after)
        for name, (before, after) in both.items()
        if before is not None and after is not None and after > _ALERT * before
    }


def show_restored(python: str, all_subjects: Mapping[str, Subject], aws: Address, rounds: int) -> Ratios:
    compared = dict(all_subjects) | {"ours": warm.with_everything_on(all_subjects["ours"])}
    took = restored.milliseconds(python, compared, aws, rounds)
    _table("First invocation after a restore, ms of wall time", took, "bare")
    over_tls = restored.milliseconds(python, compared, aws, rounds, tls=True)
    _table("The same over TLS", over_tls, "bare")
    variables = aws.variables() | restored.SNAP_START
    ours, bare = (instructions.count_first_call(python, compared[name], variables) for name in ("ours", "bare"))
    return {
        "restored_ir_vs_bare": instructions.ratio(ours, bare),
        "restored_vs_bare": took["ours"] / took["bare"],
        "restored_tls_vs_bare": over_tls["ours"] / over_tls["bare"],
    }


def show_cold(python: str, all_subjects: Mapping[str, Subject], aws: Address, rounds: int) -> Ratios:
    took = cold.milliseconds(python, all_subjects, aws, rounds)
    _table("Cold start, ms of wall time", took, "bare")
    ours, bare = (
        instructions.count_until_answered(python, all_subjects[name], aws.variables()) for name in ("ours", "bare")
    )
    peers = {f"cold_vs_{name}": took["ours"] / took[name] for name in ("bare", "powertools", "fastapi", "chalice")}
    return {"cold_ir_vs_bare": instructions.ratio(ours, bare)} | peers


def show_warm(python: str, all_subjects: Mapping[str, Subject], aws: Address, rounds: int) -> Ratios:
    ours = all_subjects["ours"]
    all_on = warm.with_everything_on(ours)
    compared = {
        "boto3 call": all_subjects["bare"].variant("boto3 call", "bare.call"),
        "ours": warm.without_limits(ours),
        "ours, all on": all_on,
        **{name: subject for name, subject in all_subjects.items() if name != "ours"},
    }
    took = warm.cpu(python, compared, aws, rounds)
    _table("Warm call, ms of CPU", took, "boto3 call")
    upstream = f"upstream of {1000 * UPSTREAM_SECONDS:.0f} ms"
    waits = warm.wall(
        python,
        {upstream: (all_on, aws.variables("slow", "losing")), "cache hit": (all_on, aws.variables("slow", "keeping"))},
        max(rounds // 4, 1),
    )
    _table("Warm call of ours, ms of wall time", waits, upstream)
    ours_ir, full_ir, call_ir = (
        instructions.count_warm_call(python, compared[name], aws.variables())
        for name in ("ours", "ours, all on", "boto3 call")
    )
    return {
        "warm_ir_vs_bare_call": instructions.ratio(ours_ir, call_ir),
        "warm_full_ir_vs_bare_call": instructions.ratio(full_ir, call_ir),
        "warm_vs_bare_call": took["ours"] / took["boto3 call"],
        "warm_full_vs_bare_call": took["ours, all on"] / took["boto3 call"],
        "cache_hit_vs_upstream_200ms": waits["cache hit"] / waits[upstream],
    }


def show_names(python: str, all_subjects: Mapping[str, Subject], aws: Address, _: int) -> Ratios:
    """Count the instructions that names add to a warm call once the directory is known.

    The limiter is off, because its waits would make the counts vary.
    """
    ours = warm.without_limits(all_subjects["ours"])

    def count(**parameters: Any) -> int | None:
        return instructions.count_warm_call(python, ours, aws.variables(), parameters)

    without_names = count()
    with_names = {
        "expand_ir_vs_without": count(expand="queue,agent"),
        "queue_name_ir_vs_without": count(queue="queues 0"),
    }
    return {name: instructions.ratio(counted, without_names) for name, counted in with_names.items()}


def show_memory(python: str, all_subjects: Mapping[str, Subject], aws: Address, rounds: int) -> Ratios:
    compared = dict(all_subjects) | {"ours": warm.with_everything_on(all_subjects["ours"])}
    first, after_all = cold.megabytes(python, compared, aws, max(rounds // 4, 1))
    _table("Memory at its peak until the first answer, MB", first, "bare")
    _table(f"Memory at its peak after {cold.FURTHER_CALLS} further calls, MB", after_all, "bare")
    _table("Size of the tree, MB", {name: subject.megabytes for name, subject in all_subjects.items()}, "bare")
    zips = {path.name: path.stat().st_size / 1e6 for path in sorted((ROOT / "dist").glob("*.zip"))}
    for name, megabytes in zips.items():
        print(f"{name}: {megabytes:.2f} MB")
    return {"rss_vs_bare": first["ours"] / first["bare"]}


def _table(title: str, values: Mapping[str, float], reference: str) -> None:
    """Print a table. Each row has the median, and its difference from and ratio to the reference."""
    print(f"\n{title:<50} {'median':>9} {'added':>9} {'ratio':>7}")
    base = values[reference]
    for name, value in values.items():
        print(f"  {name:<48} {value:>9.2f} {value - base:>+9.2f} {value / base:>7.2f}", flush=True)


def _machine(python: str) -> str:
    """Describe the machine and the versions that the figures are for."""
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    libraries = ", ".join(_versions(_LIBRARIES))
    return f"{os.cpu_count()} CPUs, {_model()}, {platform.system()}; {version.stdout.strip()}; {libraries}"


def _model() -> str:
    """Return the model of the processor, or its architecture if it is not known."""
    try:
        description = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    match = re.search(r"model name\s*: (.+)", description)
    return match[1] if match else platform.machine()


def _versions(libraries: Iterable[str]) -> list[str]:
    lock = (ROOT / "requirements" / "benchmarks.txt").read_text(encoding="utf-8")
    return [f"{name} {version}" for name in libraries for version in re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE)]


if __name__ == "__main__":
    sys.exit(main())
