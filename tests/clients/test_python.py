"""Test the Python client against the service, and where the service or the network fails."""

import csv
import gzip
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from contact_search_client import (
    Contact,
    ContactSearch,
    CursorError,
    Export,
    ExportError,
    ExportRequest,
    InvalidRequestError,
    NotFoundError,
    SearchRequest,
    ThrottledError,
    UnauthenticatedError,
    UnreachableError,
)
from distribution.client_code import PYTHON_CLIENT
from sandbox.clients import FULL_KEY
from tests.clients.conftest import ADDRESS, FIRST, LAST, sample
from tests.serving import Service

QUERY = f"from={FIRST}&to={LAST}"
WINDOW = {"type": "INITIATION_TIMESTAMP", "start_time": FIRST, "end_time": LAST}


@pytest.fixture
def api(service: Service) -> Iterator[ContactSearch]:
    with ContactSearch(service.url, api_key=FULL_KEY) as api:
        yield api


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds that the client sleeps for, and let it sleep for a moment only."""
    pauses: list[float] = []
    sleep = time.sleep

    def note(seconds: float) -> None:
        pauses.append(seconds)
        sleep(min(seconds, 0.02))

    monkeypatch.setattr(time, "sleep", note)
    return pauses


def answering(*answers: httpx.Response | Exception, max_wait: float = 120) -> tuple[ContactSearch, list[httpx.Request]]:
    """Return a client whose requests get these answers, and the requests."""
    requests: list[httpx.Request] = []
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return ContactSearch("https://contacts.example.com/live/", api_key="key", http=http, max_wait=max_wait), requests


def problem(status: int, name: str, **headers: str) -> httpx.Response:
    body = {"type": f"/problems/{name}", "title": "T", "status": status, "detail": "D", "request_id": "r-1"}
    return httpx.Response(status, json=body, headers=headers)


ME = httpx.Response(200, json={"client": "c", "usage_plan": "p", "grant": {
    "queues": None, "agents": None, "channels": None, "fields": None, "attribute_keys": None,
    "transcript_search": True, "lookback": None, "page_limit": None, "exports": True,
}})  # fmt: skip


def test_contacts_are_those_of_all_pages(api: ContactSearch, service: Service) -> None:
    expected = service.walk(QUERY)
    found = list(api.contacts(from_=FIRST, to=LAST, limit=20))
    assert found == [Contact.model_validate(one) for one in expected]
    assert not [one for one in found if one.model_extra]
    assert [one.id for one in api.search({"time_range": WINDOW, "limit": 50})] == [one["id"] for one in expected]
    assert api.count(from_=FIRST, to=LAST).value == len(expected) > 100


def test_a_walk_goes_on_after_a_page(api: ContactSearch) -> None:
    first, second, *_ = api.pages(from_=FIRST, to=LAST, limit=10)
    [again, *_] = api.pages(from_=FIRST, to=LAST, limit=10, cursor=first.next_cursor)
    assert again.contacts == second.contacts


def test_parameters_of_every_style_are_sent(api: ContactSearch, service: Service) -> None:
    """The totals are those of the same search without the client."""
    searches: list[tuple[str, dict[str, Any]]] = [
        ("channel=VOICE&channel=CHAT", {"channel": ["VOICE", "CHAT"]}),
        ("attribute[customer_tier]=gold", {"attribute": {"customer_tier": "gold"}}),
        (
            "attribute.customer_tier=gold&attribute.customer_tier=silver",
            {"attribute": {"customer_tier": ["gold", "silver"]}},
        ),
        ("transcript.customer=refund", {"transcript_customer": "refund"}),
        ("disconnect_timestamp.exists=false", {"disconnect_timestamp_exists": False}),
        (f"disconnect_timestamp.from={LAST}T09:00:00Z", {
            "disconnect_timestamp_from": datetime.fromisoformat(f"{LAST}T09:00:00+00:00")
        }),
    ]  # fmt: skip
    for query, parameters in searches:
        status, page = service.get(f"/v1/contacts?last=P60D&limit=0&{query}")
        assert status == 200, page
        assert api.count(last=timedelta(days=60), **parameters).value == page["total"]["value"], query


def test_models_are_typed_requests(api: ContactSearch) -> None:
    request = SearchRequest.model_validate({"time_range": WINDOW, "search_criteria": {"channels": ["VOICE"]}})
    assert {one.channel for one in api.search(request)} == {"VOICE"}


def test_names_and_details(api: ContactSearch) -> None:
    queues = list(api.queues())
    assert [one.name for one in queues] == [queue.name for queue in (api.me().grant.queues or queues)]
    assert [one.username for one in api.agents("kpereira")] == ["kpereira"]
    [contact, *_] = api.contacts(last="P30D", queue="billing", limit=1)
    details = api.contact(contact.id, expand=["queue", "attributes"])
    assert details.queue_info is not None
    assert details.queue_info.name == "Billing"
    assert details.attributes is not None


def test_problems_are_typed(api: ContactSearch, service: Service) -> None:
    with pytest.raises(InvalidRequestError) as invalid:
        api.count(last="a week", channel="FAX")  # type: ignore[arg-type]
    assert {fault.parameter for fault in invalid.value.faults} == {"last", "channel"}
    assert (invalid.value.status, invalid.value.type) == (422, "validation")
    assert invalid.value.request_id in str(invalid.value)
    with pytest.raises(NotFoundError):
        api.contact("no-such-contact")
    with pytest.raises(CursorError):
        next(api.pages(last="P1D", cursor="nonsense"))
    with ContactSearch(service.url, api_key="wrong") as stranger, pytest.raises(UnauthenticatedError):
        stranger.me()


def test_following_waits_as_told_and_goes_on_where_it_was(api: ContactSearch, pauses: list[float]) -> None:
    seen, cursor = [], None
    for page in api.follow(last="P2D", limit=20):
        seen += [one.id for one in page.contacts]
        cursor = page.next_cursor
        if len(pauses) == 2:
            break
    assert min(pauses) >= 1
    assert len(seen) == len(set(seen)) > 20
    [after] = api.follow(last="P2D", limit=20, cursor=cursor, until_caught_up=True)
    assert not {one.id for one in after.contacts} & set(seen)


@pytest.mark.parametrize("name", ["contacts.ndjson", "contacts.ndjson.gz"])
def test_an_export_has_all_contacts(
    api: ContactSearch, service: Service, pauses: list[float], tmp_path: Path, name: str
) -> None:
    progress: list[Export] = []
    request = ExportRequest.model_validate({"time_range": WINDOW})
    export = api.export(request, tmp_path / name, on_progress=progress.append)
    content = (tmp_path / name).read_bytes()
    lines = (gzip.decompress(content) if name.endswith(".gz") else content).splitlines()
    assert [json.loads(line) for line in lines] == service.walk(QUERY)
    assert len(export.parts or ()) > 1
    assert progress[-1] == export
    assert all(earlier <= later for earlier, later in pairwise(pauses))
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_a_table_has_one_header(api: ContactSearch, pauses: list[float], tmp_path: Path) -> None:  # noqa: ARG001
    export = api.export({"time_range": WINDOW, "format": "csv", "expand": ["queue"]}, tmp_path / "contacts.csv")
    with (tmp_path / "contacts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == export.contacts
    assert "Billing" in {row["queue_info.name"] for row in rows}
    assert export.id in {one.id for one in api.exports()}
    api.delete_export(export.id)
    assert export.id not in {one.id for one in api.exports() if one.status != "canceled"}


def export_of(*parts: dict[str, Any], status: str = "succeeded", **members: Any) -> httpx.Response:
    export = {
        "id": "e-1", "status": status, "format": "ndjson", "created_at": "2026-11-18T14:00:00Z", "started_at": None,
        "ended_at": None, "expires_at": "2026-11-25T14:00:00Z", "contacts": 1, "total": None, "estimated_end_at": None,
        "parts": list(parts),
    }  # fmt: skip
    return httpx.Response(200, json=export | members)


PART = gzip.compress(b'{"id":"1"}\n')
DESCRIBED = {"contacts": 1, "bytes": len(PART), "sha256": hashlib.sha256(PART).hexdigest()}


def test_a_damaged_part_and_an_expired_url_are_downloaded_again(pauses: list[float], tmp_path: Path) -> None:
    export = export_of({**DESCRIBED, "url": "https://files.example.com/1"})
    api, requests = answering(
        export,
        *(httpx.Response(200, content=PART[:-9]), export, httpx.Response(403), export),
        *(httpx.ReadError("broken off"), export, httpx.Response(200, content=PART)),
    )
    api.export({}, tmp_path / "contacts.ndjson")
    assert (tmp_path / "contacts.ndjson").read_text() == '{"id":"1"}\n'
    assert len(pauses) == 3
    assert not [one for one in requests if one.url.host == "files.example.com" and "x-api-key" in one.headers]


def test_an_export_that_fails_leaves_no_file(pauses: list[float], tmp_path: Path) -> None:
    failure = {"type": "/problems/forbidden", "title": "T", "status": 403, "detail": "The grant has changed."}
    api, _ = answering(export_of(status="running"), export_of(status="failed", problem=failure))
    with pytest.raises(ExportError, match=r"The grant has changed\.") as failed:
        api.export({}, tmp_path / "contacts.ndjson")
    assert (failed.value.export.status, len(pauses)) == ("failed", 1)
    part = {**DESCRIBED, "url": "https://files.example.com/1"}
    api, _ = answering(export_of(part), *[httpx.Response(403), export_of(part)] * 5)
    with pytest.raises(ExportError, match="Part 1 cannot be downloaded"):
        api.export({}, tmp_path / "contacts.ndjson")
    assert not list(tmp_path.iterdir())


def test_it_waits_as_told_and_tries_again(pauses: list[float]) -> None:
    throttled, away = problem(429, "throttled", **{"retry-after": "7"}), problem(503, "upstream-unavailable")
    api, requests = answering(throttled, away, httpx.ConnectError("refused"), ME)
    assert api.me().client == "c"
    assert pauses[0] == 7
    assert len(pauses) == 3
    assert [str(one.url) for one in requests] == ["https://contacts.example.com/live/v1/me"] * 4


def test_a_wait_that_is_too_long_is_not_begun(pauses: list[float]) -> None:
    api, _ = answering(problem(429, "throttled", **{"retry-after": "7"}), max_wait=5)
    with pytest.raises(ThrottledError) as throttled:
        api.me()
    assert (throttled.value.retry_after, throttled.value.request_id, pauses) == (7, "r-1", [])
    api, _ = answering(httpx.ConnectError("refused"), max_wait=0)
    with pytest.raises(UnreachableError, match="cannot be reached: refused"):
        api.me()


def test_an_answer_of_something_else_is_said_so() -> None:
    api, _ = answering(httpx.Response(407, text="<html>Proxy</html>"))
    with pytest.raises(UnreachableError, match=r"contacts\.example\.com answers 407"):
        api.me()


def test_one_credential_is_sent_with_each_request() -> None:
    tokens = iter(["t-1", "t-2"])
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return ME

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        with ContactSearch("https://contacts.example.com", token=lambda: next(tokens), http=http) as api:
            api.me()
            api.me()
        assert not http.is_closed, "whoever passes an httpx client closes it"
    assert [one.headers["authorization"] for one in requests] == ["Bearer t-1", "Bearer t-2"]
    assert "x-api-key" not in requests[0].headers
    with pytest.raises(ValueError, match="not both"):
        ContactSearch("https://contacts.example.com", api_key="key", token="token")  # noqa: S106


def test_what_a_newer_service_adds_is_kept() -> None:
    contact = {"id": "1", "channel": "HOLOGRAM", "mood": "good"}
    page = {"contacts": [contact], "total": {"value": 1, "relation": "eq"}, "next_cursor": None}
    api, _ = answering(httpx.Response(200, json=page))
    [found] = api.contacts(last="P1D")
    assert (found.channel, found.model_extra) == ("HOLOGRAM", {"mood": "good"})


def test_the_sample_of_the_documentation_runs(
    service: Service,
    pauses: list[float],  # noqa: ARG001 - it would wait
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    program = sample(PYTHON_CLIENT / "README.md", "python")
    assert ADDRESS in program
    names: dict[str, Any] = {}
    exec(compile(program.replace(ADDRESS, service.url), "README.md", "exec"), names)  # noqa: S102 - our own
    names["api"].close()
    printed = capsys.readouterr().out
    assert "'Billing'" in printed
    assert "validation " in printed
    assert (tmp_path / "contacts.csv").stat().st_size > 0
