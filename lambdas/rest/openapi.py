"""The OpenAPI 3.1 document, made of the models that the service validates and answers with."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from contacts.contact import Contact
from contacts.parameters import Parameters
from contacts.request import SearchRequest
from rest.openapi_parameters import HEADERS, PARAMETERS, TODAY, YESTERDAY

_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS = {
    "400": (
        "Malformed",
        "The body is not JSON (`malformed`), or the cursor is not one of this search (`invalid-cursor`).",
    ),
    "401": ("Unauthenticated", "No credential, a bad one, or two (`unauthenticated`)."),
    "403": ("Forbidden", "The credential does not cover what was asked (`forbidden`)."),
    "406": ("NotAcceptable", "No acceptable media type (`not-acceptable`)."),
    "410": ("CursorExpired", "The cursor is too old, or Connect no longer knows its place (`cursor-expired`)."),
    "413": ("ContentTooLarge", "The body has more than 1 MiB (`content-too-large`)."),
    "415": ("UnsupportedMediaType", "The body is not JSON by its media type (`unsupported-media-type`)."),
    "422": ("Invalid", "The request breaks a rule (`validation`) or Connect rejects it (`rejected-by-connect`)."),
    "429": ("Throttled", "The quota is used up for the moment (`throttled`)."),
    "500": ("Internal", "The service is at fault (`internal`, `instance-not-found`, `misconfigured`)."),
    "502": ("UpstreamError", "Amazon Connect failed (`upstream-error`)."),
    "503": ("UpstreamUnavailable", "Amazon Connect cannot be reached (`upstream-unavailable`)."),
    "504": ("UpstreamTimeout", "Amazon Connect did not answer in time (`upstream-timeout`)."),
}
_FRONT_END = {"431": ("HeadTooLong", "Request line and headers have more than 10,240 characters: use POST.")}
_PAGE_HEADERS = ("X-Request-Id", "Cache-Control", "Vary", "Age", "Cache-Status", "RateLimit", "RateLimit-Policy")
_OF_EVERY_SEARCH = ("400", "401", "403", "406", "410", "422", "429", "500", "502", "503", "504")
_OF_EVERY_BODY = ("413", "415")
_OF_EVERYTHING_ELSE = ("406", "429", "500")


@cache
def document() -> dict[str, Any]:
    """The document, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Contact search",
            "version": "1.0.0",
            "summary": "Amazon Connect's contact search over plain HTTP",
            "description": (
                "Searches the contacts of one Amazon Connect instance. Follow `next_cursor` until it is null: a page"
                " may hold fewer contacts than `limit`, even none, before that."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "contact": {"name": "The operators of this service", "url": "https://github.com/"},
        },
        "servers": [{"url": "/", "description": "The server that this document is from"}],
        "tags": [
            {"name": "contacts", "description": "Searching contacts"},
            {"name": "service", "description": "The service itself"},
        ],
        "security": [{"apiKey": []}, {"bearer": []}],
        "paths": {
            "/v1/contacts": {"get": _get_contacts()},
            "/v1/contacts/search": {"post": _post_search()},
            "/health": {
                "get": _open("getHealth", "Whether the service runs", {"application/json": {"schema": _health()}})
            },
            "/openapi.json": {
                "get": _open("getOpenApi", "This document", {"application/json": {"schema": {"type": "object"}}})
            },
            "/docs": {
                "get": _open(
                    "getDocs",
                    "Interactive documentation",
                    {"text/html": {"schema": {"type": "string", "maxLength": 10**7}}},
                )
            },
        },
        "components": {
            "schemas": _schemas(),
            "responses": _responses(),
            "headers": _headers(),
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A client's key."},
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token of the configured issuer (RFC6750), checked as RFC8725 wants.",
                },
            },
        },
    }


def _get_contacts() -> dict[str, Any]:
    return {
        "operationId": "listContacts",
        "tags": ["contacts"],
        "summary": "Search contacts by query parameters",
        "description": (
            "Several values of one parameter mean OR, different parameters mean AND. Parameters of ids and enumerations"
            " can be repeated or take comma lists; enumerations are accepted in any letter case."
        ),
        "parameters": [
            *(_parameter(name) for name in PARAMETERS),
            *map(_header_parameter, ("Prefer", "Cache-Control", "If-None-Match")),
        ],
        "responses": {
            "200": _page("Link", "ETag"),
            "304": {
                "description": "The page is still the one that If-None-Match names.",
                "headers": _header_references(*_PAGE_HEADERS, "Link", "ETag"),
            },
            **_references((*_OF_EVERY_SEARCH, "431")),
        },
    }


