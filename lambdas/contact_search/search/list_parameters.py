"""Parse the query parameters of lists."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from contact_search.search.faults import Fault, InvalidSearchError, from_pydantic, suggest

P = TypeVar("P", bound=BaseModel)


def parse_list_parameters(parameters: Mapping[str, Sequence[str]], model: type[P]) -> P:
    """Validate the parameters, each with its decoded values, none of which may be repeated.

    Raises:
        InvalidSearchError: Some parameters are invalid. It has every fault.
    """
    known, faults, values = model.model_fields, [], {}
    for name, texts in sorted(parameters.items()):
        if name not in known:
            faults.append(Fault(name, "unknown", f"is not a parameter{suggest(name, known)}"))
        elif len(texts) > 1:
            faults.append(Fault(name, "repeated", "must not be repeated"))
        elif not texts[0].strip():
            faults.append(Fault(name, "empty", "must not be empty"))
        else:
            values[name] = texts[0]
    try:
        valid = model.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        faults += [from_pydantic(detail, str(detail["loc"][0])) for detail in details]
    if faults:
        raise InvalidSearchError(faults, "parameter")
    return valid
