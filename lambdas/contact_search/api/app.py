"""Build the app from its routes, and give all responses what they have in common."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.typing import LambdaContext

from contact_search.api import (
    contacts,
    documents,
    explorer_page,
    exports,
    health,
    me,
    one_contact,
    problem_pages,
    queues_and_agents,
)
from contact_search.api.cors import cors_headers, preflight_headers
from contact_search.api.headers import read_header
from contact_search.api.page_response import VARY
from contact_search.api.problem import MEDIA_TYPE, NOT_FOUND, Problem, RefusedError
from contact_search.api.problems import log_problem, problem_for
from contact_search.api.route_table import ROUTES
from contact_search.api.services import Services

_PREFLIGHT_VARY = f"{VARY}, Access-Control-Request-Method"
_SIMPLE_METHODS = ("GET", "HEAD", "POST")  # those that scripts may send without permission (Fetch standard)
_ROUTE_BY_PATH = {route.path: route for route in ROUTES}

app = APIGatewayRestResolver(enable_validation=False)
app.include_router(contacts.router)
app.include_router(documents.router)
app.include_router(explorer_page.router)
app.include_router(exports.router)
app.include_router(health.router)
app.include_router(me.router)
app.include_router(one_contact.router)
app.include_router(problem_pages.router)
app.include_router(queues_and_agents.router)


def respond(event: Mapping[str, Any], context: LambdaContext, services: Services) -> dict[str, Any]:
    """Answer an event of API Gateway's Lambda proxy integration, with a problem if anything goes wrong."""
    app.append_context(services=services)
    return app.resolve({**event, "path": _route_path(event)}, context)


def add_common_headers(resolver: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[str]:
    """Add the headers that all responses have. Problems get them in `answer_with_problem`."""
    response: Response[str] = next_middleware(resolver)
    response.headers.update(_common_headers())
    return response


app.use(middlewares=[add_common_headers])


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def answer_with_problem(error: Exception) -> Response[str]:
    """Answer with the problem that the exception means, and log what failed."""
    problem = problem_for(error)
    resource = app.current_event.resource
    log_problem(error, problem, resource)
    services: Services = app.context["services"]
    is_throttled = problem.status == HTTPStatus.TOO_MANY_REQUESTS
    rate_limit = services.rate_limit_headers(_ROUTE_BY_PATH.get(resource)) if is_throttled else {}
    headers = {**problem.headers, **rate_limit, "Cache-Control": "no-store", **_common_headers()}
    return Response(problem.status, MEDIA_TYPE, problem.to_json(_request_id()), headers)


@app.not_found
def answer_without_route(_: NotFoundError) -> Response[str]:
    """Answer OPTIONS, methods that a path does not have, and paths that do not exist.

    Powertools' CORSConfig would answer a preflight with the methods of all paths and without Allow and Vary, and it
    knows no 405.
    """
    event, route = app.current_event, _ROUTE_BY_PATH.get(app.current_event.resource)
    methods = [*(route.methods if route else _SIMPLE_METHODS), "OPTIONS"]
    if event.http_method == "OPTIONS" and (route or _is_preflight()):
        asked_for = read_header(event, "access-control-request-method")
        preflight = preflight_headers(methods, asked_for) if _cors_headers() else {}
        headers = {"Allow": ", ".join(methods), "Vary": _PREFLIGHT_VARY, **preflight}
        return Response(HTTPStatus.NO_CONTENT, body="", headers=headers)
    # A path parameter may be empty, which Powertools does not route.
    if route is None or event.http_method in route.methods:
        raise RefusedError(NOT_FOUND)
    detail = f"This path has the methods {', '.join(methods)}."
    raise RefusedError(Problem("method-not-allowed", detail, headers={"Allow": ", ".join(methods)}))


def _is_preflight() -> bool:
    """Tell whether a browser asks for a script, which may read the response to the request that follows."""
    return bool(_cors_headers() and read_header(app.current_event, "access-control-request-method"))


def _route_path(event: Mapping[str, Any]) -> str:
    """Return the path as the rules of the routes have it: the resource, with its parameters' values in the braces.

    The event's own `path` begins with the base path of a custom domain, and may end with a slash. Values are encoded:
    the rules match no slashes, for example. Those that name something have no such characters.
    """
    parameters = event.get("pathParameters") or {}
    return re.sub(r"\{(\w+)\}", lambda match: f"{{{quote(parameters[match[1]], safe='')}}}", event["resource"])


def _common_headers() -> dict[str, str]:
    return {"X-Request-Id": _request_id(), **_cors_headers()}


def _cors_headers() -> dict[str, str]:
    services: Services = app.context["services"]
    return cors_headers(read_header(app.current_event, "origin"), services.settings.cors_origins)


def _request_id() -> str:
    return app.current_event["requestContext"].get("requestId") or ""
