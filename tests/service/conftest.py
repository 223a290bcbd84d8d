"""Provide exports whose slices the test runs as the state machine would."""

import gzip
import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.request import urlopen

import boto3
import pytest

from contact_search.aws_clients import connect_client, dynamodb_client, s3_client
from contact_search.search.grants import Grant
from operations import registry
from operations.deployed import Deployed
from sandbox.gateway.lambda_runtime import Context
from tests.canary import assert_nothing_logged, recorded, sensitive_texts
from tests.conftest import Answer, Api, Gateway, SampleContact

_NUMBERS = itertools.count()  # makes names of buckets and clients unique
_MOST_SLICES = 200
_DEFINITION = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}}


@dataclass(frozen=True)
class AwsClients:
    """Hold clients that all tests share, because to create them takes more time than most tests.

    Attributes:
        workers: The clients of workers, by the function that creates them.
    """

    s3: Any
    step_functions: Any
    workers: dict[str, Any]


@dataclass(frozen=True)
class Exports:
    """Create and run the exports of one client, with a bucket and a state machine of the test's own."""

    api: Api
    client: str
    aws: AwsClients
    bucket: str
    state_machine: str
    _run_slice: Callable[[dict[str, Any]], dict[str, Any]]

    def of_new_client(self, stack: Deployed, grant: Grant) -> "Exports":
        """Add a client with this grant. Return its exports."""
        name = f"exporting-{next(_NUMBERS)}"
        registry.add(stack, name, "internal", grant, f"key-of-{name}")
        return replace(self, api=self.api.as_client(f"key-of-{name}"), client=name)

    def post(self, body: Any, headers: dict[str, str] | None = None) -> Answer:
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": "application/json", **(headers or {})}
        return self.api.send("POST", "/v1/exports", headers=headers, body=octets)

    def create(self, body: Any, headers: dict[str, str] | None = None) -> str:
        """Create an export and return its id."""
        answer = self.post(body, headers)
        assert answer.status == 202, answer.text
        return str(answer.json["id"])

    def get(self, export_id: str) -> Any:
        answer = self.api.send("GET", f"/v1/exports/{export_id}")
        assert answer.status == 200, answer.text
        return answer.json

    def delete(self, export_id: str) -> Answer:
        return self.api.send("DELETE", f"/v1/exports/{export_id}")

    def event(self, export_id: str) -> dict[str, Any]:
        """Return the input of the state machine."""
        return {"client": self.client, "export_id": export_id}

    def run_slice(self, export_id: str) -> bool:
        """Invoke the worker once. Return whether the export is done."""
        return bool(self._run_slice(self.event(export_id))["is_done"])

    def give_up(self, export_id: str, error: Any) -> None:
        """Do what the state machine does after its last attempt."""
        assert self._run_slice(self.event(export_id) | {"error": error}) == {"is_done": True}

    def finish(self, export_id: str) -> Any:
        """Run the worker until the export is done, and return the export."""
        for _ in range(_MOST_SLICES):
            if self.run_slice(export_id):
                return self.get(export_id)
        raise AssertionError("the export does not end")

    def files(self) -> list[str]:
        """Return the files in the bucket."""
        return sorted(one["Key"] for one in self.aws.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ()))

    def executions(self) -> list[Any]:
        """Return the executions of the state machine."""
        return list(self.aws.step_functions.list_executions(stateMachineArn=self.state_machine)["executions"])


def download(export: Any) -> list[bytes]:
    """Download the parts of an export, check them, and return their content."""
    contents = []
    for part in export["parts"]:
        with urlopen(part["url"], timeout=60) as response:  # noqa: S310 - the stand-in's address
            assert response.headers["content-encoding"] is None
            file = response.read()
        assert len(file) == part["bytes"]
        assert hashlib.sha256(file).hexdigest() == part["sha256"]
        contents.append(gzip.decompress(file))
    return contents


def contacts_of(export: Any) -> list[dict[str, Any]]:
    """Return all contacts of an export in NDJSON."""
    contacts: list[dict[str, Any]] = []
    for part, content in zip(export["parts"], download(export), strict=True):
        lines = content.decode().removesuffix("\n").split("\n")
        assert len(lines) == part["contacts"]
        contacts += map(json.loads, lines)
    assert len(contacts) == export["contacts"]
    return contacts


@pytest.fixture(scope="session")
def aws_clients(gateway: Gateway) -> AwsClients:  # noqa: ARG001 - the stand-in is there
    workers = {
        "connect_client": connect_client(),
        "dynamodb_client": dynamodb_client(read_timeout=5, attempts=3),
        "s3_client": s3_client(read_timeout=20, attempts=3),
    }
    return AwsClients(boto3.client("s3"), boto3.client("stepfunctions"), workers)


@pytest.fixture(scope="session")
def sensitive(contacts: list[SampleContact]) -> set[str]:
    """Return what workers may not log."""
    return sensitive_texts(contact.summary for contact in contacts)


@pytest.fixture
def exports(
    api: Api,
    stack: Deployed,
    sensitive: set[str],
    aws_clients: AwsClients,
    monkeypatch: pytest.MonkeyPatch,
) -> Exports:
    """Return the exports of a new client that may see everything, in slices of 400 contacts."""
    import search_handler  # noqa: PLC0415 - it reads its settings when it is imported

    bucket = f"exports-{next(_NUMBERS)}"
    s3, step_functions = aws_clients.s3, aws_clients.step_functions
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    arn = step_functions.create_state_machine(
        name=bucket, definition=json.dumps(_DEFINITION), roleArn="arn:aws:iam::111122223333:role/exports"
    )["stateMachineArn"]
    monkeypatch.setenv("EXPORT_BUCKET_NAME", bucket)
    monkeypatch.setenv("EXPORT_SLICE_CONTACTS", "400")
    monkeypatch.setenv("EXPORT_SLICE_SECONDS", "600")
    import export_handler  # noqa: PLC0415

    for function, client in aws_clients.workers.items():
        monkeypatch.setattr(export_handler, function, lambda client=client, **_: client)
    monkeypatch.setattr(export_handler, "tools", export_handler.create_tools())
    places = {"export_bucket_name": bucket, "export_state_machine_arn": arn}
    settings = search_handler.services.settings.model_copy(update=places)
    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, settings=settings))

    context: Any = Context("export")

    def run_slice(event: dict[str, Any]) -> dict[str, Any]:
        with recorded() as log:
            try:
                answer: dict[str, Any] = export_handler.handler(event, context)
            finally:
                assert_nothing_logged(sensitive, log.getvalue())
        return answer

    return Exports(api, "nobody", aws_clients, bucket, arn, run_slice).of_new_client(stack, registry.EVERYTHING)


@pytest.fixture
def exporting_client(stack: Deployed, exports: Exports) -> Callable[..., Exports]:
    """Return a function that creates a client with this grant, which allows exports by default."""

    def make(grant: Grant = registry.EVERYTHING) -> Exports:
        return exports.of_new_client(stack, grant)

    return make
