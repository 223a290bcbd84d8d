"""The HTTP face: routes, and what every response has in common. Knows nothing of Amazon Connect.

Routing is a table: a router of a library is imported for longer than all of this takes (see benchmarks/README.md).
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from amazon_connect.shared_search import Demand
from contacts.grant import Caller
from contacts.narrowing import narrowed
from contacts.parameters import kind_of, parameters_of, search_of
from contacts.search import Search
from contacts.walk import Page
from contacts.window import round_down
from rest.accept import check_accepts
from rest.cors import cors_headers, preflight_headers
from rest.demand import demand_of
from rest.failures import problem_of
from rest.page_response import VARY, body_of, etag_of, headers_of, matches
from rest.problem import MEDIA_TYPE, UNAUTHENTICATED, Problem, RefusedError
from rest.request import Request
from rest.response import JSON, Response, json_response
from telemetry import logger

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


def answer(service: Service, event: Mapping[str, Any]) -> dict[str, Any]:
    """An event of API Gateway's proxy integration in, its answer out; whatever goes wrong is a problem."""
    request = Request(event)
    try:
        handlers = _ROUTES.get(request.resource, {})
        response = handlers.get(request.method, _no_such_method)(service, request)
    except Exception as failure:  # noqa: BLE001 - the last resort: the caller gets a problem, the log what failed
        problem = problem_of(failure)
        _log_failure(failure, problem)
        response = _problem_response(service, request, problem)
    return response.as_answer({"X-Request-Id": request.id} | _cors_headers(service, request))


def _get_contacts(service: Service, request: Request) -> Response:
    caller = _caller(service, request)
    query = request.query
    logger.append_keys(parameters=sorted(set(map(kind_of, query))))
    check_accepts(request.header("accept"), JSON)
    demand, now = _demand(service, request, caller)
    search = narrowed(search_of(query, now), caller, partial(parameters_of, query))
    page = service.page_of(search, demand)
    headers = headers_of(page) | service.rate_limit() | {"ETag": etag_of(page, search.fields)}
    if page.next_cursor:
        headers["Link"] = f'<?{urlencode(query | {"cursor": [page.next_cursor]}, doseq=True)}>; rel="next"'
    _log_search(page)
    if matches(request.header("if-none-match"), headers["ETag"]):
        return Response(HTTPStatus.NOT_MODIFIED, headers)
    return Response(HTTPStatus.OK, headers, body_of(page), JSON)


def _post_search(service: Service, request: Request) -> Response:
    from contacts.request import pointers_of, search_of_body  # noqa: PLC0415 - a GET need not wait for its models
    from rest.body import json_of  # noqa: PLC0415

    caller = _caller(service, request)
    check_accepts(request.header("accept"), JSON)
    body = json_of(request.body, request.header("content-type"), is_base64=request.is_base64)
    demand, now = _demand(service, request, caller)
    search = search_of_body(body, now)
    logger.append_keys(parameters=sorted({*body, *body.get("search_criteria", ())}))
    page = service.page_of(narrowed(search, caller, pointers_of), demand)
    _log_search(page)
    return Response(HTTPStatus.OK, headers_of(page) | service.rate_limit(), body_of(page), JSON)


def _health(_: Service, request: Request) -> Response:
    check_accepts(request.header("accept"), JSON)
    return json_response(HTTPStatus.OK, {"status": "ok"}, {"Cache-Control": "no-store"})


def _openapi(_: Service, request: Request) -> Response:
    from rest.openapi import document  # noqa: PLC0415 - searches need not wait for it

    check_accepts(request.header("accept"), JSON)
    return json_response(HTTPStatus.OK, document(), _STATIC_HEADERS)


def _docs(_: Service, request: Request) -> Response:
    from rest.docs import page  # noqa: PLC0415 - searches need not wait for it

    check_accepts(request.header("accept"), "text/html")
    return Response(HTTPStatus.OK, _STATIC_HEADERS, page(), "text/html; charset=utf-8")


_ROUTES: dict[str, dict[str, Callable[[Service, Request], Response]]] = {
    "/v1/contacts": {"GET": _get_contacts, "HEAD": _get_contacts},
    "/v1/contacts/search": {"POST": _post_search},
    "/health": {"GET": _health, "HEAD": _health},
    "/openapi.json": {"GET": _openapi, "HEAD": _openapi},
    "/docs": {"GET": _docs, "HEAD": _docs},
}


def _no_such_method(service: Service, request: Request) -> Response:
    """What a path answers that does not exist, and one that does to a method that it does not answer."""
    if request.resource not in _ROUTES:
        raise RefusedError(Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", "Nothing is at this path."))
    allowed = ", ".join([*_ROUTES[request.resource], "OPTIONS"])
    if request.method == "OPTIONS":
        preflight = preflight_headers(allowed) if _cors_headers(service, request) else {}
        return Response(HTTPStatus.NO_CONTENT, {"Allow": allowed, "Vary": VARY} | preflight)
    status, title = HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed"
    detail = f"This path answers {allowed}."
    raise RefusedError(Problem(status, "method-not-allowed", title, detail, headers={"Allow": allowed}))


def _caller(service: Service, request: Request) -> Caller:
    """The client that the authorizer has found. Raises RefusedError, a 401, where a request has come around it."""
    told = request.authorizer
    caller = service.caller_of(told["client"], told["revision"]) if told else None
    if caller is None:
        raise RefusedError(UNAUTHENTICATED)
    logger.append_keys(client=caller.client)
    return caller


def _demand(service: Service, request: Request, caller: Caller) -> tuple[Demand, datetime]:
    """What the caller demands, and what now means to it: callers who ask together ask the same."""
    wait = service.default_wait
    demand = demand_of(caller.client, request.header("cache-control"), request.header("prefer"), wait)
    now = datetime.now(UTC)
    return demand, now if demand.no_cache else round_down(now, service.now_rounded_to)


def _cors_headers(service: Service, request: Request) -> dict[str, str]:
    return cors_headers(request.header("origin"), service.cors_origins)


def _problem_response(service: Service, request: Request, problem: Problem) -> Response:
    limit = service.rate_limit() if problem.status == HTTPStatus.TOO_MANY_REQUESTS else {}
    headers = problem.headers | limit | {"Cache-Control": "no-store"}
    return json_response(problem.status, problem.as_json(request.id), headers, MEDIA_TYPE)


def _log_search(page: Page) -> None:
    """The audit line, with the client and the names of the parameters that have been set for all lines."""
    logger.info("searched", extra={"contacts": page.count, "cache": page.answer.cache_status})


def _log_failure(failure: Exception, problem: Problem) -> None:
    """What failed and where, but not the failure's own words: they may quote what the caller searched for."""
    about = {"problem": problem.type, "failure": type(failure).__name__, "code": getattr(failure, "code", None)}
    if problem.type == "internal":
        logger.error("failed", extra=about | {"at": traceback.format_tb(failure.__traceback__)})
    elif problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("failed", extra=about)
    else:
        logger.info("refused", extra=about)
