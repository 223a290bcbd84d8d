"""Calls of AWS are as botocore makes them, and what goes wrong on the way has a name."""

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amazon_connect.client import AmazonConnect
from aws import credentials as credentials_module
from aws.credentials import Credentials, current_credentials
from aws.errors import NO_CREDENTIALS, TIMED_OUT, UNREACHABLE, UNREADABLE, AwsError
from aws.service import Place, Service, place_of
from aws.signature import signed
from storage.item import DYNAMODB
from tests.service_model import SEARCH_CONTACTS, requests

_TOKEN = st.text("ABCDEFabcdef0123456789+/=", min_size=1, max_size=60)
_HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "X-Amz-Target", "Host"]), st.text("abcXYZ019./-:", min_size=1, max_size=40)
)


@given(
    headers=_HEADERS,
    path=st.sampled_from(["/", "/search-contacts", "/a/search-contacts"]),
    body=st.binary(max_size=200),
    credentials=st.builds(Credentials, _TOKEN, _TOKEN, st.none() | _TOKEN),
    scope=st.tuples(st.sampled_from(["eu-west-2", "us-gov-west-1"]), st.sampled_from(["connect", "dynamodb", "kms"])),
)
def test_signatures_are_botocores(
    headers: dict[str, str], path: str, body: bytes, credentials: Credentials, scope: tuple[str, str]
) -> None:
    request = AWSRequest("POST", f"https://any{path}", {"Host": "any", **headers}, body)
    SigV4Auth(BotocoreCredentials(*credentials), scope[1], scope[0]).add_auth(request)
    ours = signed(
        {"Host": "any", **headers, "X-Amz-Date": request.headers["X-Amz-Date"]}, path, body, scope, credentials
    )
    assert ours == dict(request.headers.items())


