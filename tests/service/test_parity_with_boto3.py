"""Test that GET finds the same contacts as boto3's paginator, in the same order."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.contact_data import sample_talk
from tests.conftest import Api, SampleContact
from tests.profiles import examples
from tests.searches import TEXTS, searches


@given(data=st.data())
@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_get_finds_what_boto3_finds(api: Api, connect: Any, contacts: list[SampleContact], data: st.DataObject) -> None:
    get, request = data.draw(searches(contacts))
    pages = list(connect.get_paginator("search_contacts").paginate(**request, PaginationConfig={"PageSize": 50}))
    expected = [contact["Id"] for page in pages for contact in page["Contacts"]]
    assert [contact["id"] for contact in api.walk(**get)] == expected
    assert api.get(**get).json["total"]["value"] == pages[0]["TotalCount"] == len(expected)


def test_the_texts_are_said_in_the_sample() -> None:
    talk = str(vars(sample_talk)).lower()
    assert [text for text in TEXTS if text.lower() not in talk] == ["zebra"]
