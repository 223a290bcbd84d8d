"""Write the OpenAPI 3.1 document from the route table and from the models that the service validates with."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from contact_search import __version__
from contact_search.api.openapi_components import components, header_references, response_references, schema_reference
from contact_search.api.openapi_schemas import list_parameters, query_parameters
from contact_search.api.problem_types import PROBLEM_TYPES
from contact_search.api.route_table import (
    AGENTS,
    CONTACT_SEARCH,
    CONTACTS,
    DOCS,
    HEALTH,
    OPENAPI,
    PROBLEMS,
    QUEUES,
    ROUTES,
    Route,
)

_PAGE_HEADERS = ("X-Request-Id", "Cache-Control", "Vary", "Age", "Cache-Status", "RateLimit", "RateLimit-Policy")
_SEARCH_ERRORS = ("400", "401", "403", "406", "410", "422", "429", "500", "502", "503", "504")
_LIST_ERRORS = ("400", "401", "403", "406", "410", "422", "429", "500", "503")
_BODY_ERRORS = ("413", "415")
_OTHER_ERRORS = ("406", "429", "500")
# The description and an example of each request header.
_REQUEST_HEADERS = {
    "Prefer": ("Seconds that the request may wait for a slot in Connect's quota: `wait=N`, at most 20.", "wait=10"),
    "Cache-Control": ("`no-cache`: ask Amazon Connect even if there is a cached page.", "no-cache"),
    "If-None-Match": (
        "The ETag of a page. If the page is still the same, the response is a 304.",
        'W/"0123456789abcdef"',
    ),
}


@lru_cache(maxsize=1)
def document_json(today: date) -> str:
    """Return the document as JSON."""
    return json.dumps(document(today), separators=(",", ":"))


def document(today: date) -> dict[str, Any]:
    """Return the document. Its examples are of this day, because searches reach back 2 years only."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Contact search",
            "version": __version__,
            "summary": "Amazon Connect's contact search over plain HTTP",
            "description": (
                "Searches the contacts of one Amazon Connect instance. Follow `next_cursor` until it is null: a page"
                " may hold fewer contacts than `limit`, even none, before that."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Relative to the document, so that paths are right behind a stage and a base path too.
        "servers": [{"url": ".", "description": "The server that this document is from"}],
        "tags": [
            {"name": "contacts", "description": "Searching contacts"},
            {"name": "names", "description": "Names of queues and agents"},
            {"name": "service", "description": "The service itself"},
        ],
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": {route.path: _path_item(route, today) for route in ROUTES},
        "components": components(),
    }


def _path_item(route: Route, today: date) -> dict[str, Any]:
    """Describe a path. HEAD needs no description of its own."""
    [method] = (method.lower() for method in route.methods if method != "HEAD")
    operation = _OPERATION_BY_ROUTE[route](today)
    return {method: operation if route.needs_credential else operation | {"security": []}}


def _list_contacts(today: date) -> dict[str, Any]:
    return {
        "operationId": "listContacts",
        "tags": ["contacts"],
        "summary": "Search contacts by query parameters",
        "description": (
            "Several values of one parameter mean OR, different parameters mean AND. Parameters of ids and enumerations"
            " can be repeated or take comma lists; enumerations are accepted in any letter case."
        ),
        "parameters": [*query_parameters(today), *_header_parameters("Prefer", "Cache-Control", "If-None-Match")],
        "responses": {
            "200": _page("Link", "ETag"),
            "304": {
                "description": "The page is still the one that If-None-Match names.",
                "headers": header_references(*_PAGE_HEADERS, "Link", "ETag"),
            },
            **response_references(*_SEARCH_ERRORS, "431"),
        },
    }


