"""Find what a newer OpenAPI document breaks for the clients of an older one.

A request breaks if the service no longer accepts what it accepted, a response if a client may receive what it did not
expect. Generated clients have functions with the names of operations, so those count too. A change of a keyword that
this module does not know is reported: it fails closed.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# What schemas say to people only, or names that only the document itself uses.
_ANNOTATIONS = {
    "title",
    "description",
    "examples",
    "example",
    "default",
    "deprecated",
    "externalDocs",
    "$comment",
    "$defs",
}
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_ALTERNATIVES = ("anyOf", "oneOf")
_KNOWN = {
    *("type", "enum", "const", "properties", "required", "items", "additionalProperties", "propertyNames"),
    *(*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_ALTERNATIVES, "format", "pattern"),
}

_Object = Mapping[str, Any]
Direction = Literal["request", "response"]


class Change(NamedTuple):
    """A breaking change: where in the API, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def breaking_changes(old: _Object, new: _Object) -> list[Change]:
    """Return what `new` breaks for the clients of `old`. Both are whole OpenAPI 3.1 documents."""
    return list(dict.fromkeys(_Comparison(old, new).paths()))


class _Comparison:
    """Compare two documents, each with the components that its references mean."""

    def __init__(self, old: _Object, new: _Object) -> None:
        self._old, self._new = old, new
        # Schemas may contain themselves. A pair of references is compared once for each direction.
        self._compared: set[tuple[str, str, Direction]] = set()

    def paths(self) -> Iterator[Change]:
        for path, old_item in self._old["paths"].items():
            new_item = self._new["paths"].get(path)
            if new_item is None:
                yield Change(path, "the path is removed")
                continue
            for method in _METHODS:
                if method in old_item and method not in new_item:
                    yield Change(f"{method.upper()} {path}", "the method is removed")
                elif method in old_item:
                    yield from self._operation(f"{method.upper()} {path}", old_item[method], new_item[method])

    def _operation(self, where: str, old: _Object, new: _Object) -> Iterator[Change]:
        if old.get("operationId") != new.get("operationId"):
            yield Change(where, f"the operation {old.get('operationId')} has another name")
        if not self._security(self._old, old) and self._security(self._new, new):
            yield Change(where, "a credential is required")
        yield from self._parameters(where, old, new)
        yield from self._request_body(where, old.get("requestBody"), new.get("requestBody"))
        yield from self._responses(where, old["responses"], new["responses"])

    @staticmethod
    def _security(document: _Object, operation: _Object) -> bool:
        """Tell whether the operation needs a credential."""
        requirements = operation.get("security", document.get("security", []))
        return bool(requirements) and {} not in requirements

    def _parameters(self, where: str, old: _Object, new: _Object) -> Iterator[Change]:
        old_by_name, new_by_name = self._by_name(self._old, old), self._by_name(self._new, new)
        for name, parameter in old_by_name.items():
            here = f"{where}, parameter {name[1]}"
            if name not in new_by_name:
                yield Change(here, "the parameter is removed")
                continue
            newer = new_by_name[name]
            if newer.get("required") and not parameter.get("required"):
                yield Change(here, "the parameter is required")
            for member in ("style", "explode"):
                if parameter.get(member) != newer.get(member):
                    yield Change(here, f"{member} is changed")
            yield from self._schema(here, parameter["schema"], newer["schema"], "request")
        for name, parameter in new_by_name.items():
            if name not in old_by_name and parameter.get("required"):
                yield Change(f"{where}, parameter {name[1]}", "a new parameter is required")

    @staticmethod
    def _by_name(document: _Object, operation: _Object) -> dict[tuple[str, str], _Object]:
        parameters = [_resolve(document, parameter) for parameter in operation.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in parameters}

    def _request_body(self, where: str, old: _Object | None, new: _Object | None) -> Iterator[Change]:
        here = f"{where}, body"
        if old is None:
            if new is not None and _resolve(self._new, new).get("required"):
                yield Change(here, "a body is required")
            return
        if new is None:
            yield Change(here, "the body is removed")
            return
        old, new = _resolve(self._old, old), _resolve(self._new, new)
        if new.get("required") and not old.get("required"):
            yield Change(here, "the body is required")
        yield from self._content(here, old["content"], new["content"], "request")

    def _responses(self, where: str, old: _Object, new: _Object) -> Iterator[Change]:
        for status, response in old.items():
            here = f"{where}, response {status}"
            if status not in new:
                # An error that no longer happens breaks nobody.
                if status.startswith(("1", "2", "3")):
                    yield Change(here, "the response is removed")
                continue
            older, newer = _resolve(self._old, response), _resolve(self._new, new[status])
            yield from self._headers(here, older, newer)
            yield from self._content(here, older.get("content", {}), newer.get("content", {}), "response")

    @staticmethod
    def _headers(where: str, old: _Object, new: _Object) -> Iterator[Change]:
        for name in old.get("headers", {}):
            if name not in new.get("headers", {}):
                yield Change(where, f"the header {name} is removed")

    def _content(self, where: str, old: _Object, new: _Object, direction: Direction) -> Iterator[Change]:
        for media_type, content in old.items():
            if media_type not in new:
                yield Change(where, f"the media type {media_type} is removed")
            else:
                yield from self._schema(where, content["schema"], new[media_type]["schema"], direction)

    def _schema(self, where: str, old: Any, new: Any, direction: Direction) -> Iterator[Change]:
        # `false` is the schema of nothing, `true` that of anything.
        if new is False and old is not False and direction == "request":
            yield Change(where, "nothing is accepted any more")
        if new is False or old is False:
            return
        old, new = ({} if schema is True else schema for schema in (old, new))
        pair = (old.get("$ref", ""), new.get("$ref", ""), direction)
        if all(pair):
            if pair in self._compared:
                return
            self._compared.add(pair)
        old, new = _resolve(self._old, old), _resolve(self._new, new)
        yield from _values(where, old, new, direction)
        yield from _bounds(where, old, new, direction)
        yield from _texts(where, old, new, direction)
        yield from _alternatives(where, old, new, direction)
        yield from _unknown(where, old, new)
        yield from self._properties(where, old, new, direction)
        for keyword in ("items", "additionalProperties", "propertyNames"):
            if keyword in old or keyword in new:
                here = f"{where}[]" if keyword == "items" else f"{where}.*"
                yield from self._schema(here, old.get(keyword, True), new.get(keyword, True), direction)

    def _properties(self, where: str, old: _Object, new: _Object, direction: Direction) -> Iterator[Change]:
        old_properties, new_properties = old.get("properties", {}), new.get("properties", {})
        for name, schema in old_properties.items():
            here = f"{where}, {name}"
            if name in new_properties:
                yield from self._schema(here, schema, new_properties[name], direction)
            else:
                yield Change(here, "the member is removed")
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        if direction == "request":
            for name in sorted(new_required - old_required):
                yield Change(f"{where}, {name}", "the member is required")
        else:
            for name in sorted((old_required - new_required) & new_properties.keys()):
                yield Change(f"{where}, {name}", "the member may be missing")


