"""Parse the query parameters of all routes but GET /v1/contacts, which has a parser of its own (query.py)."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from contact_search.search.faults import Fault, InvalidSearchError, from_pydantic, suggest

Parameters = TypeVar("Parameters", bound=BaseModel)


class NoParameters(BaseModel):
    """The query parameters of a route that has none."""


def parse_parameters(model: type[Parameters], query: Mapping[str, Sequence[str]]) -> Parameters:
    """Validate parameters, each with its decoded values.

    Args:
        model: The parameters. Those with `list` as default_factory can be repeated, and take comma lists.
        query: The values by name.

    Raises:
        InvalidSearchError: Some parameters are invalid. It has every fault.
    """
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name, texts in sorted(query.items()):
        field = model.model_fields.get(name)
        is_list = field is not None and field.default_factory is list
        elements = [element.strip() for text in texts for element in text.split(",")] if is_list else texts
        if field is None:
            faults.append(Fault(name, "unknown", f"is not a parameter{suggest(name, model.model_fields)}"))
        elif not is_list and len(texts) > 1:
            faults.append(Fault(name, "repeated", "must not be repeated"))
        elif not all(element.strip() for element in elements):
            faults.append(Fault(name, "empty", "must not be empty or have an empty element"))
        else:
            values[name] = elements if is_list else texts[0]
    try:
        valid = model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        # Several elements of a list may have the same fault.
        faults += dict.fromkeys(from_pydantic(detail, str(detail["loc"][0])) for detail in details)
    if faults:
        raise InvalidSearchError(faults, "parameter")
    return valid
