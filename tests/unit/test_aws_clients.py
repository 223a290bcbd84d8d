"""Test that boto3's clients are configured for their tasks, and honour what all AWS SDKs honour."""

import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError, ProxyConnectionError, SSLError
from botocore.handlers import BUILTIN_HANDLERS
from urllib3 import HTTPResponse

from contact_search import aws_clients
from contact_search.aws_clients import (
    connect_client,
    dynamodb_client,
    kms_client,
    s3_client,
    shared_credentials,
    step_functions_client,
)
from distribution.botocore_data import OPERATIONS
from tests.local_server import LocalServer, tls_context

GET_ITEM = {"TableName": "table", "Key": {"key": {"S": "k"}}}
MACHINE = "arn:aws:states:eu-west-2:111122223333:stateMachine:exports"
OBJECT = {"Bucket": "bucket", "Key": "exports/a/b.gz"}
GENERATE_MAC = {"KeyId": "key", "Message": b"cursor", "MacAlgorithm": "HMAC_SHA_256"}
SEARCH_CONTACTS = {
    "InstanceId": "instance",
    "TimeRange": {
        "Type": "INITIATION_TIMESTAMP",
        "StartTime": datetime(2026, 11, 20, tzinfo=UTC),
        "EndTime": datetime(2026, 11, 21, 0, 0, 0, 250_000, tzinfo=UTC),
    },
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Set the environment variables that Lambda sets, and no others."""
    for name in os.environ:
        if name.upper().startswith("AWS_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    for name, value in {
        "AWS_REGION": "eu-west-2",
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    aws_clients.shared_session.cache_clear()
    yield
    aws_clients.shared_session.cache_clear()


@pytest.fixture
def server() -> Iterator[LocalServer]:
    server = LocalServer()
    yield server
    server.close()


def sent_by(client: Any, operation: str, parameters: dict[str, Any]) -> AWSPreparedRequest:
    """Return the request that this call would send."""
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        body = b"<Result/>" if client.meta.service_model.service_name == "s3" else b"{}"
        return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(body), preload_content=False))

    client.meta.events.register("before-send", answer, unique_id="answer")
    try:
        getattr(client, operation)(**parameters)
    finally:
        client.meta.events.unregister("before-send", unique_id="answer")
    return sent[0]


def content(request: AWSPreparedRequest) -> Any:
    """Return the body, which is a file for S3."""
    return request.body.getvalue() if isinstance(request.body, io.BytesIO) else request.body


CALLS: list[tuple[str, Callable[[], Any], str, dict[str, Any]]] = [
    ("connect", connect_client, "search_contacts", SEARCH_CONTACTS),
    ("dynamodb", lambda: dynamodb_client(2, 2), "get_item", GET_ITEM),
    ("kms", kms_client, "generate_mac", GENERATE_MAC),
    (
        "stepfunctions",
        step_functions_client,
        "start_execution",
        {"stateMachineArn": MACHINE, "name": "a", "input": "{}"},
    ),
    ("s3", lambda: s3_client(2, 2), "put_object", {**OBJECT, "Body": b"a", "ChecksumSHA256": "YQ=="}),
    ("s3", lambda: s3_client(2, 2), "list_objects_v2", {"Bucket": "bucket", "Prefix": "a b/"}),
    ("s3", lambda: s3_client(2, 2), "delete_objects", {"Bucket": "bucket", "Delete": {"Objects": [{"Key": "a&b"}]}}),
]


@pytest.mark.parametrize(("service", "create", "operation", "parameters"), CALLS, ids=[call[2] for call in CALLS])
def test_requests_equal_those_of_a_plain_boto3_client(
    service: str,
    create: Callable[[], Any],
    operation: str,
    parameters: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Except for the user agent, and headers that differ each time."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "search")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    client = create()
    retries = {"mode": "standard", "total_max_attempts": client.meta.config.retries["total_max_attempts"]}
    ours = sent_by(client, operation, parameters)
    default = sent_by(boto3.Session().client(service, config=Config(retries=retries)), operation, parameters)
    assert (ours.method, ours.url) == (default.method, default.url)
    assert content(ours) == content(default)
    assert ours.headers["User-Agent"].startswith(b"contact-search/")
    assert set(ours.headers) == set(default.headers)
    assert "X-Amzn-Trace-Id" in ours.headers
    for name in set(ours.headers) - {"User-Agent", "amz-sdk-invocation-id", "X-Amz-Date", "Authorization"}:
        assert ours.headers[name] == default.headers[name], name


def test_no_service_has_handlers_of_its_own_that_are_left_out() -> None:
    services = {service for operations in OPERATIONS.values() for service in operations}
    assert services == {service for service, *_ in CALLS}
    services.remove("s3")  # this client has all of botocore's handlers
    for event, *_ in BUILTIN_HANDLERS:
        words = event.split(".")
        assert not services & set(words), event
        assert words[1:2] != ["*"] or words[0] == "docs", event


def test_clients_have_the_timeouts_and_attempts_of_their_tasks() -> None:
    for client, read_timeout, attempts in (
        (connect_client(), 6, 1),
        (dynamodb_client(2, 2), 2, 2),
        (dynamodb_client(2, 3), 2, 3),
        (kms_client(), 2, 3),
        (step_functions_client(), 5, 2),
        (s3_client(20, 3), 20, 3),
    ):
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (1, read_timeout)
        assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", attempts)


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_transient_failure_is_retried(attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    client, sent = dynamodb_client(2, attempts), []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 503, {}, HTTPResponse(io.BytesIO(b"{}"), preload_content=False))

    client.meta.events.register("before-send", answer)
    with pytest.raises(ClientError):
        client.get_item(**GET_ITEM)
    assert len(sent) == attempts


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_endpoints_can_be_set(variable: str, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, server.url)
    dynamodb_client(2, 2).get_item(**GET_ITEM)
    [(line, headers)] = server.requests
    assert line.startswith("POST / ")
    assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert "Credential=AKID/" in headers["authorization"]


def test_the_endpoint_of_connect_can_be_set_separately(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", f"{server.url}/base")
    connect_client().search_contacts(**SEARCH_CONTACTS)
    [(line, _)] = server.requests
    assert line.startswith("POST /base/search-contacts ")
    assert kms_client().meta.endpoint_url == "https://kms.eu-west-2.amazonaws.com"


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1"])
@pytest.mark.parametrize("variable", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_fips_and_dual_stack_endpoints(region: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv(variable, "true")
    session = boto3.Session()
    creators = {service: create for service, create, *_ in CALLS}
    ours = {service: create() for service, create in creators.items()}
    default = {service: session.client(service) for service in creators}
    for service, _, operation, parameters in CALLS:
        url = sent_by(ours[service], operation, parameters).url
        assert url == sent_by(default[service], operation, parameters).url
        is_fips = "fips" in url or region.startswith(
            "us-gov-"
        )  # some FIPS endpoints of GovCloud have no fips in their name
        assert is_fips if "FIPS" in variable else "api.aws" in url or ".dualstack." in url


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_proxy_is_used(variable: str, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, server.url)
    with pytest.raises(ProxyConnectionError):
        connect_client().search_contacts(**SEARCH_CONTACTS)
    # Python 3.12 and newer say HTTP/1.1.
    assert [line.rpartition("/")[0] for line, _ in server.requests] == [
        "CONNECT connect.eu-west-2.amazonaws.com:443 HTTP"
    ]


def test_a_ca_bundle_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = tmp_path / "ca.pem"
    server = LocalServer(tls_context(certificate))
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(SSLError):
            dynamodb_client(2, 1).get_item(**GET_ITEM)
        aws_clients.shared_session.cache_clear()
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        dynamodb_client(2, 1).get_item(**GET_ITEM)
        assert len(server.requests) == 1
    finally:
        server.close()


@pytest.fixture
def container(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> LocalServer:
    """Start a source of credentials like that of an environment restored from a snapshot."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me-in")
    server.body = credentials("restored", 12)
    return server