def _resolve(document: _Object, value: _Object) -> _Object:
    """Follow references within the document."""
    while "$ref" in value:
        target: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


def _values(where: str, old: _Object, new: _Object, direction: Direction) -> Iterator[Change]:
    """Compare types and enumerations. A request must keep all that it had, a response must get nothing new."""
    for word, read in (("type", _types), ("value", _enumeration)):
        before, after = read(old), read(new)
        if direction == "response":
            before, after = after, before
        lost = set() if after is None else {"any"} if before is None else before - after
        for value in sorted(lost):
            what = "is no longer accepted" if direction == "request" else "is new in responses"
            yield Change(where, f"the {word} {value} {what}")


def _types(schema: _Object) -> set[str] | None:
    """Return the types, None for any. An integer is a number."""
    types = schema.get("type")
    if types is None:
        return None
    names = {types} if isinstance(types, str) else set(types)
    return names | {"integer"} if "number" in names else names


def _enumeration(schema: _Object) -> set[str] | None:
    """Return the values as JSON, None for any."""
    if "const" in schema:
        return {json.dumps(schema["const"])}
    return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None


def _bounds(where: str, old: _Object, new: _Object, direction: Direction) -> Iterator[Change]:
    """Compare bounds: those of requests must not become narrower, those of responses not wider."""
    for keyword in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        infinity = float("-inf" if keyword in _LOWER_BOUNDS else "inf")
        before, after = old.get(keyword, infinity), new.get(keyword, infinity)
        if before != after:
            is_narrower = (after > before) == (keyword in _LOWER_BOUNDS)
            if is_narrower == (direction == "request"):
                yield Change(where, f"{keyword} is {new.get(keyword, 'gone')}, it was {old.get(keyword, 'not there')}")


def _texts(where: str, old: _Object, new: _Object, direction: Direction) -> Iterator[Change]:
    """Compare formats and patterns. Which of two is narrower cannot be told, only which is there at all."""
    for keyword in ("format", "pattern"):
        before, after = old.get(keyword), new.get(keyword)
        is_harmless = after is None if direction == "request" else before is None
        if before != after and not is_harmless:
            yield Change(where, f"{keyword} is {after or 'gone'}, it was {before or 'not there'}")


def _alternatives(where: str, old: _Object, new: _Object, direction: Direction) -> Iterator[Change]:
    """Compare alternatives as wholes. An alternative that is changed inside is another one."""
    for keyword in _ALTERNATIVES:
        before, after = _distinct(old.get(keyword)), _distinct(new.get(keyword))
        if direction == "request" and before is None and after is not None:
            before = _distinct([old])  # what was accepted may be one of several alternatives now
        if direction == "response":
            before, after = after, before
        if after is not None and (before is None or before - after):
            yield Change(where, f"{keyword} is changed")


def _distinct(alternatives: list[Any] | None) -> set[str] | None:
    """Return the alternatives as JSON, None for anything."""
    if alternatives is None:
        return None
    return {json.dumps(_essence(alternative), sort_keys=True) for alternative in alternatives}


def _unknown(where: str, old: _Object, new: _Object) -> Iterator[Change]:
    for keyword in sorted((old.keys() | new.keys()) - _KNOWN - _ANNOTATIONS):
        if old.get(keyword) != new.get(keyword):
            yield Change(where, f"{keyword} is changed, and it is not known what that means")


def _essence(schema: Any) -> Any:
    """Drop the annotations of a schema."""
    if isinstance(schema, dict):
        return {name: _essence(value) for name, value in schema.items() if name not in _ANNOTATIONS}
    return [_essence(element) for element in schema] if isinstance(schema, list) else schema
