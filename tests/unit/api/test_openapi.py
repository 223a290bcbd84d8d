"""Test the OpenAPI document, and the page that shows it."""

import json
import re
import subprocess
import sys
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from openapi_spec_validator import validate

from contact_search import __version__
from contact_search.api.docs import page
from contact_search.api.openapi import document, document_json
from contact_search.api.route_table import EXPLORER_FILES, ROUTES
from contact_search.search.query import QueryParameters, parse
from contact_search.search.query_parameters import PARAMETER_GROUPS

TODAY = date(2026, 11, 24)
NOW = datetime.fromisoformat("2026-11-24T12:00:00Z")


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return document(TODAY)


@pytest.fixture(scope="module")
def parameters(openapi: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = openapi["paths"]["/v1/contacts"]["get"]["parameters"]
    return {parameter["name"]: parameter for parameter in listed if parameter["in"] == "query"}


def test_the_document_is_valid(openapi: dict[str, Any]) -> None:
    validate(openapi)
    assert json.loads(document_json(TODAY)) == openapi


def test_the_document_has_the_version_and_no_placeholder(openapi: dict[str, Any]) -> None:
    assert openapi["info"]["version"] == __version__
    assert "contact" not in openapi["info"]
    assert "https://github.com" not in json.dumps(openapi)


def test_the_document_has_all_routes(openapi: dict[str, Any]) -> None:
    described = [route for route in ROUTES if route is not EXPLORER_FILES]
    assert list(openapi["paths"]) == [route.path for route in described]
    for route in described:
        item = openapi["paths"][route.path]
        assert {method.upper() for method in item} == {*route.methods} - {"HEAD"}
        for operation in item.values():
            assert ("security" not in operation) == route.needs_credential


def test_paths_are_relative_to_the_document(openapi: dict[str, Any]) -> None:
    """From /live/openapi.json, ./v1/contacts is /live/v1/contacts."""
    assert [server["url"] for server in openapi["servers"]] == ["."]


def test_all_query_parameters_are_described(parameters: dict[str, dict[str, Any]]) -> None:
    fields = QueryParameters.model_fields
    assert list(parameters) == [(field.alias or name).removesuffix(".") for name, field in fields.items()]
    for parameter in parameters.values():
        assert parameter["description"]
        assert "description" not in parameter["schema"]
        assert "example" in parameter


def test_keys_are_deep_objects(parameters: dict[str, dict[str, Any]]) -> None:
    for name in ("attribute", "segment", "tag"):
        parameter = parameters[name]
        assert (parameter["style"], parameter["explode"], parameter["schema"]["type"]) == ("deepObject", True, "object")
        assert parameter["schema"]["additionalProperties"]["type"] == "string"
        assert all(isinstance(value, str) for value in parameter["example"].values())


def test_no_placeholder_has_to_be_replaced(openapi: dict[str, Any]) -> None:
    assert "KEY" not in json.dumps(openapi)


def test_a_limit_of_0_counts(openapi: dict[str, Any], parameters: dict[str, dict[str, Any]]) -> None:
    body = openapi["components"]["schemas"]["SearchRequest"]["properties"]["limit"]
    for schema in (parameters["limit"]["schema"], body):
        assert (schema["minimum"], schema["maximum"]) == (0, 100)
    assert parameters["limit"]["schema"]["default"] == 50
    assert body["description"].endswith(" The default is `50`.")


def test_members_with_defaults_are_optional_for_senders(openapi: dict[str, Any]) -> None:
    """Generators such as openapi-typescript require members of bodies that have a default."""
    for name in ("SearchRequest", "ExportRequest"):
        schema = openapi["components"]["schemas"][name]
        assert schema["required"] == ["time_range"]
        assert not [member for member, value in schema["properties"].items() if "default" in value]


def test_dates_are_allowed_where_times_are_sent(openapi: dict[str, Any], parameters: dict[str, dict[str, Any]]) -> None:
    time_range = openapi["components"]["schemas"]["SearchContactsTimeRange"]["properties"]
    sent = [time_range["start_time"], time_range["end_time"]]
    sent += [one["schema"] for name, one in parameters.items() if name.rpartition(".")[2] in ("from", "to")]
    assert len(sent) == 14
    for schema in sent:
        assert [(option["type"], option["format"]) for option in schema["anyOf"]] == [
            ("string", "date-time"),
            ("string", "date"),
        ]


def test_schemas_of_objects_have_names(openapi: dict[str, Any]) -> None:
    """Otherwise each generator makes up its own, such as Queue1."""
    for schema in openapi["components"]["schemas"].values():
        for member in schema.get("properties", {}).values():
            assert "properties" not in member
            assert "properties" not in member.get("items", {})


def test_examples_are_searches_of_today(parameters: dict[str, dict[str, Any]]) -> None:
    for name in ("from", "to", "enqueue_timestamp.from", "disconnect_timestamp.to"):
        assert timedelta(0) < TODAY - date.fromisoformat(parameters[name]["example"][:10]) <= timedelta(days=7)
    for name in ("attribute", "segment", "tag"):
        [(key, value)] = parameters[name]["example"].items()
        assert parse({"last": ["P1D"], f"{name}[{key}]": [value]}, NOW).criteria


def test_only_dates_change_from_day_to_day() -> None:
    def without_dates(day: date) -> str:
        return re.sub(r"\d{4}-\d{2}-\d{2}", "DATE", json.dumps(document(day)))

    assert document(TODAY) != document(TODAY + timedelta(days=1))
    assert without_dates(TODAY) == without_dates(TODAY + timedelta(days=400))


def test_known_values_of_enumerations_are_listed(openapi: dict[str, Any]) -> None:
    contact = openapi["components"]["schemas"]["Contact"]["properties"]
    assert "`VOICE`" in contact["channel"]["description"]
    assert "`INBOUND`" in contact["initiation_method"]["description"]
    assert contact["channel"]["examples"] == ["VOICE", "CHAT", "TASK", "EMAIL"]
    assert "enum" not in contact["channel"]


def test_every_error_has_a_body(openapi: dict[str, Any]) -> None:
    for name, response in openapi["components"]["responses"].items():
        [(media_type, content)] = response["content"].items()
        assert media_type == ("application/json" if name == "HeadTooLong" else "application/problem+json")
        assert content["schema"]


def test_optional_members_are_never_null(openapi: dict[str, Any]) -> None:
    schemas = dict(openapi["components"]["schemas"])
    for page_of in ("Page", "QueueList", "AgentList", "ExportList", "Grant"):  # next_cursor and limits may be null
        del schemas[page_of]
    export = schemas.pop("Export")["properties"]
    assert {name for name, member in export.items() if '"null"' in json.dumps(member)} == {
        *("started_at", "ended_at", "total", "estimated_end_at")
    }
    assert '"null"' not in json.dumps(schemas)


def test_the_page_works_offline() -> None:
    html = page(TODAY)
    assert "SwaggerUIBundle({" in html
    assert "persistAuthorization: true" in html
    assert 'src="' not in html.partition("<script>")[0]
    assert 'href="http' not in html.partition("<script>")[0]
    assert "window.location.href" in html


def test_the_page_does_not_import_flask() -> None:
    code = (
        "import sys; from datetime import date; from contact_search.api.docs import page;"
        " page(date.today()); sys.exit('flask' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "lambdas"})  # noqa: S603


def shown_operations() -> list[dict[str, Any]]:
    """Return the operations of the specification in the page."""
    specification, _ = json.JSONDecoder().raw_decode(page(TODAY).partition("const specification = ")[2])
    return [operation for item in specification["paths"].values() for operation in item.values()]


def test_the_page_fills_in_no_optional_parameter() -> None:
    for operation in shown_operations():
        for parameter in operation.get("parameters", []):
            if not parameter["required"]:
                assert "example" not in parameter
                assert "default" not in parameter["schema"]
                assert "Example: `" in parameter["description"]
    assert "Example: `VOICE`" in json.dumps(shown_operations())
    assert "Default: `50`" in json.dumps(shown_operations())


def test_the_page_groups_the_parameters() -> None:
    [operation] = [one for one in shown_operations() if one["operationId"] == "listContacts"]
    names = [parameter["name"] for parameter in operation["parameters"]]
    headings = {one["x-heading"]: one["name"] for one in operation["parameters"] if "x-heading" in one}
    assert list(headings) == [*PARAMETER_GROUPS, "Headers"]
    assert headings["Transcript"] == "transcript"
    assert names.index("agent_hierarchy_l5_id") < names.index("transcript.agent") < names.index("tag")
    original = document(TODAY)["paths"]["/v1/contacts"]["get"]["parameters"]
    assert sorted(names) == sorted(parameter["name"] for parameter in original)
