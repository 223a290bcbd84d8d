"""Test what all operations of the stand-in have in common: latency, and no need for a signature."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from sandbox import aws_server
from sandbox.aws_server import AwsServer
from tests.sandbox.amazon_connect.conftest import NOW, error

WINDOW = {"Type": "INITIATION_TIMESTAMP", "StartTime": NOW, "EndTime": NOW}
CALLS: dict[str, dict[str, Any]] = {
    "search_contacts": {"TimeRange": WINDOW},
    "list_queues": {},
    "list_users": {},
    "describe_contact": {"ContactId": "c-1"},
    "get_contact_attributes": {"InitialContactId": "c-1"},
}


@pytest.fixture
def slow_server() -> Iterator[AwsServer]:
    server = AwsServer(latency=0.75)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def unsigned(slow_server: AwsServer) -> Any:
    """Create a boto3 client without credentials."""
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("connect", region_name="eu-west-2", endpoint_url=slow_server.url, config=config)


@pytest.mark.parametrize("operation", CALLS)
def test_every_operation_has_latency_and_needs_no_signature(
    unsigned: Any, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(aws_server, "time", SimpleNamespace(sleep=slept.append))
    found = error(getattr(unsigned, operation), InstanceId="nowhere", **CALLS[operation])
    assert found.code == "ResourceNotFoundException"  # Amazon Connect's answer, and not that of another service
    assert slept == [0.75]
