"""Test cached pages, validators, and the freshness that callers see."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import EndpointConnectionError

from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.amazon_connect.result_cache import ResultCache
from contact_search.aws_clients import connect_client, dynamodb_client
from contact_search.storage.transient_table import TransientTable
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.aws_server import AwsServer
from tests.clock import NOW, REAL_TIME, TODAY, Clock
from tests.conftest import INSTANCE_ID, Answer, Api
from tests.upstream import upstream

# This window ended at least a day ago.
WEEK: dict[str, Any] = {"from_": f"{TODAY - timedelta(days=8)}", "to": f"{TODAY - timedelta(days=2)}"}
UP_TO_NOW: dict[str, Any] = {"last": "P7D"}


@dataclass
class Service:
    """Hold the API with a result cache and a limiter, and let tests change them."""

    api: Api
    aws: AwsServer
    table: TransientTable
    limiter: RateLimiter
    monkeypatch: pytest.MonkeyPatch

    def use(self, client: ConnectClient, limiter: RateLimiter) -> None:
        """Let the API search with this client and limiter, and with the table's result cache."""
        import search_handler  # noqa: PLC0415

        self.limiter = limiter
        connect = AmazonConnect(client, limiter, ResultCache(self.table), 10, 300)
        services = replace(search_handler.services, connect=connect, limiter=limiter)
        self.monkeypatch.setattr(search_handler, "services", services)

    @property
    def calls(self) -> int:
        return self.aws.connect.quota.requests

    def get(self, headers: dict[str, str] | None = None, /, **parameters: Any) -> Answer:
        return self.api.get(headers, **parameters)

    def later(self, seconds: float) -> None:
        """Move the clock of the result cache, but not that of the search, so that the window stays the same."""
        now = time.time() + seconds
        clock = SimpleNamespace(
            time=lambda: now, time_ns=lambda: int(now * 1e9), monotonic=time.monotonic, sleep=time.sleep
        )
        self.monkeypatch.setattr("contact_search.amazon_connect.result_cache.time", clock)

    def connect_answers_by(self, url: str) -> ConnectClient:
        self.monkeypatch.setenv("AWS_ENDPOINT_URL_CONNECT", url)
        client = ConnectClient(INSTANCE_ID, connect_client())
        self.use(client, self.limiter)
        return client


@pytest.fixture
def service(
    api: Api,
    aws: AwsServer,
    table: TransientTable,
    monkeypatch: pytest.MonkeyPatch,
    still: Clock,  # noqa: ARG001 - the window stays the same
) -> Iterator[Service]:
    service = Service(api, aws, table, RateLimiter(table, 1000, 1000, 5, REAL_TIME), monkeypatch)
    service.use(ConnectClient(INSTANCE_ID, connect_client()), service.limiter)
    yield service
    aws.connect.behaviour = Behaviour()


@pytest.mark.parametrize(("window", "lifetime"), [(UP_TO_NOW, 10), (WEEK, 300)], ids=["up to now", "closed"])
def test_equal_searches_cost_one_call_as_long_as_the_page_is_fresh(
    service: Service, window: dict[str, Any], lifetime: int
) -> None:
    calls = service.calls
    first, again = service.get(**window), service.get(**window)
    assert service.calls == calls + 1
    assert first.json["contacts"] == again.json["contacts"]
    assert first.headers["cache-status"] == "contact-search; fwd=miss; stored"
    assert again.headers["cache-status"].startswith("contact-search; hit; ttl=")
    assert first.headers["cache-control"] == again.headers["cache-control"] == f"private, max-age={lifetime}"
    assert "age" not in first.headers
    service.later(lifetime - 2)
    assert service.get(**window).headers["age"] in {f"{lifetime - 3}", f"{lifetime - 2}"}
    assert service.calls == calls + 1
    service.later(lifetime + 2)
    assert service.get(**window).headers["cache-status"] == "contact-search; fwd=miss; stored"
    assert service.calls == calls + 2


