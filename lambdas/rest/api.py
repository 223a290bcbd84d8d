"""The HTTP face: routes, and what every response has in common. Knows nothing of Amazon Connect."""

import json
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from contacts.parameters import kind_of, search_of
from contacts.request import search_of_body
from contacts.search import Search
from contacts.walk import Page
from rest.accept import check_accepts
from rest.body import json_of
from rest.failures import problem_of
from rest.problem import MEDIA_TYPE, Problem

JSON = "application/json"
METHODS = {
    "/v1/contacts": "GET, HEAD, OPTIONS",
    "/v1/contacts/search": "POST, OPTIONS",
    "/health": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/docs": "GET, HEAD, OPTIONS",
}
_PAGE_HEADERS = {"Cache-Control": "private, max-age=0", "Vary": "Authorization, X-Api-Key, Origin, Accept-Encoding"}
_STATIC_HEADERS = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}

logger = Logger(service="contact-search")


def api_of(page_of: Callable[[Search], Page]) -> APIGatewayRestResolver:
    """The API, over a function that gives the page of a search."""
    api = APIGatewayRestResolver()
    answers = _Answers(api)

    @api.route("/v1/contacts", method=["GET", "HEAD"])
    def search_contacts() -> Response[str]:
        check_accepts(answers.header("accept"), JSON)
        query: dict[str, list[str]] = api.current_event.get("multiValueQueryStringParameters") or {}
        page = page_of(search_of(query, datetime.now(UTC)))
        headers = dict(_PAGE_HEADERS)
        if page.next_cursor:
            headers["Link"] = f'<?{urlencode(query | {"cursor": [page.next_cursor]}, doseq=True)}>; rel="next"'
        _log_search(page, map(kind_of, query))
        return answers.json(HTTPStatus.OK, page.as_json(), headers)

    @api.post("/v1/contacts/search")
    def search_contacts_by_body() -> Response[str]:
        check_accepts(answers.header("accept"), JSON)
        event = api.current_event
        body = json_of(event.body, answers.header("content-type"), is_base64=bool(event.get("isBase64Encoded")))
        page = page_of(search_of_body(body, datetime.now(UTC)))
        _log_search(page, [*body, *body.get("search_criteria", ())])
        return answers.json(HTTPStatus.OK, page.as_json(), _PAGE_HEADERS)

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

    @api.not_found
    def not_found(_: Exception) -> Response[str]:
        return answers.not_found()

    @api.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def failed(failure: Exception) -> Response[str]:
        problem = problem_of(failure)
        _log_failure(failure, problem)
        return answers.problem(problem)

    return api


class _Answers:
    """Responses to the event that the API is at."""

    def __init__(self, api: APIGatewayRestResolver) -> None:
        self._api = api

    def header(self, name: str) -> str:
        """A header of the request, its repeats joined; empty where there is none."""
        headers: dict[str, list[str]] = self._api.current_event.get("multiValueHeaders") or {}
        return ", ".join(value for given, values in headers.items() if given.lower() == name for value in values)

    def text(self, status: HTTPStatus, text: str, headers: dict[str, str], media_type: str) -> Response[str]:
        return Response(status, media_type, text, headers | {"X-Request-Id": self._request_id})

    def json(self, status: HTTPStatus, value: Any, headers: dict[str, str], media_type: str = JSON) -> Response[str]:
        return self.text(status, json.dumps(value, separators=(",", ":")), headers, media_type)

    def problem(self, problem: Problem) -> Response[str]:
        headers = problem.headers | {"Cache-Control": "no-store"}
        return self.json(problem.status, problem.as_json(self._request_id), headers, MEDIA_TYPE)

    def not_found(self) -> Response[str]:
        """What a path answers that does not exist, and one that does to a method that it does not answer."""
        allowed = METHODS.get(self._api.current_event.path)
        if allowed is None:
            return self.problem(Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", "Nothing is at this path."))
        headers = {"Allow": allowed}
        if self._api.current_event.http_method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, headers=headers | {"X-Request-Id": self._request_id})
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
