"""Test which changes of an OpenAPI document break its clients."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maintenance.breaking_changes import Change, breaking_changes

Document = dict[str, Any]
COMMITTED = Path(__file__).parents[2] / "openapi.json"


@pytest.fixture
def document() -> Document:
    """Return a document with one of each kind of thing."""
    contact = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string", "pattern": "^.+$"},
            "channel": {"enum": ["VOICE", "CHAT"]},
            "duration": {"type": "integer", "minimum": 0, "maximum": 10},
            "transferred_from": {"$ref": "#/components/schemas/Contact"},
        },
    }
    body = {
        "type": "object",
        "required": ["window"],
        "properties": {
            "window": {"type": "string", "format": "date-time"},
            "limit": {"type": "integer", "minimum": 0, "maximum": 100},
            "values": {"type": "array", "maxItems": 3, "items": {"type": "string", "maxLength": 10}},
            "tags": {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
            "match": {"anyOf": [{"const": "all"}, {"const": "any", "description": "The default."}]},
        },
        "additionalProperties": False,
    }
    get = {
        "operationId": "listContacts",
        "security": [],
        "parameters": [
            {"$ref": "#/components/parameters/Limit"},
            {"name": "channel", "in": "query", "schema": {"enum": ["VOICE", "CHAT"]}, "style": "form"},
        ],
        "responses": {
            "200": {"$ref": "#/components/responses/Page"},
            "429": {"description": "Later.", "headers": {"Retry-After": {}}},
        },
    }
    post = {
        "operationId": "searchContacts",
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"$ref": "#/components/responses/Page"}},
    }
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
    page = {
        "headers": {"ETag": {}},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Contact"}}},
    }
    return {
        "paths": {"/contacts": {"get": get, "post": post}},
        "components": {
            "parameters": {"Limit": limit},
            "responses": {"Page": page},
            "schemas": {"Contact": contact},
        },
    }


def contact(document: Document) -> Any:
    return document["components"]["schemas"]["Contact"]


def body(document: Document) -> Any:
    return document["paths"]["/contacts"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def get(document: Document) -> Any:
    return document["paths"]["/contacts"]["get"]


def parameter(document: Document) -> Any:
    return document["components"]["parameters"]["Limit"]


def removed(*keys: str) -> Callable[[Any], None]:
    def remove(place: Any) -> None:
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return remove


def set_to(value: Any, *keys: str) -> Callable[[Any], None]:
    def put(place: Any) -> None:
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return put


DATE_TIME, DATE = {"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}
GET, POST, PAGE = "GET /contacts", "POST /contacts", "GET /contacts, response 200"
LIMIT = f"{GET}, parameter limit"


@pytest.mark.parametrize(
    ("place", "change", "found"),
    [
        pytest.param(dict, removed("paths", "/contacts"), ("/contacts", "the path is removed"), id="path"),
        pytest.param(dict, removed("paths", "/contacts", "get"), (GET, "the method is removed"), id="method"),
        pytest.param(
            get,
            set_to("list", "operationId"),
            (GET, "the operation listContacts has another name"),
            id="name of an operation",
        ),
        pytest.param(get, set_to([{"key": []}], "security"), (GET, "a credential is required"), id="credential"),
        pytest.param(get, set_to([], "parameters"), (LIMIT, "the parameter is removed"), id="parameter"),
        pytest.param(
            parameter, set_to(True, "required"), (LIMIT, "the parameter is required"), id="required parameter"
        ),
        pytest.param(
            get,
            lambda operation: operation["parameters"].append({"name": "x", "in": "query", "required": True}),
            (f"{GET}, parameter x", "a new parameter is required"),
            id="new required parameter",
        ),
        pytest.param(parameter, set_to("pipeDelimited", "style"), (LIMIT, "style is changed"), id="style"),
        pytest.param(parameter, set_to(2, "schema", "minimum"), (LIMIT, "minimum is 2, it was 1"), id="lower bound"),
        pytest.param(
            parameter, set_to(99, "schema", "maximum"), (LIMIT, "maximum is 99, it was 100"), id="upper bound"
        ),
        pytest.param(
            parameter,
            set_to(3, "schema", "exclusiveMaximum"),
            (LIMIT, "exclusiveMaximum is 3, it was not there"),
            id="new bound",
        ),
        pytest.param(
            parameter,
            set_to(2, "schema", "multipleOf"),
            (LIMIT, "multipleOf is changed, and it is not known what that means"),
            id="unknown keyword",
        ),
        pytest.param(
            get,
            lambda operation: operation["parameters"][1]["schema"]["enum"].remove("CHAT"),
            (f"{GET}, parameter channel", 'the value "CHAT" is no longer accepted'),
            id="value of a parameter",
        ),
        pytest.param(
            body,
            removed("properties", "limit"),
            (f"{POST}, body, limit", "the member is removed"),
            id="member of a body",
        ),
        pytest.param(
            body,
            set_to(["limit", "window"], "required"),
            (f"{POST}, body, limit", "the member is required"),
            id="required member",
        ),
        pytest.param(
            body,
            set_to("integer", "properties", "window", "type"),
            (f"{POST}, body, window", "the type string is no longer accepted"),
            id="type",
        ),
        pytest.param(
            body,
            set_to("date", "properties", "window", "format"),
            (f"{POST}, body, window", "format is date, it was date-time"),
            id="format",
        ),
        pytest.param(
            body,
            set_to("^a", "properties", "window", "pattern"),
            (f"{POST}, body, window", "pattern is ^a, it was not there"),
            id="pattern",
        ),
        pytest.param(
            body,
            set_to(2, "properties", "values", "maxItems"),
            (f"{POST}, body, values", "maxItems is 2, it was 3"),
            id="length of a list",
        ),
        pytest.param(
            body,
            set_to(9, "properties", "values", "items", "maxLength"),
            (f"{POST}, body, values[]", "maxLength is 9, it was 10"),
            id="length of an element",
        ),
        pytest.param(
            body,
            set_to("string", "properties", "tags", "additionalProperties", "type"),
            (f"{POST}, body, tags.*", "the type integer is no longer accepted"),
            id="values of a map",
        ),
        pytest.param(
            body,
            set_to(False, "properties", "tags", "additionalProperties"),
            (f"{POST}, body, tags.*", "nothing is accepted any more"),
            id="closed map",
        ),
        pytest.param(
            body,
            lambda schema: schema["properties"]["match"]["anyOf"].pop(),
            (f"{POST}, body, match", "anyOf is changed"),
            id="alternative",
        ),
        pytest.param(
            body,
            set_to({"anyOf": [DATE]}, "properties", "window"),
            (f"{POST}, body, window", "anyOf is changed"),
            id="alternatives to what there was",
        ),
        pytest.param(
            dict,
            set_to(True, "paths", "/contacts", "post", "requestBody", "required"),
            (f"{POST}, body", "the body is required"),
            id="required body",
        ),
        pytest.param(
            get,
            set_to({"required": True, "content": {}}, "requestBody"),
            (f"{GET}, body", "a body is required"),
            id="new required body",
        ),
        pytest.param(
            dict,
            removed("paths", "/contacts", "post", "requestBody"),
            (f"{POST}, body", "the body is removed"),
            id="body",
        ),
        pytest.param(
            dict,
            set_to({"text/csv": {}}, "paths", "/contacts", "post", "requestBody", "content"),
            (f"{POST}, body", "the media type application/json is removed"),
            id="media type of a body",
        ),
        pytest.param(get, removed("responses", "200"), (PAGE, "the response is removed"), id="response"),
        pytest.param(
            dict,
            set_to({}, "components", "responses", "Page", "headers"),
            (PAGE, "the header ETag is removed"),
            id="header",
        ),
        pytest.param(
            dict,
            set_to({}, "components", "responses", "Page", "content"),
            (PAGE, "the media type application/json is removed"),
            id="media type of a response",
        ),
        pytest.param(
            contact,
            removed("properties", "duration"),
            (f"{PAGE}, duration", "the member is removed"),
            id="member of a response",
        ),
        pytest.param(
            contact, set_to([], "required"), (f"{PAGE}, id", "the member may be missing"), id="optional member"
        ),
        pytest.param(
            contact,
            lambda schema: schema["properties"]["channel"]["enum"].append("FAX"),
            (f"{PAGE}, channel", 'the value "FAX" is new in responses'),
            id="new value in responses",
        ),
        pytest.param(
            contact,
            set_to(["integer", "null"], "properties", "duration", "type"),
            (f"{PAGE}, duration", "the type null is new in responses"),
            id="null in responses",
        ),
        pytest.param(
            contact,
            removed("properties", "duration", "maximum"),
            (f"{PAGE}, duration", "maximum is gone, it was 10"),
            id="bound of a response",
        ),
        pytest.param(
            contact,
            removed("properties", "id", "pattern"),
            (f"{PAGE}, id", "pattern is gone, it was ^.+$"),
            id="pattern of a response",
        ),
    ],
)
def test_a_breaking_change_is_found(
    document: Document, place: Callable[[Any], Any], change: Callable[[Any], None], found: tuple[str, str]
) -> None:
    new = copy.deepcopy(document)
    change(new if place is dict else place(new))
    assert Change(*found) in breaking_changes(document, new)


@pytest.mark.parametrize(
    ("place", "change"),
    [
        pytest.param(dict, set_to({}, "paths", "/queues"), id="new path"),
        pytest.param(dict, set_to({}, "paths", "/contacts", "put"), id="new method"),
        pytest.param(
            get, lambda operation: operation["parameters"].append({"name": "x", "in": "query"}), id="new parameter"
        ),
        pytest.param(get, set_to({"content": {}}, "requestBody"), id="new optional body"),
        pytest.param(get, removed("responses", "429"), id="error that no longer happens"),
        pytest.param(get, set_to("Lists contacts.", "description"), id="description"),
        pytest.param(parameter, set_to(101, "schema", "maximum"), id="wider bound"),
        pytest.param(parameter, removed("schema", "minimum"), id="no bound"),
        pytest.param(parameter, set_to("number", "schema", "type"), id="number where an integer was"),
        pytest.param(parameter, set_to(5, "schema", "default"), id="default"),
        pytest.param(body, set_to([], "required"), id="member that is no longer required"),
        pytest.param(body, set_to({}, "properties", "fields"), id="new member of a body"),
        pytest.param(body, removed("properties", "window", "format"), id="any text"),
        pytest.param(body, set_to(True, "properties", "tags", "additionalProperties"), id="any value of a map"),
        pytest.param(body, removed("properties", "match", "anyOf"), id="no alternatives but anything"),
        pytest.param(
            body, set_to({"anyOf": [DATE, DATE_TIME]}, "properties", "window"), id="alternative to what there was"
        ),
        pytest.param(
            body, lambda schema: schema["properties"]["match"]["anyOf"].append({"const": "none"}), id="new alternative"
        ),
        pytest.param(body, lambda schema: schema["properties"]["match"]["anyOf"].reverse(), id="order of alternatives"),
        pytest.param(contact, set_to({}, "properties", "arn"), id="new member of a response"),
        pytest.param(contact, set_to(["id", "channel"], "required"), id="member that is always there"),
        pytest.param(contact, set_to(["VOICE"], "properties", "channel", "enum"), id="value that no longer comes"),
        pytest.param(contact, set_to(9, "properties", "duration", "maximum"), id="narrower response"),
    ],
)
def test_other_changes_break_no_client(
    document: Document, place: Callable[[Any], Any], change: Callable[[Any], None]
) -> None:
    new = copy.deepcopy(document)
    change(new if place is dict else place(new))
    assert new != document
    assert breaking_changes(document, new) == []


def test_a_change_deep_in_a_schema_that_contains_itself_is_found_once_for_each_operation(document: Document) -> None:
    new = copy.deepcopy(document)
    contact(new)["properties"]["id"]["type"] = "integer"
    changes = breaking_changes(document, new)
    assert {change.what for change in changes} == {"the type integer is new in responses"}
    assert len(changes) == 1  # the schema is compared at its first occurrence


def test_the_committed_document_does_not_break_itself() -> None:
    committed = json.loads(COMMITTED.read_text())
    assert breaking_changes(committed, committed) == []


def test_a_removal_from_the_committed_document_is_found() -> None:
    """The comparison follows the references and styles that this document uses."""
    old = json.loads(COMMITTED.read_text())
    new = copy.deepcopy(old)
    del new["components"]["schemas"]["Contact"]["properties"]["queue_info"]
    new["components"]["schemas"]["SearchRequest"]["properties"]["limit"]["maximum"] = 50
    parameters = new["paths"]["/v1/contacts"]["get"]["parameters"]
    parameters.remove(next(parameter for parameter in parameters if parameter["name"] == "tag"))
    assert {str(change) for change in breaking_changes(old, new)} == {
        "GET /v1/contacts, parameter tag: the parameter is removed",
        "GET /v1/contacts, response 200, contacts[], queue_info: the member is removed",
        "POST /v1/contacts/search, body, limit: maximum is 50, it was 100",
    }