def _search_contacts(today: date) -> dict[str, Any]:
    example = {
        "time_range": {
            "type": "INITIATION_TIMESTAMP",
            "start_time": f"{today - timedelta(days=7)}T00:00:00Z",
            "end_time": f"{today}T00:00:00Z",
        },
        "search_criteria": {"channels": ["VOICE", "CHAT"]},
        "limit": 10,
    }
    content = {"schema": schema_reference("SearchRequest"), "example": example}
    return {
        "operationId": "searchContacts",
        "tags": ["contacts"],
        "summary": "Search contacts by a JSON body",
        "description": "The whole of SearchContacts, for what query parameters cannot say or have no room for.",
        "parameters": _header_parameters("Prefer", "Cache-Control"),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": _page(), **response_references(*_SEARCH_ERRORS, *_BODY_ERRORS)},
    }


def _list_queues(_: date) -> dict[str, Any]:
    return _list_names("listQueues", "queues", "QueueList")


def _list_agents(_: date) -> dict[str, Any]:
    return _list_names("listAgents", "agents", "AgentList")


def _list_names(operation_id: str, plural: str, schema: str) -> dict[str, Any]:
    headers = header_references("X-Request-Id", "Cache-Control", "Vary", "Link")
    content = {"application/json": {"schema": schema_reference(schema)}}
    return {
        "operationId": operation_id,
        "tags": ["names"],
        "summary": f"List the {plural} that the caller may see",
        "description": f"Ids and names of {plural}, in the order of their names. Letter case is ignored.",
        "parameters": list_parameters(),
        "responses": {
            "200": {"description": f"A page of {plural}.", "headers": headers, "content": content},
            **response_references(*_LIST_ERRORS, "431"),
        },
    }


def _get_health(_: date) -> dict[str, Any]:
    status = {"type": "string", "const": "ok"}
    schema = {"type": "object", "required": ["status"], "properties": {"status": status}}
    return _open_operation("getHealth", "Whether the service runs", {"application/json": {"schema": schema}})


def _get_openapi(_: date) -> dict[str, Any]:
    return _open_operation("getOpenApi", "This document", {"application/json": {"schema": {"type": "object"}}})


def _get_problem_type(_: date) -> dict[str, Any]:
    json_content = {"application/json": {"schema": schema_reference("ProblemType")}}
    html_content = {"text/html": {"schema": {"type": "string", "maxLength": 10**5}}}
    operation = _open_operation("getProblemType", "What a type of problem means", json_content | html_content)
    parameter = {
        "name": "type",
        "in": "path",
        "required": True,
        "description": "The last part of a problem's `type`.",
        "schema": {"type": "string", "enum": sorted(PROBLEM_TYPES)},
        "example": "validation",
    }
    return operation | {"parameters": [parameter], "responses": operation["responses"] | response_references("404")}


def _get_docs(_: date) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 10**7}
    return _open_operation("getDocs", "Interactive documentation", {"text/html": {"schema": schema}})


_OPERATION_BY_ROUTE: dict[Route, Callable[[date], dict[str, Any]]] = {
    CONTACTS: _list_contacts,
    CONTACT_SEARCH: _search_contacts,
    QUEUES: _list_queues,
    AGENTS: _list_agents,
    HEALTH: _get_health,
    OPENAPI: _get_openapi,
    DOCS: _get_docs,
    PROBLEMS: _get_problem_type,
}


def _open_operation(operation_id: str, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    """Describe an operation that needs no credential."""
    headers = header_references("X-Request-Id", "Cache-Control")
    return {
        "operationId": operation_id,
        "tags": ["service"],
        "summary": summary,
        "description": f"{summary}. Needs no credential.",
        "responses": {
            "200": {"description": summary, "headers": headers, "content": content},
            **response_references(*_OTHER_ERRORS),
        },
    }


def _page(*headers: str) -> dict[str, Any]:
    return {
        "description": "A page of contacts.",
        "headers": header_references(*_PAGE_HEADERS, *headers),
        "content": {"application/json": {"schema": schema_reference("Page")}},
    }


def _header_parameters(*names: str) -> list[dict[str, Any]]:
    return list(map(_header_parameter, names))


def _header_parameter(name: str) -> dict[str, Any]:
    description, example = _REQUEST_HEADERS[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        # Any text is valid: what the service does not understand in a header it ignores.
        "schema": {"type": "string", "format": "http-field-value"},
        "example": example,
    }
