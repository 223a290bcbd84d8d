"""The service as its callers meet it: HTTP events through the real handler, boto3 over the wire to the stand-in."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from sandbox.aws_server import AwsServer
from sandbox.contact_data.contact_lens import transcript_of
from sandbox.contact_data.contact_record import StoredContact, contact_of
from sandbox.contact_data.sample import INSTANCE_ARN, sample_contacts
from sandbox.deployment import deploy
from sandbox.gateway.lambda_runtime import Context
from sandbox.gateway.proxy_event import Request, event_of, response_of
from sandbox.gateway.template import synthesized

JSON = "application/json"
INSTANCE_ID = INSTANCE_ARN.rsplit("/", 1)[-1]
TODAY = datetime.now(UTC).date()


@dataclass(frozen=True, repr=False)
class SampleContact:
    """A contact of the stand-in, with what was said in it by role."""

    stored: StoredContact
    said: dict[str, list[str]]

    @property
    def summary(self) -> dict[str, Any]:
        return self.stored.summary


@pytest.fixture(scope="session")
def contacts() -> list[SampleContact]:
    """The contacts that the stand-in has."""
    return [
        SampleContact(contact_of(one.record), transcript_of(one.analysis)[1] if one.analysis else {})
        for one in sample_contacts(1_500, 7, TODAY)
    ]


@pytest.fixture(scope="session")
def aws(contacts: list[SampleContact]) -> Iterator[AwsServer]:
    server = AwsServer()
    server.connect.add_instance(INSTANCE_ARN)
    server.connect.contacts.put(contact.stored for contact in contacts)
    server.connect.contacts.put_transcripts((contact.summary["Id"], contact.said) for contact in contacts)
    server.start()
    [function] = deploy(synthesized(), server.url, INSTANCE_ARN, None, {"QUOTA_RATE": "0", "PAGE_SECONDS": "0"})
    os.environ |= function.environment
    yield server
    server.stop()
    server.connect.contacts.close()


@pytest.fixture(scope="session")
def connect(aws: AwsServer) -> Any:
    """A boto3 client of the stand-in."""
    return boto3.client("connect", endpoint_url=aws.url)


@dataclass(frozen=True)
class Answer:
    """A response, with its JSON where it has some."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def faults(self) -> set[tuple[str, str]]:
        """The parameter or pointer, and the code, of each fault of a validation problem."""
        assert self.json["type"] == "/problems/validation", self.text
        return {(fault.get("parameter") or fault["pointer"], fault["code"]) for fault in self.json["errors"]}


class Api:
    """Sends requests to the handler, as API Gateway would."""

    def __init__(self) -> None:
        import search_handler  # noqa: PLC0415 - it reads its settings when it is imported

        self._handler: Callable[..., Any] = search_handler.handler

    def send(
        self, method: str, path: str, query: str = "", headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        request = Request(method, path.encode(), query.encode(), list((headers or {}).items()), body, "127.0.0.1")
        event = event_of(request, "request-1", path)
        response = response_of(self._handler(event, Context("search")))
        return Answer(response.status, dict(response.headers), response.body.decode())

    def get(self, headers: dict[str, str] | None = None, /, **parameters: Any) -> Answer:
        """GET /v1/contacts; a parameter's `__` is a dot, a trailing `_` is dropped, a list is repeated."""
        pairs = {name.rstrip("_").replace("__", "."): value for name, value in parameters.items()}
        return self.send("GET", "/v1/contacts", urlencode(pairs, doseq=True), headers)

    def post(self, body: Any) -> Answer:
        """POST /v1/contacts/search; bytes are sent as they are, anything else as JSON."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", "/v1/contacts/search", headers={"content-type": JSON}, body=octets)

    def walk(self, **parameters: Any) -> list[dict[str, Any]]:
        """All contacts from the first page to the last."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = self.get(**parameters, **cursor)
            assert answer.status == 200, answer.text
            found += answer.json["contacts"]
            if answer.json["next_cursor"] is None:
                return found
            cursor = {"cursor": answer.json["next_cursor"]}


@pytest.fixture(scope="session")
def api(aws: AwsServer) -> Api:  # noqa: ARG001 - the handler's settings come from it
    return Api()
