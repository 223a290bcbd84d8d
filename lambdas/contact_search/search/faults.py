"""Say what is wrong with a request, in words that its sender can act on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import ErrorDetails, PydanticCustomError

_OWN_TYPE = "fault"

# Our code and sentence for each type of pydantic error that the models can raise. Clients depend on the codes, so they
# are not pydantic's, and an upgrade of pydantic changes neither. Sentences continue the name of a parameter.
FAULT_BY_PYDANTIC_TYPE: Mapping[str, tuple[str, str]] = {
    _OWN_TYPE: ("{code}", "{detail}"),
    "bool_type": ("invalid_type", "must be true or false"),
    "dict_type": ("invalid_type", "must be an object"),
    "extra_forbidden": ("unknown", "is not known"),
    "greater_than_equal": ("out_of_range", "must be {ge} or more"),
    "int_type": ("invalid_type", "must be an integer"),
    "less_than": ("out_of_range", "must be less than {lt}"),
    "less_than_equal": ("out_of_range", "must be {le} or less"),
    "list_type": ("invalid_type", "must be an array"),
    "literal_error": ("unknown_value", "must be {expected}"),
    "missing": ("required", "is required"),
    "model_type": ("invalid_type", "must be an object"),
    "string_pattern_mismatch": ("invalid_format", "must match the regular expression {pattern}"),
    "string_too_long": ("too_long", "must be {max_length} or fewer characters long"),
    "string_too_short": ("too_short", "must be {min_length} or more characters long"),
    "string_type": ("invalid_type", "must be a string"),
    "string_unicode": ("invalid_characters", "is not valid Unicode"),
    "too_long": ("too_many", "must have {max_length} or fewer entries"),
    "too_short": ("too_few", "must have {min_length} or more entries"),
}
_UNFORESEEN = ("invalid_value", "is not valid")
# What other APIs call our parameters (the keys) and members of a body, without letter case and underscores.
_OTHER_NAMES_BY_NAME = {
    "from": "start starttime startdate since begin datefrom",
    "to": "end endtime enddate until before dateto",
    "start_time": "from start startdate since begin",
    "end_time": "to end enddate until before",
    "last": "duration period window",
    "time_field": "timetype timerangetype datefield",
    "sort": "order orderby sortby sortorder ordering direction",
    "limit": "pagesize perpage maxresults maxpagesize count size top",
    "cursor": "page offset nexttoken pagetoken startingtoken startingafter",
    "transcript": "q query text searchtext keyword keywords",
    "attribute.KEY": "contactattribute contactattributes",
    "tag.KEY": "tag tags",
    "queue": "queuename queuenames",
    "agent": "agentname username user",
    "initiation_method": "method methods",
    "active_region": "region regions",
    "expand": "include embed",
    "fields": "select field",
}


@dataclass(frozen=True)
class Fault:
    """One reason why a request is invalid.

    Attributes:
        where: The name of the query parameter, or the JSON pointer into the body.
        code: A stable word for the kind of fault.
        detail: A sentence without its subject. It never quotes the value, which may be personal data.
        is_in_header: Whether `where` is the name of a header, although other faults of the request are in its body.
    """

    where: str
    code: str
    detail: str
    is_in_header: bool = False


class InvalidSearchError(Exception):
    """The request breaks the contract in every way that `faults` lists. `source_type` says what their `where` is."""

    def __init__(self, faults: list[Fault], source_type: Literal["parameter", "pointer"]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults
        self.source_type = source_type


def invalid_value(code: str, detail: str) -> PydanticCustomError:
    """Return the exception that a validator of ours raises to report a fault."""
    return PydanticCustomError(_OWN_TYPE, "{detail}", {"code": code, "detail": detail})


def from_pydantic(error: ErrorDetails, where: str) -> Fault:
    """Translate pydantic's error (with its context) into a fault in our words."""
    code, detail = FAULT_BY_PYDANTIC_TYPE.get(error["type"], _UNFORESEEN)
    context: dict[str, Any] = error.get("ctx", {})
    if "expected" in context:
        context = context | {"expected": _one_of(context["expected"])}
    return Fault(where, code.format_map(context), detail.format_map(context))


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that suggests the most similar known name, or "" if none is similar."""
    from difflib import get_close_matches  # noqa: PLC0415 - a request without faults need not wait for it

    known = list(known)
    plain = re.sub("[^a-z]", "", name.lower())
    usual = [ours for ours, others in _OTHER_NAMES_BY_NAME.items() if plain in others.split() and ours in known]
    # With 0.7, `chanel` suggests `channel`, and `format` does not suggest `sort`.
    similar = usual or get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    return f"; did you mean `{similar[0]}`?" if similar else ""


def _one_of(expected: str) -> str:
    """Rewrite pydantic's "'A', 'B' or 'C'" as "one of A, B, C"."""
    values = re.findall("'([^']*)'", expected)
    return f"one of {', '.join(values)}" if len(values) > 1 else "".join(values)