def test_names_are_no_part_of_a_cached_page(service: Service) -> None:
    calls = service.calls
    with_names = service.get(**WEEK, queue="billing", expand="queue,agent")
    assert {contact["queue_info"]["name"] for contact in with_names.json["contacts"]} == {"Billing"}
    without = service.get(**WEEK, queue="Billing")
    assert "hit" in without.headers["cache-status"]
    assert not any("name" in contact["queue_info"] for contact in without.json["contacts"])
    by_id = service.get(**WEEK, queue_id=without.json["contacts"][0]["queue_info"]["id"], expand="queue")
    assert "hit" in by_id.headers["cache-status"]
    assert {contact["queue_info"]["name"] for contact in by_id.json["contacts"]} == {"Billing"}
    assert service.calls == calls + 1


def test_the_order_of_parameters_and_of_their_values_makes_no_other_search(service: Service) -> None:
    service.get(**WEEK, channel="VOICE,CHAT", attribute__x="1")
    answer = service.get(channel=["chat", "voice"], attribute__x="1", **WEEK)
    assert "hit" in answer.headers["cache-status"]
    for other in (
        {"channel": "VOICE"},
        {"channel": "VOICE,CHAT", "limit": 7},
        {"channel": "VOICE,CHAT", "sort": "channel"},
    ):
        assert "miss" in service.get(**WEEK, attribute__x="1", **other).headers["cache-status"]


def test_no_cache_asks_connect_anew(service: Service) -> None:
    kept = service.get(**WEEK)
    calls = service.calls
    anew = service.get({"cache-control": "max-age=0, No-Cache"}, **WEEK)
    assert service.calls == calls + 1
    assert anew.headers["cache-status"] == "contact-search; fwd=request; stored"
    assert anew.json["contacts"] == kept.json["contacts"]


def test_callers_who_ask_together_ask_the_same_but_with_no_cache(
    service: Service, monkeypatch: pytest.MonkeyPatch, still: Clock
) -> None:
    search_contacts = Mock(wraps=service.aws.connect.search_contacts)
    monkeypatch.setattr(service.aws.connect, "search_contacts", search_contacts)
    still.advance(timedelta(seconds=17.25))
    service.get(last="P1D")
    service.get({"cache-control": "no-cache"}, last="P1D")
    ends = [call.args[0]["TimeRange"]["EndTime"] for call in search_contacts.call_args_list]
    assert ends == [(NOW + timedelta(seconds=seconds)).timestamp() for seconds in (10, 17.25)]


def test_a_validator_saves_the_page(service: Service) -> None:
    first = service.get(**WEEK, limit=3)
    etag = first.headers["etag"]
    assert etag.startswith('W/"')
    for header in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        unchanged = service.get({"if-none-match": header}, **WEEK, limit=3)
        assert (unchanged.status, unchanged.text) == (304, "")
        assert unchanged.headers["etag"] == etag
        assert unchanged.headers["cache-control"] == "private, max-age=300"
        assert "vary" in unchanged.headers
    changed: list[dict[str, Any]] = [{"fields": "channel"}, {"channel": "VOICE"}, {"limit": 2}]
    for change in changed:
        answer = service.get({"if-none-match": etag}, **{**WEEK, "limit": 3, **change})
        assert answer.status == 200
        assert answer.headers["etag"] != etag
    body = {"time_range": {"type": "INITIATION_TIMESTAMP", "start_time": WEEK["from_"], "end_time": WEEK["to"]}}
    assert "etag" not in service.api.post(body).headers


def test_a_page_of_a_walk_is_cached_as_well(service: Service) -> None:
    first = service.get(**WEEK, limit=3)
    cursor = first.json["next_cursor"]
    assert service.get(**WEEK, limit=3, cursor=cursor).headers["cache-status"] == "contact-search; fwd=miss; stored"
    assert "hit" in service.get(**WEEK, limit=3, cursor=cursor).headers["cache-status"]


def test_a_page_too_large_for_the_table_is_not_cached(service: Service) -> None:
    service.aws.connect.behaviour = Behaviour(token_length=600_000)
    calls = service.calls
    for _ in range(2):
        answer = service.get(**WEEK, limit=3)
        assert answer.headers["cache-status"] == "contact-search; fwd=miss; detail=too-large"
        assert answer.headers["cache-control"] == "private, max-age=0"
    assert service.calls == calls + 2


