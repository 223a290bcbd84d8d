"""Write the OpenAPI 3.1 document from the route table and from the models that the service validates with."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from contact_search import __version__
from contact_search.api.openapi_components import components, header_references, response_references, schema_reference
from contact_search.api.openapi_examples import CONTACT_ID, contact_example, me_example
from contact_search.api.openapi_schemas import (
    contact_parameters,
    export_list_parameters,
    list_parameters,
    query_parameters,
)
from contact_search.api.problem_types import PROBLEM_TYPES
from contact_search.api.route_table import (
    AGENTS,
    CONTACT,
    CONTACT_SEARCH,
    CONTACTS,
    DOCS,
    EXPLORER,
    EXPLORER_FILES,
    EXPORT,
    EXPORTS,
    HEALTH,
    ME,
    OPENAPI,
    PROBLEMS,
    QUEUES,
    ROUTES,
    Route,
)

_PAGE_HEADERS = (
    *("X-Request-Id", "Cache-Control", "Vary", "Age", "Cache-Status"),
    *("Page-Limit", "RateLimit", "RateLimit-Policy"),
)
_SEARCH_ERRORS = ("400", "401", "403", "406", "410", "422", "429", "500", "502", "503", "504")
_CONTACT_ERRORS = ("401", "403", "404", "406", "422", "429", "500", "502", "503", "504")
_ME_ERRORS = ("401", "403", "406", "422", "429", "500", "503")
_LIST_ERRORS = ("400", "401", "403", "406", "410", "422", "429", "500", "503")
_BODY_ERRORS = ("413", "415")
_EXPORT_ERRORS = ("401", "404", "406", "429", "500", "503")
_OTHER_ERRORS = ("406", "429", "500")
# The description and an example of each request header.
_REQUEST_HEADERS = {
    "Prefer": ("Seconds that the request may wait for a slot in Connect's quota: `wait=N`, at most 20.", "wait=10"),
    "Cache-Control": ("`no-cache`: ask Amazon Connect even if there is a cached page.", "no-cache"),
    "Idempotency-Key": (
        "For 24 hours, the same key with the same body is the same export. 1 to 64 visible ASCII characters.",
        "billing-2026-11",
    ),
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
            {"name": "contacts", "description": "Searching contacts, and looking at one"},
            {"name": "names", "description": "Names of queues and agents"},
            {"name": "exports", "description": "Exporting all contacts of a search to files"},
            {"name": "access", "description": "What the caller may see"},
            {"name": "service", "description": "The service itself"},
        ],
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": {route.path: _path_item(route, today) for route in ROUTES if route is not EXPLORER_FILES},
        "components": components(),
    }


def _path_item(route: Route, today: date) -> dict[str, Any]:
    """Describe a path. HEAD needs no description of its own."""
    operations = {method: _OPERATIONS[route, method](today) for method in route.methods if method != "HEAD"}
    security: dict[str, Any] = {} if route.needs_credential else {"security": []}
    return {method.lower(): operation | security for method, operation in operations.items()}


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
    example = {**_example_search(today), "limit": 10}
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


def _example_search(today: date) -> dict[str, Any]:
    return {
        "time_range": {
            "type": "INITIATION_TIMESTAMP",
            "start_time": f"{today - timedelta(days=7)}T00:00:00Z",
            "end_time": f"{today}T00:00:00Z",
        },
        "search_criteria": {"channels": ["VOICE", "CHAT"]},
    }


def _get_contact(today: date) -> dict[str, Any]:
    contact_id = {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of the contact.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9_-]+$"},
        "example": CONTACT_ID,
    }
    content = {"schema": schema_reference("ContactDetails"), "example": contact_example(today)}
    return {
        "operationId": "getContact",
        "tags": ["contacts"],
        "summary": "Get one contact",
        "description": (
            "All that Amazon Connect knows of a contact and the client is granted: more than a search returns. It takes"
            " nothing of the quota of searches. A contact that the client may not see is a 404, as if it did not exist."
        ),
        "parameters": [contact_id, *contact_parameters(), *_header_parameters("Prefer", "Cache-Control")],
        "responses": {
            "200": {
                "description": "The contact.",
                "headers": header_references(*_PAGE_HEADERS),
                "content": {"application/json": content},
            },
            **response_references(*_CONTACT_ERRORS, "431"),
        },
    }


def _get_me(_: date) -> dict[str, Any]:
    content = {"schema": schema_reference("Me"), "example": me_example()}
    return {
        "operationId": "getMe",
        "tags": ["access"],
        "summary": "Who the caller is and what it is granted",
        "description": "The client of the credential and its grant. Null means that it is not limited.",
        "responses": {
            "200": {
                "description": "The client and its grant.",
                "headers": header_references("X-Request-Id", "Cache-Control", "Vary"),
                "content": {"application/json": content},
            },
            **response_references(*_ME_ERRORS),
        },
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


def _list_exports(_: date) -> dict[str, Any]:
    return {
        "operationId": "listExports",
        "tags": ["exports"],
        "summary": "List the client's exports",
        "description": "The client's own exports, newest first, without their parts. Requires the grant `exports`.",
        "parameters": export_list_parameters(),
        "responses": {
            "200": _export_response("A page of exports.", "ExportList"),
            **response_references(*_LIST_ERRORS, "431"),
        },
    }


def _create_export(today: date) -> dict[str, Any]:
    example = {**_example_search(today), "format": "csv", "fields": ["channel", "queue_info"], "expand": ["queue"]}
    content = {"schema": schema_reference("ExportRequest"), "example": example}
    return {
        "operationId": "createExport",
        "tags": ["exports"],
        "summary": "Export all contacts of a search",
        "description": (
            "Writes all contacts of the search to files, however many there are. The files hold what a walk through the"
            " pages would return, each contact once, in its order. Requires the grant `exports`."
        ),
        "parameters": _header_parameters("Idempotency-Key"),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "202": _export_response("The export, which has been created now or before.", "Export", "Location"),
            **response_references("400", "401", "403", "406", *_BODY_ERRORS, "422", "429", "500", "503"),
        },
    }


def _get_export(_: date) -> dict[str, Any]:
    return {
        "operationId": "getExport",
        "tags": ["exports"],
        "summary": "Get an export",
        "description": "How far the export has come, with new URLs of its parts.",
        "parameters": [_export_id()],
        "responses": {"200": _export_response("The export.", "Export"), **response_references(*_EXPORT_ERRORS)},
    }


def _delete_export(_: date) -> dict[str, Any]:
    errors = [status for status in _EXPORT_ERRORS if status != "406"]
    return {
        "operationId": "deleteExport",
        "tags": ["exports"],
        "summary": "End an export and remove its files",
        "description": "Ends the export if it has not ended, and removes its files. It can be repeated.",
        "parameters": [_export_id()],
        "responses": {
            "204": {"description": "It is deleted.", "headers": header_references("X-Request-Id", "Cache-Control")},
            **response_references(*errors),
        },
    }


def _export_id() -> dict[str, Any]:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "The id of an export of this client.",
        "schema": {"type": "string", "format": "uuid", "maxLength": 36},
        "example": "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071",
    }


def _export_response(description: str, schema: str, *headers: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": header_references("X-Request-Id", "Cache-Control", "Vary", *headers),
        "content": {"application/json": {"schema": schema_reference(schema)}},
    }


def _get_health(_: date) -> dict[str, Any]:
    version = {"type": "string", "description": "The version of the service.", "examples": [__version__]}
    properties = {"status": {"type": "string", "const": "ok"}, "version": version}
    schema = {"type": "object", "required": ["status", "version"], "properties": properties}
    return _open_operation("getHealth", "Whether the service runs", {"application/json": {"schema": schema}})


def _get_openapi(_: date) -> dict[str, Any]:
    return _open_operation("getOpenApi", "This document", {"application/json": {"schema": {"type": "object"}}})


def _get_explorer(_: date) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 10**6}
    return _open_operation("getExplorer", "A page that searches through this API", {"text/html": {"schema": schema}})


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


_OPERATIONS: dict[tuple[Route, str], Callable[[date], dict[str, Any]]] = {
    (CONTACTS, "GET"): _list_contacts,
    (CONTACT_SEARCH, "POST"): _search_contacts,
    (CONTACT, "GET"): _get_contact,
    (ME, "GET"): _get_me,
    (QUEUES, "GET"): _list_queues,
    (AGENTS, "GET"): _list_agents,
    (EXPORTS, "GET"): _list_exports,
    (EXPORTS, "POST"): _create_export,
    (EXPORT, "GET"): _get_export,
    (EXPORT, "DELETE"): _delete_export,
    (HEALTH, "GET"): _get_health,
    (OPENAPI, "GET"): _get_openapi,
    (DOCS, "GET"): _get_docs,
    (PROBLEMS, "GET"): _get_problem_type,
    (EXPLORER, "GET"): _get_explorer,
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
