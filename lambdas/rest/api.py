"""The HTTP face: routes, and what every response has in common. Knows nothing of Amazon Connect."""

import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from amazon_connect.shared_search import Demand
from contacts.grant import Caller
from contacts.narrowing import narrowed
from contacts.parameters import kind_of, parameters_of, search_of
from contacts.request import pointers_of, search_of_body
from contacts.search import Search
from contacts.walk import Page
from contacts.window import round_down
from rest.accept import check_accepts
from rest.body import json_of
from rest.cors import cors_headers, preflight_headers
from rest.demand import demand_of
from rest.failures import problem_of
from rest.page_response import VARY, etag_of, headers_of, matches
from rest.problem import MEDIA_TYPE, UNAUTHENTICATED, Problem, RefusedError
from telemetry import logger

JSON = "application/json"
METHODS = {
    "/v1/contacts": "GET, HEAD, OPTIONS",
    "/v1/contacts/search": "POST, OPTIONS",
    "/health": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/docs": "GET, HEAD, OPTIONS",
}
_STATIC_HEADERS = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding, Origin"}


@dataclass(frozen=True)
class Service:
    """What the API answers with.

    page_of             gives the page of a search
    rate_limit          gives the headers of the rate limit
    caller_of           gives the client of this name and revision as it is granted; None where there is none any more
    default_wait        how many seconds a caller waits for its turn who does not say
    now_rounded_to      to how many seconds now is rounded down
    cors_origins        which origins may send requests
    """

    page_of: Callable[[Search, Demand], Page]
    rate_limit: Callable[[], dict[str, str]]
    caller_of: Callable[[str, str], Caller | None]
    default_wait: float
    now_rounded_to: int
    cors_origins: Sequence[str]


def api_of(service: Service) -> APIGatewayRestResolver:
    """The API over this service."""
    api = APIGatewayRestResolver()
    answers = _Answers(api, service)
    _route_searches(api, answers, service)
    _route_documents(api, answers)

    @api.not_found
    def not_found(_: Exception) -> Response[str]:
        return answers.not_found()

    @api.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def failed(failure: Exception) -> Response[str]:
        problem = problem_of(failure)
        _log_failure(failure, problem)
        return answers.problem(problem)

    return api


def _route_searches(api: APIGatewayRestResolver, answers: "_Answers", service: Service) -> None:
    def asked(caller: Caller) -> tuple[Demand, datetime]:
        """What the caller demands, and what now means to it: callers who ask together ask the same."""
        header = answers.header
        demand = demand_of(caller.client, header("cache-control"), header("prefer"), service.default_wait)
        now = datetime.now(UTC)
        return demand, now if demand.no_cache else round_down(now, service.now_rounded_to)

    @api.route("/v1/contacts", method=["GET", "HEAD"])
    def search_contacts() -> Response[str]:
        caller = answers.caller()
        query: dict[str, list[str]] = api.current_event.get("multiValueQueryStringParameters") or {}
        logger.append_keys(parameters=sorted(set(map(kind_of, query))))
        check_accepts(answers.header("accept"), JSON)
        demand, now = asked(caller)
        search = narrowed(search_of(query, now), caller, partial(parameters_of, query))
        page = service.page_of(search, demand)
        headers = headers_of(page) | service.rate_limit() | {"ETag": etag_of(page, search.fields)}
        if page.next_cursor:
            headers["Link"] = f'<?{urlencode(query | {"cursor": [page.next_cursor]}, doseq=True)}>; rel="next"'
        _log_search(page)
        if matches(answers.header("if-none-match"), headers["ETag"]):
            return answers.empty(HTTPStatus.NOT_MODIFIED, headers)
        return answers.json(HTTPStatus.OK, page.as_json(), headers)

    @api.post("/v1/contacts/search")
    def search_contacts_by_body() -> Response[str]:
        caller = answers.caller()
        check_accepts(answers.header("accept"), JSON)
        event = api.current_event
        body = json_of(event.body, answers.header("content-type"), is_base64=bool(event.get("isBase64Encoded")))
        demand, now = asked(caller)
        search = search_of_body(body, now)
        logger.append_keys(parameters=sorted({*body, *body.get("search_criteria", ())}))
        page = service.page_of(narrowed(search, caller, pointers_of), demand)
        _log_search(page)
        return answers.json(HTTPStatus.OK, page.as_json(), headers_of(page) | service.rate_limit())