@pytest.mark.parametrize(
    ("status", "error"), [(429, "ThrottlingException"), (500, "InternalServiceException"), (503, "ServiceUnavailable")]
)
def test_a_stale_page_is_better_than_an_outage(service: Service, status: int, error: str) -> None:
    kept = service.get(**WEEK)
    with upstream(status, "{}", error) as url:
        service.connect_answers_by(url)
        service.later(1000)
        stale = service.get(**WEEK)
        assert stale.json["contacts"] == kept.json["contacts"]
        assert stale.headers["cache-status"].startswith("contact-search; fwd=stale")
        assert int(stale.headers["age"]) >= 998
        assert service.get({"cache-control": "no-cache"}, **WEEK).status >= 429
        service.later(3600 + 400)
        assert service.get(**WEEK).status >= 429


def test_a_rejection_is_shared_but_an_outage_is_not(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for status, error, attempts in (
        (400, "InvalidRequestException", 1),
        (500, "InternalServiceException", 4),
        (403, "AccessDeniedException", 2),
    ):
        with upstream(status, '{"Message": "no"}', error) as url:
            client = service.connect_answers_by(url)
            attempt = Mock(wraps=client.search_contacts)
            monkeypatch.setattr(client, "search_contacts", attempt)
            answers = [service.get(**WEEK, name=f"after {error}") for _ in range(2)]
        assert answers[0].json | {"request_id": ""} == answers[1].json | {"request_id": ""}
        assert attempt.call_count == attempts


def test_what_cannot_be_read_is_not_kept(service: Service) -> None:
    kept = service.get(**WEEK)
    with upstream(200, "<html>") as url:
        service.connect_answers_by(url)
        service.later(1000)
        assert service.get(**WEEK).json["contacts"] == kept.json["contacts"]
        assert [service.get(**WEEK, name="other").status for _ in range(2)] == [502, 502]
    service.connect_answers_by(service.aws.url)
    assert service.get(**WEEK, name="other").status == 200


def test_an_old_rejection_does_not_stand_in_for_an_outage(service: Service) -> None:
    for status, error, problem in (
        (400, "InvalidRequestException", "rejected-by-connect"),
        (503, "ServiceUnavailable", "upstream-unavailable"),
    ):
        with upstream(status, "{}", error) as url:
            service.connect_answers_by(url)
            assert service.get(**WEEK).json["type"] == f"/problems/{problem}"
        service.later(1000)


@pytest.mark.parametrize("moment", ["before", "after the lookup", "before it is stored"])
def test_without_the_table_searches_are_answered(service: Service, table_name: str, moment: str) -> None:
    lost = {"before": "GetItem", "after the lookup": "UpdateItem"}.get(moment, "PutItem")
    dynamodb = dynamodb_client(read_timeout=2, attempts=1)
    is_away = False

    def fail_once_lost(model: Any, **_: Any) -> None:
        nonlocal is_away
        is_away = is_away or model.name == lost
        if is_away:
            raise EndpointConnectionError(endpoint_url="")

    dynamodb.meta.events.register("before-call.dynamodb", fail_once_lost)
    service.table = TransientTable(table_name, dynamodb)
    service.use(ConnectClient(INSTANCE_ID, connect_client()), RateLimiter(service.table, 1000, 1000, 5, REAL_TIME))
    answers = [service.get(**WEEK, limit=limit) for limit in (2, 3)]
    for answer in answers:
        assert answer.status == 200, answer.text
        assert "storage-unavailable" in answer.headers["cache-status"]
        assert answer.headers["cache-control"] == "private, max-age=0"


def test_the_rate_limit_is_told(service: Service) -> None:
    answer = service.get(**WEEK)
    assert answer.headers["ratelimit-policy"] == '"search-contacts";q=1000;w=1'
    assert answer.headers["ratelimit"].startswith('"search-contacts";r=')
