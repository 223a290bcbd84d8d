"""Fixtures of the API's unit tests: the app with a fake of each service."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from contact_search.amazon_connect.connect import Patience, Result
from contact_search.amazon_connect.contact import SearchContactsResponse, parse_response
from contact_search.amazon_connect.contact_details import ContactDetails, parse_contact
from contact_search.amazon_connect.directory import DirectoryUnavailableError, NameIndex, Snapshot
from contact_search.amazon_connect.errors import ContactNotFoundError
from contact_search.api.app import respond
from contact_search.api.services import Services
from contact_search.search.grants import Caller, Grant
from contact_search.settings import SearchSettings

ORIGIN = "https://app.example.com"

EMPTY = Result(parse_response(b'{"Contacts": [], "TotalCount": 0}'), 10, None, "fwd=miss")


@dataclass
class FakeConnect:
    """Return `result`, or raise `error`, and record the requests."""

    result: Result[SearchContactsResponse] = EMPTY
    error: Exception | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    patience: list[Patience] = field(default_factory=list)

    def search(self, request: dict[str, Any], patience: Patience) -> Result[SearchContactsResponse]:
        self.requests.append(request)
        self.patience.append(patience)
        if self.error is not None:
            raise self.error
        return self.result


@dataclass
class FakeReader:
    """Know one contact, or raise `error`."""

    error: Exception | None = None

    def describe(self, contact_id: str, _: Patience) -> Result[ContactDetails]:
        if self.error is not None:
            raise self.error
        if contact_id != "c-1":
            raise ContactNotFoundError("ResourceNotFoundException")
        return Result(parse_contact(b'{"Contact": {"Id": "c-1", "Channel": "VOICE"}}'), 5, None, "fwd=miss")


@dataclass
class FakeClients:
    """Know one client, which all requests that passed the authorizer belong to."""

    grant: Grant = field(default_factory=Grant)

    def current(self, authorizer_context: Mapping[str, str]) -> Caller | None:
        if not authorizer_context:
            return None
        return Caller("test", "1", self.grant, user=authorizer_context.get("user", ""))


@dataclass
class FakeDirectory:
    """Know the names of a snapshot, or none."""

    known: Snapshot | None = Snapshot(NameIndex({"q-1": "Billing"}), NameIndex({"a-1": "jdoe"}), "1", 0)  # noqa: RUF009

    def snapshot(self, *_: Any) -> Snapshot:
        if self.known is None:
            raise DirectoryUnavailableError
        return self.known

    snapshot_with = snapshot

    def newer_than(self, snapshot: Snapshot) -> Snapshot:
        return snapshot


@dataclass
class FakeLimiter:
    """Return the headers of a quota."""

    name: str

    def policy_header(self) -> str:
        return f'"{self.name}";q=1;w=2'

    def state_header(self) -> str:
        return f'"{self.name}";r=0;t=2'


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def connect() -> FakeConnect:
    return FakeConnect()


@pytest.fixture
def clients() -> FakeClients:
    return FakeClients()


Send = Callable[..., Response]


@pytest.fixture
def directory() -> FakeDirectory:
    return FakeDirectory()


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
def more_settings() -> dict[str, str]:
    """Return settings besides those that there have to be. A test that needs some is parametrized with them."""
    return {}


@pytest.fixture
def send(
    connect: FakeConnect,
    clients: FakeClients,
    directory: FakeDirectory,
    reader: FakeReader,
    more_settings: dict[str, str],
) -> Send:
    """Send a request to the app, as API Gateway does."""
    settings = SearchSettings(
        connect_instance_id="instance",
        cursor_key_ids="key",
        transient_table_name="transient",
        durable_table_name="durable",
        cors_origins=ORIGIN,
        **more_settings,
    )
    fakes: Any = (connect, None, FakeLimiter("search"), clients, directory, None, reader, FakeLimiter("contact"))
    services = Services(settings, *fakes)

    def send_request(
        method: str,
        resource: str,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        body: str | None = None,
        **event: Any,
    ) -> Response:
        request = {
            "resource": resource,
            "path": resource,
            "httpMethod": method,
            "headers": dict(headers or {}) or None,
            "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()} or None,
            "queryStringParameters": None,
            "multiValueQueryStringParameters": parse_qs(query) or None,
            "pathParameters": None,
            "requestContext": {
                "requestId": "request-1",
                "stage": "live",
                "authorizer": {"client": "test", "revision": "1"},
            },
            "body": body,
            "isBase64Encoded": False,
            **event,
        }
        response = respond(request, LambdaContext(), services)
        response = json.loads(json.dumps(response))  # Lambda sends it as JSON
        headers_ = {name.lower(): ", ".join(values) for name, values in response["multiValueHeaders"].items()}
        return Response(response["statusCode"], headers_, response["body"])

    return send_request