def _route_documents(api: APIGatewayRestResolver, answers: "_Answers") -> None:
    @api.route("/health", method=["GET", "HEAD"])
    def health() -> Response[str]:
        check_accepts(answers.header("accept"), JSON)
        return answers.json(HTTPStatus.OK, {"status": "ok"}, {"Cache-Control": "no-store"})

    @api.route("/openapi.json", method=["GET", "HEAD"])
    def openapi() -> Response[str]:
        from rest.openapi import document  # noqa: PLC0415 - searches need not wait for it

        check_accepts(answers.header("accept"), JSON)
        return answers.json(HTTPStatus.OK, document(), _STATIC_HEADERS)

    @api.route("/docs", method=["GET", "HEAD"])
    def docs() -> Response[str]:
        from rest.docs import page  # noqa: PLC0415 - searches need not wait for it

        check_accepts(answers.header("accept"), "text/html")
        return answers.text(HTTPStatus.OK, page(), _STATIC_HEADERS, "text/html; charset=utf-8")


class _Answers:
    """Responses to the event that the API is at."""

    def __init__(self, api: APIGatewayRestResolver, service: Service) -> None:
        self._api = api
        self._service = service

    def caller(self) -> Caller:
        """The client that the authorizer has found. Raises RefusedError, a 401, where a request has come around it."""
        authorizer: Mapping[str, str] = self._api.current_event.request_context.get("authorizer") or {}
        caller = self._service.caller_of(authorizer["client"], authorizer["revision"]) if authorizer else None
        if caller is None:
            raise RefusedError(UNAUTHENTICATED)
        logger.append_keys(client=caller.client)
        return caller

    def header(self, name: str) -> str:
        """A header of the request, its repeats joined; empty where there is none."""
        headers: dict[str, list[str]] = self._api.current_event.get("multiValueHeaders") or {}
        return ", ".join(value for given, values in headers.items() if given.lower() == name for value in values)

    def text(self, status: HTTPStatus, text: str, headers: dict[str, str], media_type: str) -> Response[str]:
        return Response(status, media_type, text, headers | self._of_every_response())

    def empty(self, status: HTTPStatus, headers: dict[str, str]) -> Response[str]:
        return Response(status, headers=headers | self._of_every_response())

    def json(self, status: HTTPStatus, value: Any, headers: dict[str, str], media_type: str = JSON) -> Response[str]:
        return self.text(status, json.dumps(value, separators=(",", ":")), headers, media_type)

    def problem(self, problem: Problem) -> Response[str]:
        limit = self._service.rate_limit() if problem.status == HTTPStatus.TOO_MANY_REQUESTS else {}
        headers = problem.headers | limit | {"Cache-Control": "no-store"}
        return self.json(problem.status, problem.as_json(self._request_id), headers, MEDIA_TYPE)

    def not_found(self) -> Response[str]:
        """What a path answers that does not exist, and one that does to a method that it does not answer."""
        allowed = METHODS.get(self._api.current_event.path)
        if allowed is None:
            return self.problem(Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", "Nothing is at this path."))
        headers = {"Allow": allowed}
        if self._api.current_event.http_method == "OPTIONS":
            preflight = preflight_headers(allowed) if self._cors_headers() else {}
            return self.empty(HTTPStatus.NO_CONTENT, headers | preflight | {"Vary": VARY})
        detail = f"This path answers {allowed}."
        status = HTTPStatus.METHOD_NOT_ALLOWED
        return self.problem(Problem(status, "method-not-allowed", "Method not allowed", detail, headers=headers))

    def _of_every_response(self) -> dict[str, str]:
        return {"X-Request-Id": self._request_id} | self._cors_headers()

    def _cors_headers(self) -> dict[str, str]:
        return cors_headers(self.header("origin"), self._service.cors_origins)

    @property
    def _request_id(self) -> str:
        return self._api.current_event.request_context.request_id or ""


def _log_search(page: Page) -> None:
    """The audit line, with the client and the names of the parameters that have been set for all lines."""
    logger.info("searched", extra={"contacts": len(page.contacts), "cache": page.answer.cache_status})


def _log_failure(failure: Exception, problem: Problem) -> None:
    """What failed and where, but not the failure's own words: they may quote what the caller searched for."""
    about = {"problem": problem.type, "failure": type(failure).__name__, "code": getattr(failure, "code", None)}
    if problem.type == "internal":
        logger.error("failed", extra=about | {"at": traceback.format_tb(failure.__traceback__)})
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("failed", extra=about)
    else:
        logger.info("refused", extra=about)
