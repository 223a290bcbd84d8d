"""Run the service, and record which operations of AWS the commands call."""

import os
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.clock import pythonpath
from tests.operations.api_calls import Calls, recorded_calls
from tests.serving import Service, serving

CONTACTS, PART = 900, 200


class Served(NamedTuple):
    """Hold the address of a running scripts/serve, and the environment in which other commands find it."""

    address: str
    environment: dict[str, str]


@pytest.fixture(scope="package")
def service() -> Iterator[Service]:
    """Serve under a stage's path, as API Gateway's own address does. Exports have several parts."""
    with serving("--contacts", str(CONTACTS), "--part-contacts", str(PART), "--stage-path", "live") as running:
        yield running


@pytest.fixture(scope="package")
def served(service: Service) -> Served:
    """Return where the service is, without what this process has in its environment for AWS."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PORT", "HOST"))}
    ports = {"PORT": str(urlsplit(service.url).port), "AWS_PORT": str(urlsplit(service.aws_url).port)}
    return Served(service.url, bare | ports | {"PYTHONPATH": pythonpath("lambdas")})


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Record the calls of programs that run in `calls.environment`."""
    with recorded_calls() as calls:
        yield calls