def _post_search() -> dict[str, Any]:
    example = {
        "time_range": {
            "type": "INITIATION_TIMESTAMP",
            "start_time": _dated(f"{YESTERDAY}T00:00:00Z"),
            "end_time": _dated(f"{TODAY}T00:00:00Z"),
        },
        "search_criteria": {"channels": ["VOICE", "CHAT"]},
        "limit": 10,
    }
    content = {"schema": {"$ref": _REFERENCE.format(model="SearchRequest")}, "example": example}
    return {
        "operationId": "searchContacts",
        "tags": ["contacts"],
        "summary": "Search contacts by a JSON body",
        "description": "The whole of SearchContacts, for what query parameters cannot say or have no room for.",
        "parameters": [_header_parameter("Prefer"), _header_parameter("Cache-Control")],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": _page(), **_references((*_OF_EVERY_SEARCH, *_OF_EVERY_BODY))},
    }


def _open(operation: str, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    """An operation that needs no credential."""
    found = {"description": summary, "headers": _header_references("X-Request-Id", "Cache-Control"), "content": content}
    return {
        "operationId": operation,
        "tags": ["service"],
        "summary": summary,
        "description": f"{summary}. Needs no credential.",
        "security": [],
        "responses": {"200": found, **_references(_OF_EVERYTHING_ELSE)},
    }


def _parameter(name: str) -> dict[str, Any]:
    description, example = PARAMETERS[name]
    example, schema = _dated(example), _parameter_schemas()[name]
    several = schema.get("type") == "array"
    value: Any = int(example) if schema.get("type") == "integer" else example
    if schema.get("type") == "boolean":
        value = example == "true"
    parameter = {
        "name": f"{name}KEY" if name.endswith(".") else name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "example": [value] if several else value,
    }
    return parameter | ({"style": "form", "explode": True} if several else {})


def _dated(example: str) -> str:
    """Fill in the dates of an example: recent ones, from when the document is made."""
    today = datetime.now(UTC).date()
    return example.replace(TODAY, f"{today}").replace(YESTERDAY, f"{today - timedelta(days=1)}")


def _header_parameter(name: str) -> dict[str, Any]:
    description, example = HEADERS[name]
    # What is not understood in them is ignored, so any text is valid.
    schema = {"type": "string", "format": "http-field-value"}
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema,
        "example": example,
    }


@cache
def _parameter_schemas() -> dict[str, dict[str, Any]]:
    """By alias; each has what its field of Parameters says of it."""
    schemas = {}
    for name, schema in _plain(Parameters.model_json_schema())["properties"].items():
        plain = schema
        if name.endswith("."):  # of its many keys, one stands for all
            plain = {"type": "array", **schema["additionalProperties"]}
        if plain.get("type") == "array":
            plain = {**plain, "minItems": 1, "items": {"minLength": 1, **plain["items"]}}
        elif plain.get("type") == "string" and not plain.keys() & {"enum", "const", "format", "maxLength"}:
            plain = plain | {"maxLength": 2_000}
        schemas[name] = {key: value for key, value in plain.items() if key != "default" or value != []}
    return schemas


