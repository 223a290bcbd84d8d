"""Compare every member of SearchContacts with the service model of the installed botocore."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import botocore.session
import pytest
from botocore.model import ServiceModel, Shape
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from contact_search.amazon_connect.contact import Contact, SearchContactsResponse, contacts_to_json
from contact_search.search.body import SearchRequest
from sandbox.amazon_connect.constraints import check
from sandbox.aws_server import AwsServer
from tests.conftest import Api
from tests.profiles import examples
from tests.service_model import PAGING, SEARCH_CONTACTS, in_snake_case, requests, snake_case

_CONSTRAINTS = {
    "string": {"min": "minLength", "max": "maxLength"},
    "list": {"min": "minItems", "max": "maxItems"},
    "integer": {"min": "minimum", "max": "maximum"},
}
# EndTime is optional because of `follow`. tests/service/test_post_search.py tests that other searches need it.
_OPTIONAL_HERE = {".TimeRange.EndTime"}
_TYPES = {
    "structure": "object",
    "list": "array",
    "map": "object",
    "timestamp": "string",
    "long": "integer",
    "float": "number",
}


def differences(shape: Shape, schema: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[str]:
    """Return the differences between the JSON schema of a request and the shape, member by member."""
    schema = _resolved(schema, root)
    if schema.get("type") != _TYPES.get(shape.type_name, shape.type_name):
        yield f"{path}: is {schema.get('type')}, not {shape.type_name}"
    for constraint, keyword in _CONSTRAINTS.get(shape.type_name, {}).items():
        bound = shape.metadata.get(constraint)
        if bound and schema.get(keyword) != bound and not shape.metadata.get("enum"):
            yield f"{path}: {keyword} is {schema.get(keyword)}, not {bound}"
    names = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if set(names) != set(shape.metadata.get("enum", [])):
        yield f"{path}: the enumeration differs"
    pattern = shape.metadata.get("pattern")
    if pattern and schema.get("pattern") != f"^(?:{pattern})$":
        yield f"{path}: the pattern differs"
    if shape.type_name == "structure":
        yield from _member_differences(shape, schema, root, path)
    elif shape.type_name == "list":
        yield from differences(shape.member, schema["items"], root, f"{path}[]")


def _member_differences(shape: Shape, schema: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for name, member in shape.members.items():
        ours = PAGING.get(name, snake_case(name)) if not path else snake_case(name)
        if ours is None:
            continue
        if ours not in properties:
            yield f"{path}.{name}: is missing"
            continue
        is_required = name in shape.required_members and f"{path}.{name}" not in _OPTIONAL_HERE
        if is_required != (ours in schema.get("required", [])):
            yield f"{path}.{name}: whether it is required differs"
        schema_of_member = properties[ours]
        if name == "MaxResults":
            assert schema_of_member["minimum"] == 0, "0 is our own: it counts the matches"
            schema_of_member = schema_of_member | {"minimum": 1}
        # A cursor is our own, and shorter than a NextToken.
        if name != "NextToken":
            yield from differences(member, schema_of_member, root, f"{path}.{name}")


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return dict(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
    # A date in place of a date-time is our own.
    date_time, date = ({"format": name, "type": "string"} for name in ("date-time", "date"))
    return schema | date_time if schema.get("anyOf") == [date_time, date] else schema


def request_differences(model: ServiceModel) -> list[str]:
    schema = SearchRequest.model_json_schema()
    return list(differences(model.operation_model("SearchContacts").input_shape, schema, schema, ""))


def response_differences(shape: Shape, model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Return the members of a contact that our model does not have."""
    for name, member in shape.members.items():
        field = model.model_fields.get(snake_case(name))
        if field is None:
            yield f"{path}.{name}: is missing"
            continue
        nested = _model_in(field.annotation)
        if nested is not None and nested is not model:
            yield from response_differences(_element(member), nested, f"{path}.{name}")