@pytest.mark.parametrize("service", ["connect", "dynamodb", "kms"])
def test_endpoints_are_botocores(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    session = botocore.session.get_session()
    regions = [
        region for partition in ("aws", "aws-us-gov") for region in session.get_available_regions("connect", partition)
    ]
    assert len(regions) > 10
    for region in regions:
        monkeypatch.setenv("AWS_REGION", region)
        found = session.create_client(service, region, aws_access_key_id="a", aws_secret_access_key="b")  # noqa: S106
        assert place_of(service)[:2] == (region, found.meta.endpoint_url)


def test_amazon_connect_is_in_no_further_partition() -> None:
    session = botocore.session.get_session()
    with_connect = [
        name for name in session.get_available_partitions() if session.get_available_regions("connect", name)
    ]
    assert with_connect == ["aws", "aws-us-gov"]


def test_the_environment_says_where_a_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://kms")
    assert (place_of("kms").endpoint, place_of("connect").endpoint) == ("http://kms", "http://all")


class Aws:
    """An endpoint that gives the answers it has been told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.closes = False
        aws = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                aws.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                aws.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                status, text = aws.answers.pop(0)
                self.close_connection = aws.closes
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self) -> None:
                expires = "2100-01-01T00:00:00Z"
                made = {"AccessKeyId": "restored", "SecretAccessKey": "b", "Token": "c", "Expiration": expires}
                text = json.dumps(made if self.headers["authorization"] == "let-me-in" else {})
                self.send_response(200)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def service(self, attempts: int = 1, name: str = "dynamodb", path: str = "") -> Service:
        place = Place("eu-west-2", self.url + path, lambda: Credentials("a", "b", None))
        return Service(name, read_timeout=60, attempts=attempts, place=place)

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def aws_endpoint() -> Iterator[Aws]:
    endpoint = Aws()
    yield endpoint
    endpoint.close()


@pytest.mark.parametrize(
    ("service", "operation", "prefix"),
    [("dynamodb", "GetItem", DYNAMODB), ("kms", "GenerateMac", "TrentService")],
)
def test_operations_are_called_as_the_service_model_has_it(
    aws_endpoint: Aws, service: str, operation: str, prefix: str
) -> None:
    aws_endpoint.answers.append((200, '{"a": 1}'))
    assert aws_endpoint.service(name=service, path="/prefix/").call(f"{prefix}.{operation}", {"b": "ü"}) == {"a": 1}
    [(path, headers, body)] = aws_endpoint.requests
    metadata = botocore.session.get_session().get_service_model(service).metadata
    assert headers["x-amz-target"] == f"{metadata['targetPrefix']}.{operation}"
    assert headers["content-type"] == f"application/x-amz-json-{metadata['jsonVersion']}"
    assert (
        f"/eu-west-2/{metadata.get('signingName', metadata['endpointPrefix'])}/aws4_request" in headers["authorization"]
    )
    assert (path, json.loads(body)) == ("/prefix/", {"b": "ü"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=requests())
def test_search_contacts_is_called_as_botocore_calls_it(aws_endpoint: Aws, asked: dict[str, Any]) -> None:
    aws_endpoint.answers, aws_endpoint.requests = [(200, "{}")], []
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(variable, "any")
        patch.setenv("AWS_ENDPOINT_URL_CONNECT", aws_endpoint.url)
        assert AmazonConnect("instance").search_contacts(asked, lambda: None) == b"{}"
    [(path, headers, body)] = aws_endpoint.requests
    expected = create_serializer("rest-json").serialize_to_request({"InstanceId": "instance", **asked}, SEARCH_CONTACTS)
    assert (path, headers["content-type"]) == (expected["url_path"], expected["headers"]["Content-Type"])
    assert json.loads(body) == json.loads(expected["body"])


@pytest.mark.parametrize(
    "failure", [(500, "{}"), (503, "<html>"), (400, '{"__type": "com.amazon#ThrottlingException"}')]
)
def test_what_may_pass_is_tried_again(aws_endpoint: Aws, failure: tuple[int, str]) -> None:
    aws_endpoint.answers = [failure, failure, (200, "{}")]
    assert aws_endpoint.service(attempts=3).call("any", {}) == {}
    aws_endpoint.answers = [failure, failure]
    with pytest.raises(AwsError):
        aws_endpoint.service(attempts=2).call("any", {})
    assert len(aws_endpoint.requests) == 5


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            '{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}',
            "ConditionalCheckFailedException",
        ),
        ('{"code": "AccessDeniedException:http://internal.amazon.com/coral/"}', "AccessDeniedException"),
        ("[]", "400"),
        ("<html>", "400"),
    ],
)
def test_what_will_not_pass_is_named_at_once(aws_endpoint: Aws, body: str, code: str) -> None:
    aws_endpoint.answers = [(400, body)]
    with pytest.raises(AwsError) as failure:
        aws_endpoint.service(attempts=3).call("any", {})
    assert failure.value.code == code


@pytest.mark.parametrize("body", ["<html>", "[]", ""])
def test_an_answer_that_is_no_object_is_unreadable(aws_endpoint: Aws, body: str) -> None:
    aws_endpoint.answers = [(200, body)]
    with pytest.raises(AwsError, match=UNREADABLE):
        aws_endpoint.service().call("any", {})


def test_a_connection_is_kept_and_replaced_once_it_has_ended(aws_endpoint: Aws) -> None:
    service = aws_endpoint.service()
    aws_endpoint.answers = [(200, "{}")] * 4
    service.call("any", {})
    aws_endpoint.closes = True
    service.call("any", {})
    assert aws_endpoint.connections == 1
    for connections in (2, 3):
        [(kept, _)] = service._connections._idle
        assert select.select([kept.sock], [], [], 60)[0]  # the other side has ended it
        service.call("any", {})
        assert aws_endpoint.connections == connections


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (lambda one: one.close(), UNREACHABLE),
        (lambda one: one.sendall(b"nonsense\r\n\r\n"), UNREACHABLE),
        (lambda one: one.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"), UNREACHABLE),
        (lambda _: None, TIMED_OUT),
    ],
    ids=["closes", "sends nonsense", "sends half of the body", "sends nothing"],
)
def test_connections_that_fail(behaviour: Callable[[socket.socket], None], code: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            one, _ = server.accept()
            one.recv(65_536)
            behaviour(one)
            if code == TIMED_OUT:
                done.wait(60)
            one.close()

        done, thread = threading.Event(), threading.Thread(target=serve)
        thread.start()
        place = Place("eu-west-2", f"http://127.0.0.1:{server.getsockname()[1]}", lambda: Credentials("a", "b", None))
        with pytest.raises(AwsError, match=code):
            Service("dynamodb", read_timeout=0.2 if code == TIMED_OUT else 60, attempts=1, place=place).call("any", {})
        done.set()
        thread.join()


@pytest.fixture
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[None]:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    credentials_module._session.cache_clear()
    yield
    credentials_module._session.cache_clear()


def test_the_environments_credentials_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(variable, variable)
    assert current_credentials() == ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@pytest.mark.usefixtures("_no_credentials")
def test_an_environment_that_snapstart_has_restored_asks_for_its_credentials(
    aws_endpoint: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws_endpoint.url}/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in")
    assert current_credentials() == ("restored", "b", "c")


@pytest.mark.usefixtures("_no_credentials")
def test_without_credentials_nothing_is_sent(aws_endpoint: Aws) -> None:
    service = Service("connect", read_timeout=2, attempts=3, place=Place("eu-west-2", aws_endpoint.url))
    with pytest.raises(AwsError, match=NO_CREDENTIALS):
        service.call("any", {})
    assert not aws_endpoint.requests


def test_requests_are_of_this_moment(aws_endpoint: Aws) -> None:
    aws_endpoint.answers = [(200, "{}")]
    aws_endpoint.service().call("any", {})
    sent = datetime.strptime(aws_endpoint.requests[0][1]["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - sent).total_seconds()) < 60


def test_a_connection_that_has_been_idle_for_long_is_not_trusted(
    aws_endpoint: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = aws_endpoint.service()
    aws_endpoint.answers = [(200, "{}")] * 3
    for seconds, connections in ((0, 1), (19, 1), (40, 2)):
        monkeypatch.setattr("aws.connection.time", SimpleNamespace(time=lambda now=seconds: now))
        service.call("any", {})
        assert aws_endpoint.connections == connections
