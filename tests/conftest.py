"""Test the service as callers use it: HTTP events through the real handler, boto3 over the wire to the stand-in."""

import asyncio
import gc
import json
import math
import os
import signal
import tarfile
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

from contact_search.access.authenticator import Authenticator
from contact_search.amazon_connect.directory import Directory
from contact_search.aws_clients import dynamodb_client
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.transient_table import TransientTable
from distribution.client_code import TYPESCRIPT_CLIENT, install_node_modules
from distribution.client_packages import build_tarball
from operations.deployed import Deployed, on_this_machine
from sandbox.aws_server import REGION, AwsServer
from sandbox.clients import FULL_KEY, add_clients
from sandbox.contact_data.contact_lens import parse_transcript
from sandbox.contact_data.contact_record import StoredContact, parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN, sample_contacts
from sandbox.deployment import create_client, deploy
from sandbox.gateway.api_gateway import ApiGateway
from sandbox.gateway.lambda_function import FunctionFailedError
from sandbox.gateway.lambda_runtime import Context
from sandbox.gateway.proxy_event import Request
from sandbox.gateway.template import synthesized
from sandbox.gateway.usage_plans import UsagePlans
from tests import profiles  # noqa: F401 - it sets Hypothesis's profile
from tests.canary import assert_nothing_leaks, recorded
from tests.clock import NOW, Clock, pythonpath, real_time_in_processes
from tests.environment import keep_environment_in_place
from tests.ids import id_of
from tests.serving import Service, serving
from tests.workers import (  # noqa: F401 - pytest calls what it finds here
    pytest_collection_modifyitems,
    pytest_handlecrashitem,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)

JSON = "application/json"
_UNLIMITED = {"QUOTA_RATE": "0", "DESCRIBE_RATE": "0", "PAGE_SECONDS": "0"}
INSTANCE_ID = INSTANCE_ARN.rsplit("/", 1)[-1]
CLOCK = Clock()

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell ignores Ctrl-C for what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # programs that tests start would ignore it as well
os.environ["PYTHONPATH"] = pythonpath()  # for the processes that tests start
keep_environment_in_place()


def pytest_collection_finish() -> None:
    """Let the garbage collector look at what tests make, not at 600 MB of modules again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Collect what tests have left, once. pytest does so five times when it ends, and has nothing left to look at."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, Any, Any]:
    """Run each test, including the setup of its fixtures, at the same time of the clock."""
    CLOCK.start()
    try:
        return (yield)
    finally:
        CLOCK.stop()


def pytest_make_parametrize_id(val: Any) -> str | None:
    """Name cases after their values where pytest would number them."""
    return id_of(val)


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the test and of the processes that it starts."""
    return CLOCK


@pytest.fixture
def still() -> Clock:
    """Stop the clock, so that only the test moves it."""
    CLOCK.stand_still()
    return CLOCK


@dataclass(frozen=True, repr=False)
class SampleContact:
    """Hold a contact of the stand-in and its transcript by role."""

    stored: StoredContact
    said: dict[str, list[str]]

    @property
    def summary(self) -> dict[str, Any]:
        return self.stored.summary


@pytest.fixture(scope="session")
def contacts() -> list[SampleContact]:
    """Return the contacts of the stand-in."""
    return [
        SampleContact(parse_contact_record(one.record), parse_transcript(one.analysis)[1] if one.analysis else {})
        for one in sample_contacts(1_500, 7, NOW)
    ]


@pytest.fixture(scope="session")
def aws(contacts: list[SampleContact]) -> Iterator[AwsServer]:
    server = AwsServer()
    server.connect.add_instance(INSTANCE_ARN)
    server.connect.contacts.put(contact.stored for contact in contacts)
    server.connect.contacts.put_transcripts((contact.summary["Id"], contact.said) for contact in contacts)
    server.start()
    for function in deploy(synthesized(), server.url, INSTANCE_ARN, None, _UNLIMITED):
        os.environ |= function.environment
    add_clients(server.url, REGION, server.connect.contacts.queue_ids())
    yield server
    server.stop()
    server.connect.contacts.close()


@pytest.fixture(scope="session")
def sample_service() -> Iterator[Service]:
    """Run scripts/serve without options, as the documentation does. Tests may add to it what is their own."""
    with serving() as service:
        yield service


@pytest.fixture(scope="session")
def connect(aws: AwsServer) -> Any:
    """Create a boto3 client of the stand-in."""
    return boto3.client("connect", endpoint_url=aws.url)


@pytest.fixture(scope="session")
def table_client(aws: AwsServer) -> Any:  # noqa: ARG001 - it is there
    """Create a client of DynamoDB that all tests share."""
    return dynamodb_client(read_timeout=2, attempts=2)


@pytest.fixture
def table_name(table_client: Any) -> str:
    """Create a table of its own for the test."""
    name = f"table-{uuid.uuid4().hex}"
    table_client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture
def table(table_name: str, table_client: Any) -> TransientTable:
    """Open the test's own table."""
    return TransientTable(table_name, table_client)