def _element(shape: Shape) -> Shape:
    """Return the innermost element of a list or map, or the shape itself if it is neither."""
    if shape.type_name == "list":
        return _element(shape.member)
    return _element(shape.value) if shape.type_name == "map" else shape


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)


def changed_model(change: Callable[[dict[str, Any]], Any]) -> ServiceModel:
    """Return the service model after a change of its shapes."""
    loader = botocore.session.get_session().get_component("data_loader")
    description = copy.deepcopy(loader.load_service_model("connect", "service-2"))
    change(description["shapes"])
    return ServiceModel(description, "connect")


def test_post_has_every_member_constraint_and_enumeration_of_the_request() -> None:
    assert request_differences(SEARCH_CONTACTS.service_model) == []


def test_a_contact_has_every_member_of_the_summary() -> None:
    shape = SEARCH_CONTACTS.service_model.shape_for("ContactSearchSummary")
    assert list(response_differences(shape, Contact)) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (
            lambda shapes: shapes["SearchCriteria"]["members"].update(Mood={"shape": "String"}),
            ".SearchCriteria.Mood: is missing",
        ),
        (lambda shapes: shapes["Channel"]["enum"].append("FAX"), ".SearchCriteria.Channels[]: the enumeration differs"),
        (lambda shapes: shapes["QueueIdList"].update(max=200), ".SearchCriteria.QueueIds: maxItems is 100, not 200"),
        (
            lambda shapes: shapes["SearchContactsRequest"]["required"].append("Sort"),
            ".Sort: whether it is required differs",
        ),
    ],
)
def test_a_release_of_botocore_that_adds_something_is_noticed(change: Any, difference: str) -> None:
    assert request_differences(changed_model(change)) == [difference]


def test_a_new_member_of_the_summary_is_noticed() -> None:
    model = changed_model(lambda shapes: shapes["Step"]["members"].update(Mood={"shape": "String"}))
    assert list(response_differences(model.shape_for("ContactSearchSummary"), Contact)) == [
        ".RoutingCriteria.Steps.Mood: is missing"
    ]


@given(request=requests())
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_request_of_the_model_reaches_connect_unchanged(
    api: Api, aws: AwsServer, request: dict[str, Any]
) -> None:
    with patch.object(aws.connect, "search_contacts", wraps=aws.connect.search_contacts) as search_contacts:
        answer = api.post(in_snake_case(request))
    assert answer.status == 200, answer.text
    [got] = search_contacts.call_args.args
    check(got)
    assert got.pop("MaxResults") == 50
    got.pop("InstanceId")
    default_sort = got.pop("Sort") if "Sort" not in request else None
    assert default_sort is None or default_sort["Order"] == "DESCENDING"
    if "SearchCriteria" not in request:
        assert got.pop("SearchCriteria") == {}
    assert got == _on_the_wire(request)


def _on_the_wire(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _on_the_wire(element) for name, element in value.items()}
    if isinstance(value, list):
        return [_on_the_wire(element) for element in value]
    return value.timestamp() if hasattr(value, "timestamp") else value


def test_what_connect_has_and_we_do_not_know_breaks_nothing() -> None:
    summary = {
        "Id": "c",
        "Channel": "HOLOGRAM",
        "Mood": "new",
        "SegmentAttributes": {"a:B": {"ValueMap": {"Inner Key": {"ValueList": [{"ValueInteger": 3}]}}}},
        "RoutingCriteria": {"Steps": [{"Expression": {"AndExpression": [{"NotAttributeCondition": {"Name": "n"}}]}}]},
    }
    answer = SearchContactsResponse.model_validate_json(json.dumps({"Contacts": [summary], "Mood": "new"}))
    assert json.loads(contacts_to_json(answer.contacts)) == [
        {
            "id": "c",
            "channel": "HOLOGRAM",
            "segment_attributes": {"a:B": {"value_map": {"Inner Key": {"value_list": [{"value_integer": 3}]}}}},
            "routing_criteria": {
                "steps": [{"expression": {"and_expression": [{"not_attribute_condition": {"name": "n"}}]}}]
            },
        }
    ]
