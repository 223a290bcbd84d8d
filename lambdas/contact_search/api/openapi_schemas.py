"""Turn the models into the schemas of the OpenAPI document.

Descriptions and examples are those of the models' fields.
"""

import json
from datetime import date
from typing import Any, get_args

from pydantic import TypeAdapter

from contact_search.amazon_connect.contact import Contact
from contact_search.amazon_connect.contact_details import ContactDetails
from contact_search.api.export_response import Export
from contact_search.exports.export_list import ExportListParameters
from contact_search.search import members as m
from contact_search.search.body import ExportRequest, SearchRequest
from contact_search.search.name_list import NameListParameters
from contact_search.search.one_contact import ContactParameters
from contact_search.search.query import QueryParameters, examples

_NULL = {"type": "null"}
_REFERENCE = "#/components/schemas/{model}"
# Fields of contacts with an enumeration of Connect. Values that Connect adds pass through, so this is no `enum`.
_ENUMERATIONS = {"channel": m.Channel, "initiation_method": m.ContactInitiationMethod}


def query_parameters(today: date) -> list[dict[str, Any]]:
    """Describe the query parameters, with examples of this day."""
    properties = _simplify(QueryParameters.model_json_schema())["properties"]
    dated_examples = examples(today)
    return [_query_parameter(name, schema, dated_examples.get(name)) for name, schema in properties.items()]


def list_parameters() -> list[dict[str, Any]]:
    """Describe the query parameters of the lists of names."""
    properties = _simplify(NameListParameters.model_json_schema())["properties"]
    return [_query_parameter(name, schema, None) for name, schema in properties.items()]


def export_list_parameters() -> list[dict[str, Any]]:
    """Describe the query parameters of the list of exports."""
    properties = _simplify(ExportListParameters.model_json_schema())["properties"]
    return [_query_parameter(name, schema, None) for name, schema in properties.items()]


def contact_parameters() -> list[dict[str, Any]]:
    """Describe the query parameters of one contact."""
    properties = _simplify(ContactParameters.model_json_schema())["properties"]
    return [_query_parameter(name, schema, None) for name, schema in properties.items()]


def model_schemas() -> dict[str, Any]:
    """Return the schemas of the bodies of requests, of Contact, ContactDetails, Export, and of the models in them."""
    search, export_request = (
        model.model_json_schema(ref_template=_REFERENCE) for model in (SearchRequest, ExportRequest)
    )
    contact, details = (
        TypeAdapter(model).json_schema(mode="serialization", by_alias=False, ref_template=_REFERENCE)
        for model in (Contact, ContactDetails)
    )
    export = Export.model_json_schema(mode="serialization", ref_template=_REFERENCE)
    models = (search, export_request, contact, details, export)
    schemas = {name: schema for model in models for name, schema in model.pop("$defs").items()}
    schemas |= {"SearchRequest": _with_defaults_in_words(search), "Export": _with_nulls(export)}
    schemas |= {"ExportRequest": _with_defaults_in_words(export_request)}
    schemas |= {"Contact": contact | {"required": ["id"]}, "ContactDetails": details | {"required": ["id"]}}
    schemas = {name: _simplify(schema) for name, schema in sorted(schemas.items())}
    for field, enumeration in _ENUMERATIONS.items():
        values = get_args(get_args(enumeration)[0])
        listed = ", ".join(f"`{value}`" for value in values)
        for contact_model in ("Contact", "ContactDetails"):
            schemas[contact_model]["properties"][field] |= {
                "description": f"One of {listed}, or a value that Connect adds.",
                "examples": list(values),
            }
    return schemas


def _query_parameter(name: str, schema: dict[str, Any], example: str | None) -> dict[str, Any]:
    schema = dict(schema)
    description, model_examples = schema.pop("description"), schema.pop("examples", [])
    style: dict[str, Any] = {}
    if name.endswith("."):
        # A parameter for each key. Several values of a key are repeats, which a schema of deepObject cannot say.
        schema["additionalProperties"] = {"minLength": 1, **schema["additionalProperties"]["items"]}
        style = {"style": "deepObject", "explode": True}
    elif schema.get("type") == "array":
        schema = {**schema, "minItems": 1, "items": {"minLength": 1, **schema["items"]}}
        style = {"style": "form", "explode": True}
    elif schema.get("type") == "string" and not schema.keys() & {"enum", "const", "format", "maxLength"}:
        schema["maxLength"] = 2_000
    return {
        "name": name.removesuffix("."),
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        "example": example or model_examples[0],
        **style,
    }


def _with_defaults_in_words(schema: dict[str, Any]) -> dict[str, Any]:
    """Move the defaults of a request's members to their descriptions.

    openapi-typescript takes a member with a default for one that is always there, and would have senders name it.
    """
    for member in schema["properties"].values():
        default = member.pop("default", None)
        if default is not None:
            text = default if isinstance(default, str) else json.dumps(default)
            member["description"] += f" The default is `{text}`."
    return schema


def _with_nulls(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of members that are always there that they can be null, in a way that `_simplify` leaves alone."""
    properties = schema["properties"]
    for name in schema["required"]:
        if "anyOf" in properties[name]:
            [option, _] = properties[name].pop("anyOf")
            can_be_null = {"type": [option.pop("type"), "null"]} if "type" in option else {"oneOf": [option, _NULL]}
            properties[name] |= (option if "type" in can_be_null else {}) | can_be_null
    return schema


def _simplify(schema: Any) -> Any:
    """Drop titles and null from pydantic's schema, and give integers a format.

    Optional members are left out; null is no value that the service accepts or returns.
    """
    if isinstance(schema, list):
        return [_simplify(element) for element in schema]
    if not isinstance(schema, dict):
        return schema
    if _NULL in schema.get("anyOf", ()):
        options = [option for option in schema["anyOf"] if option != _NULL]
        option = options[0] if len(options) == 1 else {"anyOf": options}
        others = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return _simplify(option | others)
    simplified = {
        key: {name: _simplify(value) for name, value in element.items()} if key == "properties" else _simplify(element)
        for key, element in schema.items()
        if key != "title" and not (key == "default" and element is None)
    }
    return {"format": "int64", **simplified} if simplified.get("type") == "integer" else simplified
