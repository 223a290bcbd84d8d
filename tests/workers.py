"""Say how pytest-xdist's workers share the tests, in which order, and what happens when one crashes."""

import os
from typing import NoReturn

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Files that share a service, a build or Node.js, which take seconds to start: a worker has all of a group.
_GROUPS = {
    "tests/browser/": "browser",
    "tests/distribution/": "distribution",
    "tests/documentation/": "sample",
    "tests/infra/": "infra",
    "tests/operations/": "operations",
    "tests/sandbox/test_examples.py": "sample",
}

# Files that would be among the last, and take so long that one worker alone would end the run with them.
_FIRST = ("tests/service/test_schemathesis.py",)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Give workers the tests by file, so that the fixtures of a file are set up once, or by group."""

    def _split_scope(self, nodeid: str) -> str:
        groups = (group for beginning, group in _GROUPS.items() if nodeid.startswith(beginning))
        return next(groups, nodeid.partition("::")[0])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that take long first. The others stay in the order of their files."""
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))


@pytest.hookimpl(optionalhook=True)  # without xdist there are no workers
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Replace `--dist loadfile` of pyproject.toml."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start three workers for two cores: many tests wait for processes, for a quota or for a lifetime to end."""
    return min((os.cpu_count() or 1) * 3 // 2, 8)


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str) -> NoReturn:
    """End the run when a worker has crashed: pytest-xdist often waits for ever then (its issue 1378)."""
    pytest.exit(f"a worker has crashed in {crashitem}", returncode=1)
