"""The HTTP face: routes, and what every response has in common. Knows nothing of Amazon Connect."""

import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from contacts.parameters import kind_of, search_of
from contacts.search import Search
from contacts.walk import Page
from rest.failures import problem_of
from rest.problem import MEDIA_TYPE, Problem

METHODS = {"/v1/contacts": "GET, HEAD, OPTIONS", "/health": "GET, HEAD, OPTIONS"}

logger = Logger(service="contact-search")


def api_of(page_of: Callable[[Search], Page]) -> APIGatewayRestResolver:
    """The API, over a function that gives the page of a search."""
    api = APIGatewayRestResolver()

    @api.route("/health", method=["GET", "HEAD"])
    def health() -> Response[str]:
        return _json(api, HTTPStatus.OK, {"status": "ok"}, {"Cache-Control": "no-store"})

    @api.route("/v1/contacts", method=["GET", "HEAD"])
    def search_contacts() -> Response[str]:
        query: dict[str, list[str]] = api.current_event.get("multiValueQueryStringParameters") or {}
        page = page_of(search_of(query, datetime.now(UTC)))
        headers = {"Cache-Control": "private, max-age=0", "Vary": "Authorization, X-Api-Key, Origin, Accept-Encoding"}
        if page.next_cursor:
            headers["Link"] = f'<?{_next_query(query, page.next_cursor)}>; rel="next"'
        logger.info("searched", extra={"parameters": sorted(set(map(kind_of, query))), "contacts": len(page.contacts)})
        return _json(api, HTTPStatus.OK, page.as_json(), headers)

    @api.not_found
    def not_found(_: Exception) -> Response[str]:
        allowed = METHODS.get(api.current_event.path)
        if allowed is None:
            return _problem(api, Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", "Nothing is at this path."))
        if api.current_event.http_method == "OPTIONS":
            return Response(HTTPStatus.NO_CONTENT, headers={"Allow": allowed} | _request_id_header(api))
        detail = f"This path answers {allowed}."
        problem = Problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            detail,
            headers={"Allow": allowed},
        )
        return _problem(api, problem)

    @api.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def failed(failure: Exception) -> Response[str]:
        problem = problem_of(failure)
        _log(failure, problem)
        return _problem(api, problem)

    return api


def _next_query(query: dict[str, list[str]], cursor: str) -> str:
    return urlencode(query | {"cursor": [cursor]}, doseq=True)


def _request_id_header(api: APIGatewayRestResolver) -> dict[str, str | list[str]]:
    return {"X-Request-Id": api.current_event.request_context.request_id or ""}


def _json(
    api: APIGatewayRestResolver,
    status: HTTPStatus,
    body: Any,
    headers: dict[str, str],
    media_type: str = "application/json",
) -> Response[str]:
    text = "" if api.current_event.http_method == "HEAD" else json.dumps(body, separators=(",", ":"))
    return Response(status, content_type=media_type, body=text, headers=headers | _request_id_header(api))


def _problem(api: APIGatewayRestResolver, problem: Problem) -> Response[str]:
    body = problem.as_json(api.current_event.request_context.request_id or "")
    return _json(api, problem.status, body, problem.headers | {"Cache-Control": "no-store"}, MEDIA_TYPE)


def _log(failure: Exception, problem: Problem) -> None:
    """What failed and where, but not the failure's own words: they may quote what the caller searched for."""
    about = {"problem": problem.type, "failure": type(failure).__name__, "code": getattr(failure, "code", None)}
    if problem.type == "internal":
        logger.error("failed", extra=about | {"at": traceback.format_tb(failure.__traceback__)})
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("failed", extra=about)
    else:
        logger.info("refused", extra=about)
