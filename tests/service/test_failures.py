"""Test what callers see when Amazon Connect, or the connection to it, fails, and what the log must not contain."""

import io
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from contact_search import aws_clients
from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.logger import logger
from tests.clock import TODAY
from tests.conftest import Api
from tests.upstream import upstream


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Capture what the function logs."""
    text = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", text)
    return text


@pytest.fixture
def through(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Api]:
    """Return the API with a client of another endpoint."""
    import search_handler  # noqa: PLC0415

    def over(url: str) -> Api:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", url)
        connect = AmazonConnect(ConnectClient("instance-1", aws_clients.connect_client()), None, None, 0, 0)
        monkeypatch.setattr(search_handler, "services", replace(search_handler.services, connect=connect))
        return api

    return over


@pytest.mark.parametrize(
    ("upstream_status", "error", "status", "problem"),
    [
        (400, "InvalidRequestException", 422, "rejected-by-connect"),
        (400, "InvalidParameterException", 422, "rejected-by-connect"),
        (404, "ResourceNotFoundException", 500, "instance-not-found"),
        (500, "InternalServiceException", 502, "upstream-error"),
        (429, "ThrottlingException", 429, "throttled"),
        (403, "AccessDeniedException", 500, "misconfigured"),
        (403, "UnrecognizedClientException", 500, "misconfigured"),
        (503, "ServiceUnavailableException", 503, "upstream-unavailable"),
        (418, "SomethingNewException", 502, "upstream-error"),
    ],
)
def test_every_error_of_connect_is_a_problem(
    through: Callable[[str], Api],
    log: io.StringIO,
    upstream_status: int,
    error: str,
    status: int,
    problem: str,
) -> None:
    with upstream(
        upstream_status, '{"Message": "about arn:aws:connect:::instance/secret and pineapple"}', error
    ) as url:
        answer = through(url).get(last="P1D", transcript="pineapple")
    assert (answer.status, answer.json["type"]) == (status, f"/problems/{problem}")
    assert answer.headers["cache-control"] == "no-store"
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    assert "secret" not in answer.text
    assert "pineapple" not in log.getvalue()


def test_what_connect_says_of_the_callers_input_is_passed_on(through: Callable[[str], Api]) -> None:
    with upstream(400, '{"Message": "Key is not searchable"}', "InvalidRequestException") as url:
        assert through(url).get(last="P1D").json["detail"] == "Key is not searchable"


@pytest.mark.parametrize("body", ["<html>", '{"Contacts": [{"Id": {"not": "text"}}], "TotalCount": 1}'])
def test_an_answer_that_cannot_be_read(through: Callable[[str], Api], body: str) -> None:
    with upstream(200, body) as url:
        answer = through(url).get(last="P1D")
    assert (answer.status, answer.json["type"]) == (502, "/problems/upstream-error")


def test_connect_cannot_be_reached(through: Callable[[str], Api]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        answer = through(f"http://127.0.0.1:{unused.getsockname()[1]}").get(last="P1D")
    assert (answer.status, answer.json["type"]) == (503, "/problems/upstream-unavailable")


def test_connect_does_not_answer_in_time(through: Callable[[str], Api], monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(read_timeout=0.1, retries={"total_max_attempts": 1})  # the real client waits for seconds
    monkeypatch.setattr(aws_clients, "connect_client", lambda: boto3.client("connect", config=config))
    with upstream(200, "{}", delay=2) as url:
        answer = through(url).get(last="P1D")
    assert (answer.status, answer.json["type"]) == (504, "/problems/upstream-timeout")


def test_the_unforeseen_is_logged_without_the_callers_data(
    api: Api, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    import search_handler  # noqa: PLC0415

    text = "pineapple"

    class Broken(AmazonConnect):
        def __init__(self) -> None:
            pass

        def search(self, *_: Any) -> Any:
            raise RuntimeError(text)

    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, connect=Broken()))
    answer = api.get(last="P1D", transcript=text, attribute__pineapple="x")
    assert (answer.status, answer.json["type"]) == (500, "/problems/internal")
    logged = log.getvalue()
    assert "RuntimeError" in logged
    assert "walk.py" in logged
    assert "pineapple" not in logged + answer.text


def test_a_search_is_logged_by_the_names_of_its_parameters(api: Api, log: io.StringIO) -> None:
    start = f"{TODAY - timedelta(days=1)}"
    api.get(from_=start, attribute__secretkey="secretvalue", transcript="secrettext")
    logged = log.getvalue()
    assert '"parameters":["attribute.KEY","from","transcript"]' in logged
    assert "secret" not in logged


@pytest.mark.parametrize("leak", ["pineapple", "sandbox-full"])
def test_the_suite_would_notice_a_leak(api: Api, monkeypatch: pytest.MonkeyPatch, leak: str) -> None:
    """Leak a text, to prove that each request of each test is checked."""
    from contact_search.api import contacts  # noqa: PLC0415

    monkeypatch.setattr(contacts, "fetch_page", lambda *_: logger.info(leak))
    with pytest.raises(AssertionError, match="logged"):
        api.get(last="P1D", transcript="pineapple")