def _schemas() -> dict[str, Any]:
    request = SearchRequest.model_json_schema(ref_template=_REFERENCE)
    contact = TypeAdapter(Contact).json_schema(mode="serialization", by_alias=False, ref_template=_REFERENCE)
    models = request.pop("$defs") | contact.pop("$defs")
    models |= {"SearchRequest": request, "Contact": contact | {"required": ["id"]}}
    schemas: dict[str, Any] = {name: _plain(model) for name, model in sorted(models.items())}
    return schemas | {
        "Page": {
            "type": "object",
            "description": "A page of contacts.",
            "required": ["contacts", "total", "next_cursor"],
            "properties": {
                "contacts": {"type": "array", "maxItems": 100, "items": {"$ref": _REFERENCE.format(model="Contact")}},
                "total": {"$ref": _REFERENCE.format(model="Total")},
                "next_cursor": {
                    "type": ["string", "null"],
                    "maxLength": 2_000,
                    "description": "The `cursor` of the next page; null on the last page.",
                },
                "truncated": {
                    "type": "boolean",
                    "description": "True on a last page beyond which more contacts match than Connect gives.",
                },
            },
        },
        "Total": {
            "type": "object",
            "description": "How many contacts match, over all pages.",
            "required": ["value", "relation"],
            "properties": {
                "value": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53},
                "relation": {
                    "type": "string",
                    "enum": ["eq", "gte"],
                    "description": "`eq`: so many; `gte`: at least so many.",
                },
            },
        },
        "Problem": _problem_schema(),
    }


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    fault = {
        "type": "object",
        "required": ["code", "detail"],
        "properties": {
            "parameter": text | {"description": "The query parameter at fault."},
            "pointer": text | {"description": "JSON pointer (RFC 6901) to the member of the body at fault."},
            "code": text | {"description": "A stable word for the kind of fault, such as `unknown`."},
            "detail": text,
        },
    }
    return {
        "type": "object",
        "description": "A problem (RFC 9457).",
        "required": ["type", "title", "status", "detail", "request_id"],
        "properties": {
            "type": text | {"format": "uri-reference", "examples": ["/problems/validation"]},
            "title": text,
            "status": {"type": "integer", "format": "int32", "minimum": 400, "maximum": 599},
            "detail": text,
            "request_id": text,
            "errors": {"type": "array", "maxItems": 1_000, "items": fault},
        },
    }


def _headers() -> dict[str, Any]:
    def header(description: str) -> dict[str, Any]:
        return {"description": description, "schema": {"type": "string", "maxLength": 10_000}}

    return {
        "X-Request-Id": header("The id of this request, also in the service's log."),
        "Cache-Control": header("How long the answer may be kept, and by whom."),
        "Vary": header("The request headers that the answer depends on."),
        "Link": header('The next page, as a relative reference with rel="next" (RFC 8288).'),
        "Retry-After": {
            "description": "Seconds after which to try again.",
            "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 3600},
        },
        "ETag": header("A weak validator of the page, for If-None-Match."),
        "Age": header("Seconds since Amazon Connect gave this page, if it was kept."),
        "Cache-Status": header("Whether the page was kept, or Amazon Connect was asked for it (RFC 9211)."),
        "RateLimit": header("What is left of Amazon Connect's quota of searches (IETF httpapi draft)."),
        "RateLimit-Policy": header("That quota: q searches in w seconds (IETF httpapi draft)."),
        "WWW-Authenticate": header("How to authenticate."),
    }


def _header_references(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _references(statuses: tuple[str, ...]) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/{(_PROBLEMS | _FRONT_END)[status][0]}"} for status in statuses}


def _page(*headers: str) -> dict[str, Any]:
    return {
        "description": "A page of contacts.",
        "headers": _header_references(*_PAGE_HEADERS, *headers),
        "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Page")}}},
    }


def _responses() -> dict[str, Any]:
    problems = {name: _problem(description, status) for status, (name, description) in _PROBLEMS.items()}
    name, description = _FRONT_END["431"]
    # It comes from the front end of API Gateway, whose body is no problem: clients see no more of it than its status.
    return problems | {name: {"description": description}}


def _problem(description: str, status: str) -> dict[str, Any]:
    of_status = {
        "401": ("WWW-Authenticate",),
        "429": ("Retry-After", "RateLimit", "RateLimit-Policy"),
        "503": ("Retry-After",),
    }
    return {
        "description": description,
        "headers": _header_references("X-Request-Id", "Cache-Control", *of_status.get(status, ())),
        "content": {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}},
    }


def _health() -> dict[str, Any]:
    return {"type": "object", "required": ["status"], "properties": {"status": {"type": "string", "const": "ok"}}}


def _plain(schema: Any) -> Any:
    """pydantic's schema without titles and without null: what is optional is left out. Integers get a format."""
    if isinstance(schema, list):
        return [_plain(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    if "anyOf" in schema:
        [other] = [option for option in schema["anyOf"] if option != {"type": "null"}]
        rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return _plain(other | rest)
    plain = {
        key: {name: _plain(value) for name, value in element.items()} if key == "properties" else _plain(element)
        for key, element in schema.items()
        if key != "title" and not (key == "default" and element is None)
    }
    return {"format": "int64", **plain} if plain.get("type") == "integer" else plain
