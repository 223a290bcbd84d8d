"""What scripts/build --host makes, once for all tests."""

import sys
from pathlib import Path

import pytest

from distribution import build
from tests.clock import real_time_in_processes


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the functions for this interpreter."""
    output = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch, real_time_in_processes():
        patch.setenv("PYTHON", sys.executable)
        build.build_for_host(output)
    return output
