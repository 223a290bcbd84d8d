"""Write what the operations of the OpenAPI document share: schemas, problems, response headers and credentials."""

from typing import Any

from contact_search.api.openapi_schemas import model_schemas

# The name and the description of each problem response.
_PROBLEM_BY_STATUS = {
    "400": (
        "Malformed",
        "The body is not JSON (`malformed`), or the cursor is not one of this search (`invalid-cursor`).",
    ),
    "401": ("Unauthenticated", "No credential, a bad one, or two (`unauthenticated`)."),
    "403": ("Forbidden", "The credential does not cover what was asked (`forbidden`)."),
    "404": ("NotFound", "Nothing is at this path, or the client may not see it (`not-found`)."),
    "406": ("NotAcceptable", "No acceptable media type (`not-acceptable`)."),
    "410": ("CursorExpired", "The cursor is too old, or Connect no longer knows its place (`cursor-expired`)."),
    "413": ("ContentTooLarge", "The body has more than 1 MiB (`content-too-large`)."),
    "415": ("UnsupportedMediaType", "The body is not JSON by its media type (`unsupported-media-type`)."),
    "422": (
        "Invalid",
        "It breaks a rule (`validation`), Connect rejects it (`rejected-by-connect`), or `idempotency-key-reused`.",
    ),
    "429": (
        "Throttled",
        "The quota is used up at the moment (`throttled`), or the client has too many exports (`too-many-exports`).",
    ),
    "500": ("Internal", "The service is at fault (`internal`, `instance-not-found`, `misconfigured`)."),
    "502": ("UpstreamError", "Amazon Connect failed (`upstream-error`)."),
    "503": ("UpstreamUnavailable", "Amazon Connect cannot be reached (`upstream-unavailable`)."),
    "504": ("UpstreamTimeout", "Amazon Connect did not answer in time (`upstream-timeout`)."),
}
_HEADERS_BY_STATUS = {
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After", "RateLimit", "RateLimit-Policy"),
    "503": ("Retry-After",),
}
# API Gateway's front end refuses these requests. No template customizes its body, which is no problem.
_HEAD_TOO_LONG = {
    "description": "Request line and headers have more than 10,240 characters: use POST.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"message": {"type": "string"}}},
        }
    },
}
_HEADER_DESCRIPTIONS = {
    "X-Request-Id": "The id of this request, which the service's log has too.",
    "Cache-Control": "Who may cache the response, and for how long.",
    "Vary": "The request headers that the response depends on.",
    "Location": "The path of the export.",
    "Link": 'The next page, as a relative reference with rel="next" (RFC 8288).',
    "ETag": "A weak validator of the page, for If-None-Match.",
    "Age": "Seconds since Amazon Connect returned what is in the response, if it was cached.",
    "Cache-Status": "Whether the response of Amazon Connect was cached, or Amazon Connect was asked for it (RFC 9211).",
    "Page-Limit": "Contacts that a page of this client may have, if that is less than `limit` asks for.",
    "RateLimit": "What is left of the quota of Amazon Connect that the request uses (IETF httpapi draft).",
    "RateLimit-Policy": "That quota: q calls in w seconds (IETF httpapi draft).",
    "WWW-Authenticate": "How to authenticate.",
}

_NEXT_CURSOR = {
    "type": ["string", "null"],
    "maxLength": 2_000,
    "description": "The `cursor` of the next page; null on the last page.",
}


def components() -> dict[str, Any]:
    """Return the components of the document."""
    return {
        "schemas": {
            **model_schemas(),
            "Page": _page_schema(),
            "Total": _total_schema(),
            "Me": _me_schema(),
            "Grant": _grant_schema(),
            "GrantedQueue": _granted_schema("queue", "name"),
            "GrantedAgent": _granted_schema("agent", "username"),
            "QueueList": _name_list_schema("queues", "Queue"),
            "Queue": _name_schema("A queue.", "name"),
            "AgentList": _name_list_schema("agents", "Agent"),
            "Agent": _name_schema("An agent.", "username"),
            "ExportList": _export_list_schema(),
            "Problem": _problem_schema(),
            "Fault": _fault_schema(),
            "ProblemType": _problem_type_schema(),
        },
        "responses": {
            **{name: _problem_response(status) for status, (name, _) in _PROBLEM_BY_STATUS.items()},
            "HeadTooLong": _HEAD_TOO_LONG,
        },
        "headers": _headers(),
        "securitySchemes": {
            "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A client's key."},
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "An access token of the configured issuer (RFC 6750), checked as RFC 8725 recommends.",
            },
        },
    }


