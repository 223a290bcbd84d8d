"""What is wrong with a request, in words that its sender can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from pydantic_core import ErrorDetails

_CODES = {
    "extra_forbidden": "unknown",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "unknown_value",
    "missing": "required",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "string_pattern_mismatch": "invalid_format",
    "string_unicode": "invalid_characters",
    "too_long": "too_many",
    "too_short": "too_few",
}


@dataclass(frozen=True)
class Fault:
    """One reason why a request is invalid.

    `where` is the name of the query parameter, or the JSON pointer into the body. `detail` never quotes the value: it
    may be personal data.
    """

    where: str
    code: str
    detail: str


class InvalidSearchError(Exception):
    """The request breaks the contract, in all the ways that `faults` names; `where` is what they tell places by."""

    def __init__(self, faults: list[Fault], where: Literal["parameter", "pointer"]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults
        self.where = where


def fault_of(error: ErrorDetails, where: str) -> Fault:
    """The fault that pydantic found there."""
    code = "invalid_type" if error["type"].endswith("_type") else _CODES.get(error["type"], error["type"])
    return Fault(where, code, error["msg"])


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence on an unknown name: the known one that it may have been meant to be, if there is one."""
    close = get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""
