"""Test the examples of the OpenAPI document with the sample contacts of scripts/serve."""

from urllib.parse import urlencode

import pytest

from tests.parameter_examples import FIND_NOTHING, NAMES, example_query
from tests.serving import Service


@pytest.mark.parametrize("name", sorted({*NAMES} - FIND_NOTHING))
def test_each_example_finds_contacts(sample_service: Service, name: str) -> None:
    query = {"limit": ["1"]} | example_query(name, last="P90D")
    status, page = sample_service.get(f"/v1/contacts?{urlencode(query, doseq=True)}")
    assert (status, bool(page.get("contacts"))) == (200, True), page