@dataclass(frozen=True)
class Answer:
    """Hold a response, and its JSON if it has any."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def faults(self) -> set[tuple[str, str]]:
        """Return the parameter or pointer, and the code, of each fault of a validation problem."""
        assert self.json["type"] == "/problems/validation", self.text
        return {(fault.get("parameter") or fault["pointer"], fault["code"]) for fault in self.json["errors"]}


Gateway = Callable[[Request], Answer]


class Api:
    """Send requests to the API, as the client with this API key."""

    def __init__(self, gateway: Gateway, key: str | None = FULL_KEY) -> None:
        self._gateway, self._key = gateway, key

    def as_client(self, key: str | None) -> "Api":
        """Return the API for another client, or for a caller without a key."""
        return Api(self._gateway, key)

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> Answer:
        given = list(headers.items() if isinstance(headers, Mapping) else headers or ())
        if self._key is not None:
            given.append(("x-api-key", self._key))
        return self._gateway(Request(method, path.encode(), query.encode(), given, body, "127.0.0.1"))

    def get(self, headers: dict[str, str] | None = None, /, **parameters: Any) -> Answer:
        """Send GET /v1/contacts. In names, `__` means a dot and a trailing `_` is dropped. Lists repeat a parameter."""
        pairs = {name.rstrip("_").replace("__", "."): value for name, value in parameters.items()}
        return self.send("GET", "/v1/contacts", urlencode(pairs, doseq=True), headers)

    def post(self, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send POST /v1/contacts/search. Bytes are sent as they are, anything else as JSON."""
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", "/v1/contacts/search", headers={"content-type": JSON, **(headers or {})}, body=octets)

    def walk(self, **parameters: Any) -> list[dict[str, Any]]:
        """Return all contacts from the first page to the last."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = self.get(**parameters, **cursor)
            assert answer.status == 200, answer.text
            found += answer.json["contacts"]
            if answer.json["next_cursor"] is None:
                return found
            cursor = {"cursor": answer.json["next_cursor"]}


class _Function:
    """Invoke a function of lambdas/ in this process."""

    def __init__(self, handler: Callable[..., Any]) -> None:
        self._handler = handler

    async def invoke(self, event: dict[str, Any], seconds: float = math.inf) -> Any:  # noqa: ARG002 - the interface
        try:
            return self._handler(event, Context("function"))
        except Exception as error:
            raise FunctionFailedError(str(error)) from error


@pytest.fixture(scope="session")
def gateway(aws: AwsServer) -> Gateway:
    """Return the laptop's API Gateway in front of both functions."""
    import authorizer_handler  # noqa: PLC0415 - they read their settings when they are imported
    import search_handler  # noqa: PLC0415

    template = synthesized()
    handlers = {
        "authorizer_handler.handler": authorizer_handler.handler,
        "search_handler.handler": search_handler.handler,
    }
    functions: Any = {
        name: _Function(handlers[function.handler])
        for name, function in template.functions(str).items()
        if function.handler in handlers  # the state machine invokes the others
    }
    made = ApiGateway(template, functions, UsagePlans(create_client("apigateway", aws.url, REGION)))

    def answer(request: Request) -> Answer:
        with recorded() as log:
            response = asyncio.run(made.answer(request, "request-1"))
        text = response.body.decode()
        assert_nothing_leaks(request, response.status, text, log.getvalue())
        return Answer(response.status, dict(response.headers), text)

    return answer


@pytest.fixture(scope="session")
def api(gateway: Gateway) -> Api:
    return Api(gateway)


@pytest.fixture(scope="session")
def stack(aws: AwsServer) -> Deployed:
    """Return the laptop's stack, as scripts/clients finds it."""
    return on_this_machine(aws.url, REGION)


@pytest.fixture(scope="session")
def queues(contacts: list[SampleContact]) -> list[str]:
    """Return all queues. The first two are the partner's."""
    return sorted({one.summary["QueueInfo"]["Id"] for one in contacts if "QueueInfo" in one.summary})


@pytest.fixture
def forget_clients(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:  # noqa: ARG001 - it has the settings
    """Return a function that makes the authorizer forget its clients, as it does after 60 seconds."""
    import authorizer_handler  # noqa: PLC0415

    def forget() -> None:
        settings = authorizer_handler.settings
        table = DurableTable(settings.durable_table_name, authorizer_handler.dynamodb)
        monkeypatch.setattr(authorizer_handler, "authenticator", Authenticator(table, settings))

    return forget


@pytest.fixture
def new_directory(gateway: Gateway, table: TransientTable, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it has the settings
    """Become an environment that has not read the names yet, and shares them with no other test.

    Otherwise the service would use the names of another test for up to a minute.
    """
    import search_handler  # noqa: PLC0415

    directory = Directory(search_handler.connect_instance, table)
    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, directory=directory))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has installed the packed TypeScript client, and what it is developed with."""
    folder = tmp_path_factory.mktemp("project")
    with real_time_in_processes():
        install_node_modules()
    package = folder / "node_modules" / "contact-search-client"
    for path in (TYPESCRIPT_CLIENT / "node_modules").iterdir():
        (folder / "node_modules" / path.name).parent.mkdir(exist_ok=True)
        (folder / "node_modules" / path.name).symlink_to(path)
    with tarfile.open(build_tarball(folder)) as tarball:
        tarball.extractall(package.with_name(".packed"), filter="data")
    (package.with_name(".packed") / "package").rename(package)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder
