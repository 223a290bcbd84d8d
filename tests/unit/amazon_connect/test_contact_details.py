"""Test that all details of a contact are read, and that its attributes are left out."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from pydantic import BaseModel
from pydantic.alias_generators import to_pascal

from contact_search.amazon_connect.contact import NOT_OF_CONNECT
from contact_search.amazon_connect.contact_details import ContactDetails, parse_attributes, parse_contact
from contact_search.amazon_connect.errors import UpstreamError
from tests.service_model import snake_case


def service_members(shape: Shape, path: str = "", seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the paths of all members of a shape, and each recursive shape once."""
    if isinstance(shape, ListShape | MapShape):
        yield from service_members(shape.member if isinstance(shape, ListShape) else shape.value, path, seen)
    elif isinstance(shape, StructureShape) and shape.name not in seen:
        for name, member in shape.members.items():
            yield f"{path}.{name}"
            yield from service_members(member, f"{path}.{name}", (*seen, shape.name))


def model_members(annotation: Any, path: str = "", seen: tuple[Any, ...] = ()) -> Iterator[str]:
    """Yield the paths of all fields of a model, as Connect spells them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items() if annotation not in seen else ():
            if field.validation_alias == NOT_OF_CONNECT:
                continue
            member = f"{path}.{to_pascal(name)}"
            yield member
            yield from model_members(field.annotation, member, (*seen, annotation))
    else:
        for argument in get_args(annotation):
            yield from model_members(argument, path, seen)


def test_the_model_has_exactly_the_members_of_the_service_model() -> None:
    shape = botocore.session.get_session().get_service_model("connect").shape_for("Contact")
    assert set(model_members(ContactDetails)) == set(service_members(shape))


def test_members_are_spelled_as_in_all_of_the_api() -> None:
    """`Level1` is `level1`, as `L1Ids` is `l1_ids`."""
    paths = model_members(ContactDetails)
    assert all(to_pascal(snake_case(name)) == name for path in paths for name in path.split(".")[1:])


def test_attributes_that_connect_includes_are_dropped() -> None:
    contact = parse_contact(json.dumps({"Contact": {"Id": "1", "Attributes": {"account": "secret"}}}).encode())
    assert json.loads(contact.model_dump_json(exclude_none=True)) == {"id": "1"}


def test_keys_of_attributes_keep_their_spelling() -> None:
    assert parse_attributes(b'{"Attributes": {"Account Id": "7"}}') == {"Account Id": "7"}


@pytest.mark.parametrize("parse", [parse_contact, parse_attributes])
@pytest.mark.parametrize("body", [b"", b"[]", b'{"Contact": {"Id": {}}, "Attributes": 7}'])
def test_an_unreadable_body_is_an_upstream_error_that_quotes_nothing(parse: Any, body: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        parse(body)
    assert str(caught.value) == "ValidationError"
    assert caught.value.__suppress_context__
