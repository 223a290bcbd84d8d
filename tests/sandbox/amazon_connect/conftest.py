"""Run the stand-in over HTTP with contacts, behaviour and a clock that belong to one test."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.amazon_connect import directory, models, request_quota
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.amazon_connect.models import BURSTS, SearchableConnectBackend
from sandbox.amazon_connect.request_quota import RequestQuota
from sandbox.aws_server import ACCOUNT, AwsServer, connect_backend
from sandbox.contact_data.contact_record import parse_contact_record

REGION = "us-west-2"  # no other test uses it
INSTANCE_ID = "5a6b7c8d-0000-4000-8000-000000000015"
INSTANCE_ARN = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{INSTANCE_ID}"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Stand still until a test sets `now`."""

    now: datetime = NOW

    def time(self) -> float:
        return self.now.timestamp()


@pytest.fixture(scope="session")
def server() -> Iterator[AwsServer]:
    server = AwsServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (models, directory):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(request_quota, "monotonic", clock.time)
    return clock


@pytest.fixture
def backend(clock: Clock) -> Iterator[SearchableConnectBackend]:  # noqa: ARG001 - sets the time
    """Reset Amazon Connect to an instance without contacts."""
    backend = connect_backend(REGION)
    backend.add_instance(INSTANCE_ARN)
    backend.contacts.close()
    backend.contacts, backend.behaviour = ContactStore(), Behaviour()
    backend.quotas = {operation: RequestQuota(burst) for operation, burst in BURSTS.items()}
    yield backend
    backend.contacts.close()
    backend.contacts = ContactStore()


@pytest.fixture(scope="session")
def client(server: AwsServer) -> Any:
    """Create a boto3 client that does not retry."""
    return boto3.client(
        "connect",
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the stand-in ignores credentials
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def connect(client: Any, backend: SearchableConnectBackend) -> Any:  # noqa: ARG001 - resets what the server serves
    """Return the client of an Amazon Connect that is empty."""
    return client


def put(backend: SearchableConnectBackend, *records: dict[str, Any]) -> None:
    """Store contacts from contact records."""
    backend.contacts.put(parse_contact_record(record) for record in records)


def record(contact_id: str, age: timedelta = timedelta(days=1), **members: Any) -> dict[str, Any]:
    """Build a contact record that began `age` before NOW."""
    return {
        "ContactId": contact_id,
        "InstanceARN": INSTANCE_ARN,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": to_text(NOW - age),
    } | members


def queue(queue_id: str, name: str | None = None) -> dict[str, Any]:
    return {"ARN": f"{INSTANCE_ARN}/queue/{queue_id}", "Name": name}


def agent(agent_id: str, username: str | None = None) -> dict[str, Any]:
    return {"ARN": f"{INSTANCE_ARN}/agent/{agent_id}", "Username": username}


def to_text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def error(call: Any, **request: Any) -> SimpleNamespace:
    """Call an operation that fails; return the error's code, HTTP status and message."""
    with pytest.raises(ClientError) as raised:
        call(**{"InstanceId": INSTANCE_ID} | request)
    response = raised.value.response
    return SimpleNamespace(
        code=response["Error"]["Code"],
        status=response["ResponseMetadata"]["HTTPStatusCode"],
        message=response["Error"]["Message"],
    )
