"""The samples of the documentation that are no answers to commands: each is tried, here or by another test."""

import json
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from maintenance.documentation.site import ROOT
from sandbox.clients import FULL_KEY
from tests.api_server import serving_api
from tests.conftest import Gateway
from tests.documentation.commands import code, commands, documents

OPENAPI = json.loads((ROOT / "openapi.json").read_text())
# The schema of a JSON sample by its beginning. Every other sample is what a command answers.
SCHEMA_BY_BEGINNING = {
    '{\n  "id": "01a22385-2f4b-7a90-bc6a-ac4cf0a4a54b"': "Export",
}
# Documents whose JSON samples other tests use.
USED_ELSEWHERE = {"docs/deploy.md": "tests/infra/test_settings.py deploys these settings"}


def json_samples() -> list[tuple[str, str]]:
    """Return the document and the text of each JSON sample that is not the answer to a command."""
    answers = {command.sample for document in documents() for command in commands(document)}
    return [
        (document.relative_to(ROOT).as_posix(), sample)
        for document in documents()
        for sample in code(document, "json")
        if sample not in answers
    ]


def test_each_json_sample_is_compared_with_something() -> None:
    found = [(document, sample) for document, sample in json_samples() if document not in USED_ELSEWHERE]
    described = {
        sample: beginning for _, sample in found for beginning in SCHEMA_BY_BEGINNING if sample.startswith(beginning)
    }
    assert [sample for _, sample in found if sample not in described] == []
    assert set(described.values()) == set(SCHEMA_BY_BEGINNING)


@pytest.mark.parametrize("beginning", SCHEMA_BY_BEGINNING)
def test_a_sample_has_the_shape_that_the_openapi_document_describes(beginning: str) -> None:
    [sample] = [json.loads(sample) for _, sample in json_samples() if sample.startswith(beginning)]
    schema = SCHEMA_BY_BEGINNING[beginning]
    OAS31Validator({"components": OPENAPI["components"], "$ref": f"#/components/schemas/{schema}"}).validate(sample)
    assert sample.keys() <= OPENAPI["components"]["schemas"][schema]["properties"].keys()


class Enough(Exception):  # noqa: N818 - no error
    """Ends the loop of the guide."""


def test_the_loop_of_the_guide_follows_contacts(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    [loop] = [block for block in code(ROOT / "docs" / "guide.md", "python") if "poll_after" in block]
    stored: list[tuple[Any, str]] = []

    def store(contacts: list[dict[str, Any]], cursor: str) -> None:
        stored.append((contacts, cursor))
        if len(stored) == 2:
            raise Enough

    monkeypatch.setattr("time.sleep", lambda _: None)
    with serving_api(gateway) as url, pytest.raises(Enough):
        exec(compile(loop, "guide.md", "exec"), {"URL": url, "KEY": FULL_KEY, "store": store})  # noqa: S102 - our own
    ids = [contact["id"] for contacts, _ in stored for contact in contacts]
    assert len(ids) == len(set(ids)) > 50
    assert stored[0][1] != stored[1][1]
