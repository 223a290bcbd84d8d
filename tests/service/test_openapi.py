"""Test the OpenAPI document and the documentation page."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from contact_search.search.query import QueryParameters
from sandbox.clients import PARTNER_KEY
from tests.clock import TODAY
from tests.conftest import Api, SampleContact

_DATE = re.compile(r"\b20\d\d-\d\d-\d\d")
COMMITTED = Path(__file__).parents[2] / "openapi.json"


def test_the_committed_document_is_the_one_that_is_served(api: Api) -> None:
    served = api.send("GET", "/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert _undated(served.text) == _undated(COMMITTED.read_text()), "write it anew: scripts/openapi"


def test_the_document_is_valid(api: Api) -> None:
    document = api.send("GET", "/openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_parameter_is_described_with_an_example(api: Api) -> None:
    operation = _operation(api, "/v1/contacts", "get")
    parameters = {one["name"]: one for one in operation["parameters"] if one["in"] == "query"}
    known = {(field.alias or name).removesuffix(".") for name, field in QueryParameters.model_fields.items()}
    assert parameters.keys() == known
    for parameter in parameters.values():
        assert parameter["description"]
        assert "example" in parameter
        assert parameter["schema"].keys() & {"type", "const", "anyOf"}
    assert parameters["limit"]["schema"] == {
        "default": 50,
        "format": "int64",
        "maximum": 100,
        "minimum": 0,
        "type": "integer",
    }
    assert [option["format"] for option in parameters["from"]["schema"]["anyOf"]] == ["date-time", "date"]
    assert parameters["channel"]["schema"]["items"]["enum"] == ["VOICE", "CHAT", "TASK", "EMAIL"]


def test_the_examples_are_accepted(api: Api) -> None:
    for parameter in _operation(api, "/v1/contacts", "get")["parameters"]:
        if parameter["in"] == "header":
            assert api.get({parameter["name"]: parameter["example"]}, last="P1D").status == 200
            continue
        name, example = parameter["name"], parameter["example"]
        needed: dict[str, Any] = {} if name in ("from", "last") else {"last": "P1D"}
        if name.endswith("_match"):
            needed |= {"transcript": "a", "attribute.k": "a", "segment.k": "a", "name": "a", "routing_agent_id": "a"}
            needed |= {"enqueue_timestamp.exists": "false"}
        if name == "agent":
            continue  # a username of the sample of scripts/serve, not of this test's
        if name == "to":
            needed = {"from": example}
        if name == "settle":
            needed |= {"follow": "true"}
        if name == "ai_agent_version":
            needed |= {"ai_agent_id": "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"}
        if parameter.get("style") == "deepObject":
            sent = {f"{name}[{key}]": value for key, value in example.items()}
        else:
            sent = {name: str(example).lower() if isinstance(example, bool) else example}
        status = api.get(**needed, **sent).status
        assert status == (400 if name == "cursor" else 200), name
    body = _operation(api, "/v1/contacts/search", "post")["requestBody"]["content"]["application/json"]["example"]
    assert api.post(body).status == 200


def test_the_examples_of_responses_have_the_members_of_their_schemas(api: Api) -> None:
    document = api.send("GET", "/openapi.json").json
    for path in ("/v1/contacts/{id}", "/v1/me"):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = {"components": document["components"], **content["schema"]}
        OAS31Validator(schema).validate(content["example"])
        _, _, name = content["schema"]["$ref"].rpartition("/")
        assert content["example"].keys() <= document["components"]["schemas"][name]["properties"].keys()


def test_the_answers_fit_their_schemas(api: Api, contacts: list[SampleContact]) -> None:
    document = api.send("GET", "/openapi.json").json
    schemas = document["components"]["schemas"]
    for one in contacts[:30]:
        answer = api.send("GET", f"/v1/contacts/{one.summary['Id']}", "expand=queue,agent,attributes").json
        OAS31Validator({"components": document["components"], **schemas["ContactDetails"]}).validate(answer)
    for client in (api, api.as_client(PARTNER_KEY)):
        me = client.send("GET", "/v1/me").json
        OAS31Validator({"components": document["components"], **schemas["Me"]}).validate(me)


def test_every_operation_has_a_name_and_every_response_a_schema_and_headers(api: Api) -> None:
    document = api.send("GET", "/openapi.json").json
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert names == [
        *("listContacts", "searchContacts", "getContact", "getMe", "listQueues", "listAgents"),
        *("listExports", "createExport", "getExport", "deleteExport"),
        *("getHealth", "getOpenApi", "getDocs", "getProblemType", "getExplorer"),
    ]
    for operation in operations:
        for response in operation["responses"].values():
            if "$ref" in response:
                response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]  # noqa: PLW2901
            assert response["description"]
            assert "X-Request-Id" in response.get("headers", ()) or "10,240" in response["description"]
            assert all(content["schema"] for content in response.get("content", {}).values())


def test_the_documentation_needs_no_other_server(api: Api) -> None:
    answer = api.send("GET", "/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "SwaggerUIBundle(" in answer.text
    assert 'src="http' not in answer.text
    assert 'href="http' not in answer.text.split("<script>")[0]
    assert api.send("GET", "/docs", headers={"accept": "application/json"}).status == 406


def test_no_example_expires(api: Api) -> None:
    dates = set(_DATE.findall(api.send("GET", "/openapi.json").text))
    assert dates
    assert all(TODAY - timedelta(days=30) <= date.fromisoformat(text) <= TODAY for text in dates)


def _undated(document: str) -> Any:
    """Return the document without the dates of its examples, which depend on the day of generation."""
    return json.loads(_DATE.sub("a date", document))


def _operation(api: Api, path: str, method: str) -> Any:
    return api.send("GET", "/openapi.json").json["paths"][path][method]
