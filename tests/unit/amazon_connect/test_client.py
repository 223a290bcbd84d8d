"""Test that responses of Connect are returned unparsed, and that its failures become our errors."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3 import HTTPResponse

from contact_search.amazon_connect import errors
from contact_search.amazon_connect.client import ConnectClient

REQUEST = {
    "TimeRange": {
        "Type": "INITIATION_TIMESTAMP",
        "StartTime": datetime(2026, 11, 20, 9, tzinfo=UTC),
        "EndTime": datetime(2026, 11, 20, 9, 0, 0, 250_000, tzinfo=UTC),
    },
    "MaxResults": 1,
}
URL = "https://connect.eu-west-2.amazonaws.com"


class Upstream:
    """A boto3 client whose requests get this response, or this exception."""

    def __init__(self, status: int = 200, body: str = "", headers: dict[str, str] | None = None) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self.response: Callable[[], AWSResponse] = lambda: respond(status, body, headers or {})
        boto3_client().meta.events.unregister("before-send", unique_id="upstream")
        boto3_client().meta.events.register("before-send", self._send, unique_id="upstream")
        self.connect = ConnectClient("instance", boto3_client())

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        self.requests.append(request)
        return self.response()


@cache
def boto3_client() -> Any:
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="eu-west-2")  # noqa: S106
    return session.client("connect", endpoint_url=URL)


def respond(status: int, body: str, headers: dict[str, str]) -> AWSResponse:
    return AWSResponse(URL, status, headers, HTTPResponse(io.BytesIO(body.encode()), preload_content=False))


def fail(error: Exception) -> AWSResponse:
    raise error


def test_the_request_has_the_form_of_the_service_model() -> None:
    upstream = Upstream()
    upstream.connect.search_contacts(REQUEST)
    [request] = upstream.requests
    assert (request.method, request.url) == ("POST", f"{URL}/search-contacts")
    time_range = {"Type": "INITIATION_TIMESTAMP", "StartTime": 1_795_165_200, "EndTime": 1_795_165_200.25}
    assert json.loads(request.body) == {"InstanceId": "instance", "TimeRange": time_range, "MaxResults": 1}


@pytest.mark.parametrize("body", ['{"Contacts": [], "Unknown": 1}', "<html>", ""])
def test_the_body_of_a_response_is_returned_unparsed(body: str) -> None:
    assert Upstream(200, body).connect.search_contacts(REQUEST) == body.encode()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "ThrottlingException", errors.ThrottledError),
        (429, "TooManyRequestsException", errors.ThrottledError),
        (404, "ResourceNotFoundException", errors.InstanceNotFoundError),
        (403, "AccessDeniedException", errors.MisconfiguredError),
        (403, "ExpiredTokenException", errors.MisconfiguredError),
        (403, "UnrecognizedClientException", errors.MisconfiguredError),
        (500, "InternalServiceException", errors.UpstreamError),
        (503, "ServiceUnavailable", errors.UnavailableError),
        (400, "SomethingNew", errors.UpstreamError),
    ],
)
def test_errors_of_connect_become_ours(status: int, code: str, error: type[errors.ConnectError]) -> None:
    upstream = Upstream(status, '{"Message": "secret"}', {"x-amzn-ErrorType": f"{code}:http://internal.amazon.com/"})
    with pytest.raises(error) as raised:
        upstream.connect.search_contacts(REQUEST)
    assert type(raised.value) is error
    assert raised.value.code == str(raised.value) == code


@pytest.mark.parametrize("code", ["InvalidRequestException", "InvalidParameterException"])
@pytest.mark.parametrize("member", ["Message", "message"])
def test_a_rejection_has_the_message_of_connect(code: str, member: str) -> None:
    upstream = Upstream(400, json.dumps({member: "the window is too long"}), {"x-amzn-ErrorType": code})
    with pytest.raises(errors.RejectedError) as raised:
        upstream.connect.search_contacts(REQUEST)
    assert (raised.value.code, raised.value.reason) == (code, "the window is too long")


def test_an_error_without_json_has_its_status_as_code() -> None:
    with pytest.raises(errors.UpstreamError, match="502"):
        Upstream(502, "<html>").connect.search_contacts(REQUEST)


@pytest.mark.parametrize(
    ("exception", "error"),
    [
        (ReadTimeoutError(endpoint_url=URL), errors.TimedOutError),
        (ConnectTimeoutError(endpoint_url=URL), errors.UnavailableError),
        (EndpointConnectionError(endpoint_url=URL), errors.UnavailableError),
        (ConnectionClosedError(endpoint_url=URL), errors.UnavailableError),
        (ProxyConnectionError(proxy_url=URL), errors.UnavailableError),
        (SSLError(endpoint_url=URL, error="self-signed"), errors.UnavailableError),
        (NoCredentialsError(), errors.MisconfiguredError),
        (CredentialRetrievalError(provider="container", error_msg=""), errors.MisconfiguredError),
    ],
)
def test_network_and_credential_failures_become_our_errors(
    exception: Exception, error: type[errors.ConnectError]
) -> None:
    upstream = Upstream()
    upstream.response = lambda: fail(exception)
    with pytest.raises(error) as raised:
        upstream.connect.search_contacts(REQUEST)
    assert type(raised.value) is error
    assert raised.value.code == type(exception).__name__
