"""Test that the rehearsal uses real clients but sends nothing, and that it leaves nothing in the snapshot."""

import gc
import importlib.util
import io
import json
import logging
import os
import random
import runpy
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials

from contact_search import aws_clients
from contact_search.access.clients import find_client
from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.contact import parse_response
from contact_search.amazon_connect.result_cache import CachedResult, ResultCache
from contact_search.aws_clients import connect_client, dynamodb_client, kms_client, shared_credentials
from contact_search.logger import logger
from contact_search.search.grants import Grant
from contact_search.snap_start import before_snapshot, rehearse
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.transient_table import TransientTable
from tests.local_server import LocalServer

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    """Start a server that stands in for AWS and for the source of credentials."""
    server = LocalServer()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    aws_clients.shared_session.cache_clear()
    yield server
    server.close()
    aws_clients.shared_session.cache_clear()


class Rehearsal:
    """Make all calls that a search makes."""

    def __init__(self) -> None:
        self.connect, self.dynamodb, self.kms = connect_client(), dynamodb_client(2, 2), kms_client()
        self.steps = 0

    def search(self) -> None:
        client = find_client(DurableTable("durable", self.dynamodb), "rehearsal")
        assert client is not None
        assert Grant.model_validate_json(client.grant) == Grant()
        table = TransientTable("transient", self.dynamodb)
        cache = ResultCache(table)
        assert cache.get("result") is None
        assert cache.take_lease("result", 3)
        assert table.update("quota search-contacts", "SET #tat = :next", {"next": 1})["tat"] > 0
        window = {"Type": "INITIATION_TIMESTAMP", "StartTime": NOW - DAY, "EndTime": NOW}
        body = ConnectClient("instance", self.connect).search_contacts({"TimeRange": window})
        response = parse_response(body)
        assert response.contacts[0].id == "rehearsal"
        assert response.next_token
        assert cache.put("result", CachedResult(body, 10, 0))
        mac = self.kms.generate_mac(KeyId="key", Message=b"cursor", MacAlgorithm="HMAC_SHA_256")
        assert isinstance(mac["Mac"], bytes)
        logger.info("searched")
        self.steps += 1

    def run(self) -> None:
        rehearse(self.search, self.connect, self.dynamodb, self.kms)


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """Return what is logged."""
    output = io.StringIO()
    handlers = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    streams = [handler.setStream(output) for handler in handlers]
    yield output
    for handler, stream in zip(handlers, streams, strict=True):
        handler.setStream(stream)


def new_remains() -> list[object]:
    """Return the credentials and open sockets that this process has made since gc.freeze()."""
    gc.collect()
    return [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, (Credentials, ReadOnlyCredentials))
        or (isinstance(thing, socket.socket) and thing.fileno() >= 0)
    ]


def test_a_rehearsal_sends_nothing_and_leaves_nothing(server: LocalServer, output: io.StringIO) -> None:
    rehearsal = Rehearsal()
    gc.freeze()
    rehearsal.run()
    assert rehearsal.steps == 1, output.getvalue()
    assert not server.requests  # no calls and no credentials
    assert new_remains() == []
    assert shared_credentials().found is None
    assert not output.getvalue()  # a log line would count as a search
    logger.info("after")
    assert "after" in output.getvalue()


def test_the_search_function_rehearses_a_search_that_succeeds(
    server: LocalServer, output: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONNECT_INSTANCE_ID", "CURSOR_KEY_IDS", "TRANSIENT_TABLE_NAME", "DURABLE_TABLE_NAME"):
        monkeypatch.setenv(name, "rehearsal")
    function = runpy.run_path(search_handler_path())
    answer = function["respond"]
    answers: list[dict[str, Any]] = []
    monkeypatch.setitem(
        function["prepare_snapshot"].__globals__, "respond", lambda *event: answers.append(answer(*event))
    )
    function["prepare_snapshot"]()
    assert [answer["statusCode"] for answer in answers] == [200], output.getvalue()
    assert json.loads(answers[0]["body"])["next_cursor"]
    assert not server.requests
    assert not output.getvalue()


def search_handler_path() -> str:
    spec = importlib.util.find_spec("search_handler")
    assert spec is not None
    return str(spec.origin)


def test_after_a_rehearsal_calls_are_real(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal = Rehearsal()
    rehearsal.run()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "restored")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    table = {"TableName": "t", "Key": {"key": {"S": "k"}}}
    assert "Item" not in rehearsal.dynamodb.get_item(**table)
    [(line, headers)] = server.requests
    assert line.startswith("POST / ")
    assert "Credential=restored/" in headers["authorization"]


def test_a_failed_rehearsal_is_logged_and_does_no_harm(output: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError("no")

    rehearse(fail, dynamodb_client(2, 2))
    assert '"message":"rehearsal failed"' in output.getvalue()
    assert shared_credentials().found is None


def test_the_snapshot_is_prepared_and_each_environment_draws_its_own_random_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before: list[Callable[[], object]] = []
    after: list[Callable[[], object]] = []
    runtime = SimpleNamespace(register_before_snapshot=before.append, register_after_restore=after.append)
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    prepared: list[int] = []
    before_snapshot(lambda: prepared.append(1))
    assert not prepared
    before[0]()
    assert prepared == [1]
    drawn = set()
    for _ in range(3):
        random.seed(1)  # as in the snapshot
        after[0]()
        drawn.add(random.random())  # noqa: S311
    assert len(drawn) == 3


def test_without_snapshots_there_is_no_rehearsal() -> None:
    before_snapshot(lambda: pytest.fail("there is no snapshot"))