def credentials(key: str, hours: float) -> bytes:
    expiration = f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
    return json.dumps({"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": expiration}).encode()


def test_presigned_urls_have_the_buckets_region_and_signature_version_4() -> None:
    url = s3_client(2, 2).generate_presigned_url("get_object", Params=OBJECT, ExpiresIn=900)
    assert url.startswith("https://bucket.s3.eu-west-2.amazonaws.com/exports/a/b.gz?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "X-Amz-Expires=900" in url


def test_credentials_are_looked_up_when_they_are_needed(container: LocalServer) -> None:
    clients = [dynamodb_client(2, 2), kms_client()]
    assert not container.requests
    assert shared_credentials().found is None
    first = sent_by(clients[0], "get_item", GET_ITEM)
    second = sent_by(clients[1], "generate_mac", GENERATE_MAC)
    assert [line for line, _ in container.requests] == ["GET /credentials HTTP/1.1"]
    for request in (first, second):
        assert "Credential=restored/" in str(request.headers["Authorization"])
        assert request.headers["X-Amz-Security-Token"] in ("t", b"t")


def test_credentials_are_refreshed(container: LocalServer) -> None:
    client = dynamodb_client(2, 2)
    container.body = credentials("old", 0.1)  # botocore must refresh them within 10 minutes of their end
    sent_by(client, "get_item", GET_ITEM)
    container.body = credentials("new", 12)
    assert "Credential=new/" in str(sent_by(client, "get_item", GET_ITEM).headers["Authorization"])


def test_forgotten_credentials_are_looked_up_again(container: LocalServer) -> None:
    client = dynamodb_client(2, 2)
    sent_by(client, "get_item", GET_ITEM)
    shared_credentials().found = None
    container.body = credentials("later", 12)
    assert "Credential=later/" in str(sent_by(client, "get_item", GET_ITEM).headers["Authorization"])


def test_without_credentials_nothing_is_sent_until_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    client = dynamodb_client(2, 2)
    with pytest.raises(NoCredentialsError):
        sent_by(client, "get_item", GET_ITEM)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    assert "Credential=AKID/" in str(sent_by(client, "get_item", GET_ITEM).headers["Authorization"])


def test_endpoints_can_depend_on_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCOUNT_ID", "111122223333")
    request = sent_by(dynamodb_client(2, 2), "get_item", GET_ITEM)
    assert request.url == "https://111122223333.ddb.eu-west-2.amazonaws.com/"
