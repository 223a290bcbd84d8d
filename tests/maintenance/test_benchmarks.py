"""Test which ratios of the benchmarks count as grown."""

import json
from pathlib import Path

from benchmarks.compare import grown

_COMMITTED = Path(__file__).parents[2] / "benchmarks" / "ratios.json"


def test_a_ratio_has_grown_above_130_percent() -> None:
    earlier = {"warm": 0.5, "cold": 1.0, "cache hit": 0.01}
    assert grown({"warm": 0.66, "cold": 1.3, "cache hit": 0.005}, earlier) == {"warm": (0.5, 0.66)}


def test_a_ratio_without_a_figure_has_not_grown() -> None:
    """Instructions are not counted where valgrind is missing, and a new ratio has no figure to compare with."""
    assert grown({"instructions": None, "new": 9.0, "lost": 9.0}, {"instructions": 0.5, "lost": None}) == {}


def test_the_committed_ratios_can_be_compared_with() -> None:
    ratios = json.loads(_COMMITTED.read_text(encoding="utf-8"))
    assert all(ratio > 0 for ratio in ratios.values())
    assert grown({name: 2 * ratio for name, ratio in ratios.items()}, ratios).keys() == ratios.keys()
