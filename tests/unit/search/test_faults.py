"""Test that faults have our own codes and sentences instead of pydantic's."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticKnownError

from contact_search.search.faults import FAULT_BY_PYDANTIC_TYPE, Fault, from_pydantic, invalid_value, suggest
from contact_search.search.query import QueryParameters
from contact_search.search.search_request import SearchRequest

CODES = {
    "invalid_characters",
    "invalid_format",
    "invalid_type",
    "out_of_range",
    "required",
    "too_few",
    "too_long",
    "too_many",
    "too_short",
    "unknown",
    "unknown_value",
}

# The pydantic errors that each type of core schema raises, by itself and for each of its constraints.
ERRORS_BY_SCHEMA: Mapping[str, Mapping[str, set[str]]] = {
    "bool": {"type": {"bool_type"}},
    "dict": {"type": {"dict_type"}, "max_length": {"too_long"}, "min_length": {"too_short"}},
    "int": {
        "type": {"int_type"},
        "ge": {"greater_than_equal"},
        "le": {"less_than_equal"},
        "lt": {"less_than"},
    },
    "list": {"type": {"list_type"}, "max_length": {"too_long"}, "min_length": {"too_short"}},
    "literal": {"type": {"literal_error"}},
    "model": {"type": {"model_type"}},
    "model-fields": {"type": {"missing", "extra_forbidden"}},
    "str": {
        "type": {"string_type", "string_unicode"},
        "max_length": {"string_too_long"},
        "min_length": {"string_too_short"},
        "pattern": {"string_pattern_mismatch"},
    },
    # These raise the errors of their inner schema, or our faults.
    "default": {},
    "function-after": {"type": {"fault"}},
    "function-before": {"type": {"fault"}},
    "function-plain": {"type": {"fault"}},
    "model-field": {},
    "nullable": {},
}
# Parts of a schema that do not validate.
NOT_VALIDATING = {"metadata", "serialization", "expected", "default", "function", "json_schema_input_schema"}
CONSTRAINTS = {"ge", "gt", "le", "lt", "max_length", "min_length", "multiple_of", "pattern"}


def validating_schemas(value: Any, definitions: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each validating schema inside a core schema of pydantic."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from validating_schemas(part, definitions)
    elif isinstance(value, dict) and value.get("type") == "definition-ref":
        yield from validating_schemas(definitions[value["schema_ref"]], definitions)
    elif isinstance(value, dict):
        if isinstance(value.get("type"), str):
            yield value
        for name, part in value.items():
            if name not in NOT_VALIDATING:
                yield from validating_schemas(part, definitions)


@pytest.mark.parametrize("model", [QueryParameters, SearchRequest], ids=lambda model: model.__name__)
def test_every_pydantic_error_that_a_model_can_raise_has_a_fault(model: type[BaseModel]) -> None:
    # Given all schemas of the model
    core_schema: Any = model.__pydantic_core_schema__
    definitions = {definition["ref"]: definition for definition in core_schema.get("definitions", [])}
    schemas = list(validating_schemas(core_schema.get("schema", core_schema), definitions))
    assert len(schemas) > 100
    # Then there is a fault for each error that one of them raises
    for schema in schemas:
        assert schema["type"] in ERRORS_BY_SCHEMA, f"which errors does the schema {schema['type']} raise?"
        errors = ERRORS_BY_SCHEMA[schema["type"]]
        for name in (schema.keys() & CONSTRAINTS) | {"type"}:
            assert name in errors or name == "type", f"which error does {name} of {schema['type']} raise?"
            assert errors.get(name, set()) <= FAULT_BY_PYDANTIC_TYPE.keys()


@pytest.mark.parametrize("error_type", sorted(FAULT_BY_PYDANTIC_TYPE.keys() - {"fault"}))
def test_every_fault_belongs_to_an_error_of_the_installed_pydantic(error_type: Any) -> None:
    # Given an error of pydantic with everything that its context can have
    context = {"ge": 1, "le": 1, "lt": 1, "max_length": 1, "min_length": 1, "pattern": "p", "expected": "'a'"}
    context |= {"field_type": "List", "actual_length": 2, "class_name": "C"}
    error = PydanticKnownError(error_type, context)
    # When it is translated
    details = ErrorDetails(type=error.type, loc=(), msg=error.message(), input=None, ctx=context)
    fault = from_pydantic(details, "x")
    # Then it has one of our codes and sentences
    assert fault.code in CODES
    assert fault.detail
    assert "{" not in fault.detail
    assert fault.detail != error.message()


def test_an_unforeseen_error_has_a_neutral_fault() -> None:
    details = ErrorDetails(type="date_from_datetime_inexact", loc=("a",), msg="Pydantic's own sentence", input="secret")
    assert from_pydantic(details, "a") == Fault("a", "invalid_value", "is not valid")


def test_a_fault_of_our_validators_keeps_its_code_and_sentence() -> None:
    # Given a sentence that looks like a template
    def refuse(_: Any) -> Any:
        raise invalid_value("too_odd", "must not have {braces} like these")

    details = error_of(lambda: refuse(1))
    # When pydantic raises it
    fault = from_pydantic(details, "a")
    # Then the sentence is unchanged
    assert fault == Fault("a", "too_odd", "must not have {braces} like these")


@pytest.mark.parametrize(
    ("expected", "detail"),
    [
        ("'a', 'b' or 'c'", "must be one of a, b, c"),
        ("'a' or 'b'", "must be one of a, b"),
        ("'false'", "must be false"),
    ],
    ids=["three", "two", "one"],
)
def test_values_are_listed_in_our_words(expected: str, detail: str) -> None:
    details = ErrorDetails(type="literal_error", loc=(), msg="", input="x", ctx={"expected": expected})
    assert from_pydantic(details, "a") == Fault("a", "unknown_value", detail)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("chanel", "; did you mean `channel`?"),
        ("LIMIT", "; did you mean `limit`?"),
        ("queue", "; did you mean `queue_id`?"),
        ("attribut.x", "; did you mean `attribute.KEY`?"),
        ("queueId", "; did you mean `queue_id`?"),
        ("page_size", "; did you mean `limit`?"),
        ("perPage", "; did you mean `limit`?"),
        ("order_by", "; did you mean `sort`?"),
        ("format", ""),
        ("next_token", ""),
        ("q", ""),
        ("", ""),
    ],
)
def test_only_a_similar_name_is_suggested(name: str, suggestion: str) -> None:
    assert suggest(name, ["channel", "limit", "queue_id", "sort", "attribute.KEY"]) == suggestion


def error_of(function: Callable[[], Any]) -> ErrorDetails:
    """Return the details of the error that a validator raises."""
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[int, BeforeValidator(lambda _: function())])
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(1)
    return caught.value.errors()[0]
