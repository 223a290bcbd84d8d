"""Write the reference pages from the OpenAPI document, as Markdown that the site's search finds."""

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

Json = Mapping[str, Any]
_SCHEMAS = "schemas.md"
_METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"), ("minItems", "maxItems", " values"))


def operations_page(document: Json) -> str:
    """Return the page of all requests, grouped by tag."""
    blocks = [
        "# Requests and responses",
        "This page is written from the [OpenAPI document](../openapi.json).",
        "A running service has the same at `GET /docs`, where you can send requests too.",
        "Every path under `/v1` needs a credential: an API key in the header `x-api-key`, or a bearer token.",
    ]
    for tag in document["tags"]:
        blocks.append(f"## {tag['description']}")
        for path, item in document["paths"].items():
            for method in _METHODS:
                if method in item and tag["name"] in item[method]["tags"]:
                    blocks += _operation(document, f"{method.upper()} {path}", item[method])
    return "\n\n".join(blocks) + "\n"


def schemas_page(document: Json) -> str:
    """Return the page of all schemas in the order of their names."""
    blocks = ["# Schemas", "The JSON objects of requests and responses, in the order of their names."]
    for name, schema in sorted(document["components"]["schemas"].items()):
        blocks += [f"## {name}", *_paragraphs(schema)]
        if schema.get("properties"):
            blocks.append(_members(document, schema))
    return "\n\n".join(blocks) + "\n"


def _operation(document: Json, name: str, operation: Json) -> Iterator[str]:
    yield f"### {name}"
    yield from _paragraphs(operation)
    parameters = [_resolve(document, parameter) for parameter in operation.get("parameters", ())]
    if parameters:
        rows = [
            (_code(one["name"]), one["in"], _type(one["schema"]), _described(one, one["schema"])) for one in parameters
        ]
        yield _table(("Parameter", "In", "Type", "Meaning"), rows)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield f"**Body:** {_type(content['schema'])}"
        if "example" in content:
            yield f"```json\n{json.dumps(content['example'], indent=2)}\n```"
    yield _table(
        ("Status", "Meaning", "Content"),
        [_response(document, *pair) for pair in sorted(operation["responses"].items())],
    )


def _response(document: Json, status: str, response: Json) -> tuple[str, str, str]:
    response = _resolve(document, response)
    content = {media: _type(body.get("schema", {})) for media, body in response.get("content", {}).items()}
    shown = ", ".join(f"{_code(media)}{f': {shape}' if shape else ''}" for media, shape in content.items())
    return f"{status} {HTTPStatus(int(status)).phrase}", _cell(response["description"]), shown


def _members(document: Json, schema: Json) -> str:
    required = schema.get("required", ())
    rows = [
        (
            _code(name) + (" (required)" if name in required else ""),
            _type(member),
            _described(_resolve(document, member) | member, member),
        )
        for name, member in schema["properties"].items()
    ]
    return _table(("Member", "Type", "Meaning"), rows)


def _described(holder: Json, schema: Json) -> str:
    """Return what a parameter or member means, with its values, limits and default."""
    inner = schema.get("items", schema)
    values = inner.get("enum") or [value for choice in inner.get("anyOf", ()) for value in choice.get("enum", ())]
    limits = [*_limits(schema), *(_limits(inner) if inner is not schema else ())]
    sentences = [
        holder.get("description", ""),
        f"One of {', '.join(_code(value) for value in values)}." if values else "",
        f"{', '.join(limits).capitalize()}." if limits else "",
        f"Default: {_code(_value(schema['default']))}." if "default" in schema else "",
        f"Example: {_code(_value(holder['example']))}." if "example" in holder else "",
    ]
    return _cell(" ".join(filter(None, sentences)))


def _limits(shape: Json) -> Iterator[str]:
    for least, most, unit in _LIMITS:
        low, high = shape.get(least), shape.get(most)
        if low is not None and high is not None:
            yield f"{low} to {high}{unit}"
        elif high is not None:
            yield f"up to {high}{unit}"
        elif low is not None and low not in (0, 1):
            yield f"at least {low}{unit}"


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(element, str) for element in value):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}]({_SCHEMAS}#{name.lower()})"
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices if choice))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {})) or 'anything'}"
    if isinstance(schema.get("additionalProperties"), dict) and not schema.get("properties"):
        return f"map of {_type(schema['additionalProperties']) or 'anything'}"
    kind = schema.get("type", "")
    names = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{names}, {schema['format']}" if "format" in schema else names


def _paragraphs(described: Json) -> Iterator[str]:
    yield from filter(None, (described.get("summary"), described.get("description")))


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _code(value: Any) -> str:
    return f"`{value}`"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _resolve(document: Json, shape: Json) -> dict[str, Any]:
    found: Any = document
    if "$ref" not in shape:
        return dict(shape)
    for name in shape["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
