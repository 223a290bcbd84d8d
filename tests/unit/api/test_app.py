"""Test what all paths have in common: routing, HEAD, 404, 405, OPTIONS, common headers, problems."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from contact_search.amazon_connect.connect import Result
from contact_search.amazon_connect.contact import parse_response
from contact_search.amazon_connect.errors import ThrottledError
from contact_search.api.route_table import CONTACT_SEARCH, CONTACTS, EXPORT, EXPORTS, HEALTH, PROBLEMS, ROUTES, Route
from contact_search.logger import logger
from contact_search.search.grants import Grant
from tests.unit.api.conftest import ORIGIN, FakeClients, FakeConnect, FakeDirectory, Send

TIME_RANGE = {"type": "INITIATION_TIMESTAMP", "start_time": "2026-11-20", "end_time": "2026-11-20"}


# Values of the path parameters, by the path that has them.
PATH_PARAMETERS = {
    "/problems/{type}": {"type": "validation"},
    "/explorer/{version}/{file}": {"version": "1", "file": "main.js"},
    "/v1/contacts/{id}": {"id": "c-1"},
    "/v1/exports/{id}": {"id": "1"},
}
# Exports need a bucket and a state machine: see tests/service/test_exports.py.
ANSWERED = [route for route in ROUTES if route not in (EXPORTS, EXPORT)]


@pytest.mark.parametrize("route", ANSWERED, ids=[route.path for route in ANSWERED])
def test_each_route_answers_its_methods(send: Send, route: Route) -> None:
    for method in route.methods:
        body = json.dumps({"time_range": TIME_RANGE}) if method == "POST" else None
        query, parameters = "last=P1D" if route is CONTACTS else "", PATH_PARAMETERS.get(route.path)
        assert send(method, route.path, query, body=body, pathParameters=parameters).status == 200


@pytest.mark.parametrize("route", ROUTES, ids=[route.path for route in ROUTES])
def test_other_methods_are_a_405_with_allow(send: Send, route: Route) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - {*route.methods}:
        response = send(method, route.path, pathParameters=PATH_PARAMETERS.get(route.path))
        assert (response.status, response.json["type"]) == (405, "/problems/method-not-allowed")
        assert response.headers["allow"] == ", ".join([*route.methods, "OPTIONS"])


@pytest.mark.parametrize("route", [EXPORTS, EXPORT], ids=["list", "one"])
def test_exports_that_are_not_configured_are_the_operators_fault(
    send: Send, clients: FakeClients, route: Route
) -> None:
    clients.grant = Grant(exports=True)
    for method in ("GET", "HEAD", "DELETE") if route is EXPORT else ("GET", "POST"):
        response = send(method, route.path, body=json.dumps({"time_range": TIME_RANGE}), pathParameters={"id": "1"})
        assert (response.status, response.json["type"]) == (500, "/problems/misconfigured")


def test_an_unknown_path_is_a_404(send: Send) -> None:
    response = send("GET", "/v1/nothing")
    assert (response.status, response.json["type"]) == (404, "/problems/not-found")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert send("OPTIONS", "/v1/nothing").status == 404


@pytest.mark.parametrize("path", ["/search/v1/contacts", "/live/v1/contacts", "/v1/contacts/", "/a/b/v1/contacts/"])
def test_routes_do_not_depend_on_a_base_path_or_a_trailing_slash(send: Send, path: str) -> None:
    assert send("GET", CONTACTS.path, "last=P1D", path=path).status == 200


def test_a_preflight_lets_scripts_read_the_problem_of_an_unknown_path_or_method(send: Send) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "DELETE"}
    response = send("OPTIONS", "/{proxy+}", headers=asked, path="/v1/no", pathParameters={"proxy": "v1/no"})
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "DELETE" in response.headers["access-control-allow-methods"]
    response = send("OPTIONS", CONTACTS.path, headers=asked)
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    assert response.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, DELETE"
    assert "Access-Control-Request-Method" in response.headers["vary"].split(", ")
    elsewhere = asked | {"origin": "https://evil.example"}
    assert (
        send("OPTIONS", "/{proxy+}", headers=elsewhere, path="/v1/no", pathParameters={"proxy": "v1/no"}).status == 404
    )


def test_the_resource_decides_about_the_route_whatever_its_parameters_are(send: Send) -> None:
    for value in ("health", "validation/x", "a\nb", "{type}", ""):
        response = send("GET", PROBLEMS.path, pathParameters={"type": value})
        assert (response.status, response.json["type"]) == (404, "/problems/not-found")
    assert send("GET", PROBLEMS.path, path="/search/health", pathParameters={"type": "validation"}).status == 200


def test_a_preflight_is_answered_for_its_path(send: Send) -> None:
    response = send("OPTIONS", CONTACT_SEARCH.path, headers={"origin": ORIGIN})
    assert (response.status, response.body) == (204, "")
    assert response.headers["allow"] == response.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "Origin" in response.headers["vary"]
    assert response.headers["x-request-id"] == "request-1"


def test_options_of_another_origin_has_allow_alone(send: Send) -> None:
    response = send("OPTIONS", CONTACTS.path, headers={"origin": "https://evil.example"})
    assert (response.status, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_every_response_has_the_common_headers(send: Send, connect: FakeConnect) -> None:
    headers = {"Origin": ORIGIN}
    responses = [send("GET", HEALTH.path, headers=headers), send("GET", "/nothing", headers=headers)]
    responses += [send("PUT", HEALTH.path, headers=headers), send("GET", CONTACTS.path, "last=x", headers)]
    connect.error = RuntimeError()
    responses.append(send("GET", CONTACTS.path, "last=P1D", headers))
    assert [response.status for response in responses] == [200, 404, 405, 422, 500]
    for response in responses:
        assert response.headers["x-request-id"] == "request-1"
        assert response.headers["access-control-allow-origin"] == ORIGIN


def test_a_request_that_bypassed_the_authorizer_is_unauthenticated(send: Send) -> None:
    response = send("GET", CONTACTS.path, "last=P1D", requestContext={"requestId": "request-1"})
    assert (response.status, response.json["type"]) == (401, "/problems/unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer ")


def test_a_page_has_only_granted_fields(send: Send, connect: FakeConnect, clients: FakeClients) -> None:
    contact = '{"Id": "1", "Channel": "VOICE", "Name": "secret", "InitiationTimestamp": 1795000000}'
    response = parse_response(f'{{"Contacts": [{contact}], "TotalCount": 1}}'.encode())
    connect.result = replace(connect.result, response=response)
    clients.grant = Grant(fields=frozenset({"channel", "initiation_timestamp"}))
    body = json.dumps({"time_range": TIME_RANGE})
    for page in (send("GET", CONTACTS.path, "last=P1D"), send("POST", CONTACT_SEARCH.path, body=body)):
        [found] = page.json["contacts"]
        assert found.keys() == {"id", "channel", "initiation_timestamp"}


def test_a_throttled_search_tells_the_state_of_the_quota(send: Send, connect: FakeConnect) -> None:
    connect.error = ThrottledError("QuotaExceeded", 7)
    response = send("GET", CONTACTS.path, "last=P1D")
    assert (response.status, response.headers["retry-after"]) == (429, "7")
    assert response.headers["ratelimit"] == '"search";r=0;t=2'
    assert response.headers["ratelimit-policy"] == '"search";q=1;w=2'


def test_the_headers_say_who_waits_and_how_long(send: Send, connect: FakeConnect) -> None:
    send("GET", CONTACTS.path, "last=P1D", {"Prefer": "wait=7", "Cache-Control": "no-cache"})
    [patience] = connect.patience
    assert (patience.caller, patience.wait_seconds, patience.no_cache) == ("test", 7, True)


def test_users_of_one_client_have_turns_of_their_own(send: Send, connect: FakeConnect) -> None:
    context = {"requestId": "1", "authorizer": {"client": "test", "revision": "1", "user": "decade"}}
    headers, body = {"content-type": "application/json"}, json.dumps({"time_range": TIME_RANGE})
    send("GET", CONTACTS.path, "last=P1D", requestContext=context)
    send("POST", CONTACT_SEARCH.path, headers=headers, body=body, requestContext=context)
    assert [patience.caller for patience in connect.patience] == ["test decade", "test decade"]


def test_now_is_rounded_down_unless_the_caller_wants_no_cached_page(
    send: Send, connect: FakeConnect, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    now = datetime(2026, 11, 20, 12, 0, 19, 5, tzinfo=UTC)
    monkeypatch.setattr("contact_search.api.clock.current_time", lambda: now)
    send("GET", CONTACTS.path, "last=P1D")
    send("GET", CONTACTS.path, "last=P1D", {"cache-control": "no-cache"})
    ends = [request["TimeRange"]["EndTime"] for request in connect.requests]
    assert ends == [now.replace(second=10, microsecond=0), now]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", text)
    return text


def last_line(log: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(log.getvalue().splitlines()[-1])
    return line


def test_a_search_is_logged_with_the_names_of_its_parameters(send: Send, log: io.StringIO) -> None:
    send("GET", CONTACTS.path, "last=P1D&attribute.secret=secret&transcript=secret")
    line = last_line(log)
    assert (line["message"], line["client"], line["contacts"], line["cache"]) == ("searched", "test", 0, "fwd=miss")
    assert line["parameters"] == ["attribute.KEY", "last", "transcript"]
    assert "secret" not in log.getvalue()


@pytest.mark.parametrize(
    ("request_line", "body", "parameters"),
    [
        (("GET", CONTACTS.path, "last=x&secret=1"), None, ["last", "unknown"]),
        (("POST", CONTACT_SEARCH.path), '{"time_range": 1, "search_criteria": {"name": "secret"}}', None),
    ],
)
def test_a_rejected_search_is_logged_with_the_names_of_its_parameters(
    send: Send, log: io.StringIO, request_line: tuple[str, ...], body: str | None, parameters: list[str] | None
) -> None:
    assert send(*request_line, body=body).status == 422
    line = last_line(log)
    assert (line["message"], line["problem"]) == ("refused", "validation")
    assert line["parameters"] == (parameters or ["name", "search_criteria", "time_range"])
    assert "secret" not in log.getvalue()


def test_names_are_added_after_connect_was_asked(send: Send, connect: FakeConnect) -> None:
    found = (
        b'{"Contacts": [{"Id": "c", "InitiationTimestamp": "2026-11-20T09:00:00Z", '
        b'"QueueInfo": {"Id": "q-1"}, "AgentInfo": {"Id": "a-1"}}], "TotalCount": 1}'
    )
    connect.result = Result(parse_response(found), 10, None, "fwd=miss")
    [contact] = send("GET", "/v1/contacts", "last=P1D&expand=queue,agent").json["contacts"]
    assert contact == {
        "id": "c",
        "initiation_timestamp": "2026-11-20T09:00:00.000Z",
        "queue_info": {"id": "q-1", "name": "Billing"},
        "agent_info": {"id": "a-1", "username": "jdoe"},
    }
    send("GET", "/v1/contacts", "last=P1D")
    [with_names, without] = ({**request, "TimeRange": None} for request in connect.requests)
    assert with_names == without  # so both share a cached page


def test_names_that_connect_may_send_in_the_future_are_left_out(send: Send, connect: FakeConnect) -> None:
    found = (
        b'{"Contacts": [{"Id": "c", "InitiationTimestamp": "2026-11-20T09:00:00Z", '
        b'"QueueInfo": {"Id": "q-1", "Name": "x"}}], "TotalCount": 1}'
    )
    connect.result = Result(parse_response(found), 10, None, "fwd=miss")
    [contact] = send("GET", "/v1/contacts", "last=P1D").json["contacts"]
    assert contact["queue_info"] == {"id": "q-1"}


def test_a_page_says_if_its_names_are_missing(send: Send, connect: FakeConnect, directory: FakeDirectory) -> None:
    found = (
        b'{"Contacts": [{"Id": "c", "InitiationTimestamp": "2026-11-20T09:00:00Z", '
        b'"QueueInfo": {"Id": "q-1"}}], "TotalCount": 1}'
    )
    connect.result = Result(parse_response(found), 10, None, "fwd=miss")
    etags = {}
    for known in (None, directory.known):
        directory.known = known
        page = send("GET", "/v1/contacts", "last=P1D&expand=queue")
        assert page.json.get("expanded") is (False if known is None else None)
        etags[page.headers["etag"]] = known
    assert len(etags) == 2


def test_a_search_does_not_import_what_only_exports_need() -> None:
    code = (
        "import sys, contact_search.api.app;"
        " print(*(name for name in sys.modules if name.startswith('contact_search.exports.')))"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": "lambdas"}
    )
    assert done.stdout.split() == ["contact_search.exports.errors"]
