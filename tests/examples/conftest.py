"""Provide the contacts that examples read."""

from collections.abc import Iterator

import pytest

from sandbox.aws_server import AwsServer
from tests.clock import Clock
from tests.contact_centre import ContactCentre, contact_centre


@pytest.fixture
def centre(aws: AwsServer, still: Clock) -> Iterator[ContactCentre]:
    with contact_centre(aws, still) as centre:
        yield centre
