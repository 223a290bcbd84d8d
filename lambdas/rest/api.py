"""The HTTP face: routes, and what every response has in common. Knows nothing of Amazon Connect."""

import json
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from amazon_connect.shared_search import Demand
from contacts.parameters import kind_of, search_of
from contacts.request import search_of_body
from contacts.search import Search
from contacts.walk import Page
from contacts.window import round_down
from rest.accept import check_accepts
from rest.body import json_of
from rest.demand import demand_of
from rest.failures import problem_of
from rest.page_response import etag_of, headers_of, matches
from rest.problem import MEDIA_TYPE, Problem
from telemetry import logger

JSON = "application/json"
METHODS = {
    "/v1/contacts": "GET, HEAD, OPTIONS",
    "/v1/contacts/search": "POST, OPTIONS",
    "/health": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/docs": "GET, HEAD, OPTIONS",
}
_STATIC_HEADERS = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}


def api_of(
    page_of: Callable[[Search, Demand], Page],
    rate_limit: Callable[[], dict[str, str]],
    default_wait: float,
    now_rounded_to: int,
) -> APIGatewayRestResolver:
    """The API, over functions that give the page of a search and the headers of the rate limit.

    `default_wait` is how many seconds a caller waits for its turn who does not say; `now_rounded_to` are seconds too.
    """
    api = APIGatewayRestResolver()
    answers = _Answers(api, rate_limit)
    _route_searches(api, answers, page_of, default_wait, now_rounded_to)
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


def _route_searches(
    api: APIGatewayRestResolver,
    answers: "_Answers",
    page_of: Callable[[Search, Demand], Page],
    default_wait: float,
    now_rounded_to: int,
) -> None:
    def asked() -> tuple[Demand, datetime]:
        """What the caller demands, and what now means to it: callers who ask together ask the same."""
        header = answers.header
        demand = demand_of(answers.caller, header("cache-control"), header("prefer"), default_wait)
        now = datetime.now(UTC)
        return demand, now if demand.no_cache else round_down(now, now_rounded_to)

    @api.route("/v1/contacts", method=["GET", "HEAD"])
    def search_contacts() -> Response[str]:
        check_accepts(answers.header("accept"), JSON)
        demand, now = asked()
        query: dict[str, list[str]] = api.current_event.get("multiValueQueryStringParameters") or {}
        search = search_of(query, now)
        page = page_of(search, demand)
        headers = headers_of(page) | answers.rate_limit() | {"ETag": etag_of(page, search.fields)}
        if page.next_cursor:
            headers["Link"] = f'<?{urlencode(query | {"cursor": [page.next_cursor]}, doseq=True)}>; rel="next"'
        _log_search(page, map(kind_of, query))
        if matches(answers.header("if-none-match"), headers["ETag"]):
            return answers.empty(HTTPStatus.NOT_MODIFIED, headers)
        return answers.json(HTTPStatus.OK, page.as_json(), headers)

    @api.post("/v1/contacts/search")
    def search_contacts_by_body() -> Response[str]:
        check_accepts(answers.header("accept"), JSON)
        event = api.current_event
        body = json_of(event.body, answers.header("content-type"), is_base64=bool(event.get("isBase64Encoded")))
        demand, now = asked()
        page = page_of(search_of_body(body, now), demand)
        _log_search(page, [*body, *body.get("search_criteria", ())])
        return answers.json(HTTPStatus.OK, page.as_json(), headers_of(page) | answers.rate_limit())


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

    def __init__(self, api: APIGatewayRestResolver, rate_limit: Callable[[], dict[str, str]]) -> None:
        self._api = api
        self.rate_limit = rate_limit

    @property
    def caller(self) -> str:
        """Who asks: a client, where the API has an authorizer, or else an address."""
        context = self._api.current_event.request_context
        return str((context.get("authorizer") or {}).get("principalId") or context.identity.source_ip)

    def header(self, name: str) -> str:
        """A header of the request, its repeats joined; empty where there is none."""
        headers: dict[str, list[str]] = self._api.current_event.get("multiValueHeaders") or {}
        return ", ".join(value for given, values in headers.items() if given.lower() == name for value in values)

    def text(self, status: HTTPStatus, text: str, headers: dict[str, str], media_type: str) -> Response[str]:
        return Response(status, media_type, text, headers | {"X-Request-Id": self._request_id})

    def empty(self, status: HTTPStatus, headers: dict[str, str]) -> Response[str]:
        return Response(status, headers=headers | {"X-Request-Id": self._request_id})

    def json(self, status: HTTPStatus, value: Any, headers: dict[str, str], media_type: str = JSON) -> Response[str]:
        return self.text(status, json.dumps(value, separators=(",", ":")), headers, media_type)

    def problem(self, problem: Problem) -> Response[str]:
        limit = self.rate_limit() if problem.status == HTTPStatus.TOO_MANY_REQUESTS else {}
        headers = problem.headers | limit | {"Cache-Control": "no-store"}
        return self.json(problem.status, problem.as_json(self._request_id), headers, MEDIA_TYPE)

    def not_found(self) -> Response[str]:
        """What a path answers that does not exist, and one that does to a method that it does not answer."""
        allowed = METHODS.get(self._api.current_event.path)
        if allowed is None:
            return self.problem(Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", "Nothing is at this path."))
        headers = {"Allow": allowed}
        if self._api.current_event.http_method == "OPTIONS":
            return self.empty(HTTPStatus.NO_CONTENT, headers)
        detail = f"This path answers {allowed}."
        status = HTTPStatus.METHOD_NOT_ALLOWED
        return self.problem(Problem(status, "method-not-allowed", "Method not allowed", detail, headers=headers))

    @property
    def _request_id(self) -> str:
        return self._api.current_event.request_context.request_id or ""


def _log_search(page: Page, names: Iterable[str]) -> None:
    logger.info("searched", extra={"parameters": sorted(set(names)), "contacts": len(page.contacts)})


def _log_failure(failure: Exception, problem: Problem) -> None:
    """What failed and where, but not the failure's own words: they may quote what the caller searched for."""
    about = {"problem": problem.type, "failure": type(failure).__name__, "code": getattr(failure, "code", None)}
    if problem.type == "internal":
        logger.error("failed", extra=about | {"at": traceback.format_tb(failure.__traceback__)})
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("failed", extra=about)
    else:
        logger.info("refused", extra=about)
