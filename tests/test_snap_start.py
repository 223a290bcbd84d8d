"""What environments that start from one snapshot do not share."""

import random
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from amazon_connect.page_cache import PageCache
from snap_start import before_snapshot


def test_the_snapshot_is_prepared_and_randomness_is_not_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[Callable[[], object]] = []
    after: list[Callable[[], object]] = []
    runtime = SimpleNamespace(register_before_snapshot=before.append, register_after_restore=after.append)
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    prepared: list[int] = []
    before_snapshot(lambda: prepared.append(1))
    before[0]()
    assert prepared == [1]
    drawn = set()
    for _ in range(3):
        random.seed(1)  # as the snapshot has it
        after[0]()
        drawn.add(random.random())  # noqa: S311
    assert len(drawn) == 3


def test_environments_of_one_snapshot_are_told_apart() -> None:
    cache = PageCache(lambda: pytest.fail("the table is not needed"))
    assert "_environment" not in vars(cache)