def schema_reference(name: str) -> dict[str, Any]:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def header_references(*names: str) -> dict[str, Any]:
    """Refer to response headers."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def response_references(*statuses: str) -> dict[str, Any]:
    """Refer to the responses with these statuses."""
    names = {status: name for status, (name, _) in _PROBLEM_BY_STATUS.items()} | {"431": "HeadTooLong"}
    return {status: {"$ref": f"#/components/responses/{names[status]}"} for status in statuses}


def _page_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A page of contacts.",
        "required": ["contacts", "total", "next_cursor"],
        "properties": {
            "contacts": {"type": "array", "maxItems": 100, "items": schema_reference("Contact")},
            "total": schema_reference("Total"),
            "next_cursor": _NEXT_CURSOR,
            "truncated": {
                "type": "boolean",
                "description": "True on a last page if more contacts match than Connect returns.",
            },
            "expanded": {
                "type": "boolean",
                "description": "False if the names that `expand` asks for cannot be read at the moment.",
            },
            "complete_until": {
                "type": "string",
                "format": "date-time",
                "description": "With `follow`: the time up to which nothing more is expected.",
            },
            "caught_up": {
                "type": "boolean",
                "description": "With `follow`: true on a page that has reached the end, for now.",
            },
            "poll_after": {
                "type": "integer",
                "format": "int32",
                "minimum": 1,
                "maximum": 2**31 - 1,
                "description": "With `caught_up`: the seconds after which there can be more.",
            },
        },
    }


def _name_list_schema(plural: str, schema: str) -> dict[str, Any]:
    entries = {"type": "array", "maxItems": 1_000, "items": schema_reference(schema)}
    return {
        "type": "object",
        "description": f"A page of {plural}.",
        "required": [plural, "next_cursor"],
        "properties": {plural: entries, "next_cursor": _NEXT_CURSOR},
    }


def _name_schema(description: str, name: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": description,
        "required": ["id", name],
        "properties": {"id": text, name: text},
    }


def _export_list_schema() -> dict[str, Any]:
    exports = {"type": "array", "maxItems": 100, "items": schema_reference("Export")}
    return {
        "type": "object",
        "description": "A page of exports, without their parts.",
        "required": ["exports", "next_cursor"],
        "properties": {"exports": exports, "next_cursor": _NEXT_CURSOR},
    }


def _me_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "A client and what it is granted.",
        "required": ["client", "usage_plan", "grant"],
        "properties": {"client": text, "usage_plan": text, "grant": schema_reference("Grant")},
    }


def _grant_schema() -> dict[str, Any]:
    text, boolean = {"type": "string"}, {"type": "boolean"}
    texts = {"type": ["array", "null"], "items": text}
    groups = {"type": "object", "additionalProperties": {"type": "array", "items": text}}
    grant = {
        "queues": _granted_list("GrantedQueue") | {"description": "Only contacts of these queues."},
        "agents": _granted_list("GrantedAgent") | {"description": "Only contacts of these agents."},
        "agent_hierarchy_groups": groups
        | {"description": "Only contacts of agents in these groups, by level. Absent if not limited."},
        "channels": texts | {"description": "Only contacts of these channels."},
        "fields": texts | {"description": "Only these fields of contacts."},
        "attribute_keys": texts | {"description": "The contact attributes that it may search by and see."},
        "transcript_search": boolean | {"description": "Whether it may search transcripts."},
        "lookback": {"type": ["string", "null"], "format": "duration", "description": "How far back it may look."},
        "page_limit": {"type": ["integer", "null"], "format": "int32", "description": "Contacts in a page."},
        "exports": boolean | {"description": "Whether it may use exports."},
    }
    required = [member for member in grant if member != "agent_hierarchy_groups"]
    return {
        "type": "object",
        "description": "What a client is granted. Null means that it is not limited.",
        "required": required,
        "properties": grant,
    }


def _granted_list(schema: str) -> dict[str, Any]:
    return {"type": ["array", "null"], "maxItems": 100, "items": schema_reference(schema)}


def _granted_schema(kind: str, name: str) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": f"One {kind} of a grant. It has no {name} if it no longer exists.",
        "required": ["id"],
        "properties": {"id": text, name: text},
    }


def _total_schema() -> dict[str, Any]:
    relation = {
        "type": "string",
        "enum": ["eq", "gte"],
        "description": "`eq`: exactly this many; `gte`: at least this many.",
    }
    return {
        "type": "object",
        "description": "How many contacts match, over all pages.",
        "required": ["value", "relation"],
        "properties": {
            "value": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 2**53},
            "relation": relation,
        },
    }


def _fault_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "An invalid parameter, or an invalid member of the body.",
        "required": ["code", "detail"],
        "properties": {
            "parameter": text | {"description": "The query parameter at fault."},
            "pointer": text | {"description": "JSON pointer (RFC 6901) to the member of the body at fault."},
            "code": text | {"description": "A stable word for the kind of fault, such as `unknown`."},
            "detail": text,
        },
    }


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
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
            "errors": {"type": "array", "maxItems": 1_000, "items": schema_reference("Fault")},
        },
    }


def _problem_type_schema() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "What a type of problem means.",
        "required": ["type", "title", "status", "meaning", "remedy"],
        "properties": {
            "type": text | {"format": "uri-reference", "examples": ["/problems/validation"]},
            "title": text,
            "status": {"type": "integer", "format": "int32", "minimum": 400, "maximum": 599},
            "meaning": text | {"description": "Why a request gets this problem."},
            "remedy": text | {"description": "What the sender can do."},
        },
    }


def _problem_response(status: str) -> dict[str, Any]:
    headers = ("X-Request-Id", "Cache-Control", *_HEADERS_BY_STATUS.get(status, ()))
    return {
        "description": _PROBLEM_BY_STATUS[status][1],
        "headers": header_references(*headers),
        "content": {"application/problem+json": {"schema": schema_reference("Problem")}},
    }


def _headers() -> dict[str, Any]:
    text = {"type": "string", "maxLength": 10_000}
    headers: dict[str, Any] = {
        name: {"description": description, "schema": text} for name, description in _HEADER_DESCRIPTIONS.items()
    }
    seconds = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 3600}
    return headers | {"Retry-After": {"description": "Seconds after which to try again.", "schema": seconds}}
