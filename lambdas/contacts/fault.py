"""What is wrong with a request, in words that its sender can act on."""

from dataclasses import dataclass

from pydantic_core import ErrorDetails

_CODES = {
    "extra_forbidden": "unknown",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "unknown_value",
    "missing": "required",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "string_unicode": "invalid_characters",
    "too_long": "too_many",
    "too_short": "too_few",
}


@dataclass(frozen=True)
class Fault:
    """One reason why a request is invalid.

    `where` is the name of the query parameter. `detail` never quotes the value: it may be personal data.
    """

    where: str
    code: str
    detail: str


class InvalidSearchError(Exception):
    """The request breaks the contract; `faults` names every way in which it does."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def fault_of(error: ErrorDetails, where: str) -> Fault:
    """The fault that pydantic found there."""
    return Fault(where, _CODES.get(error["type"], error["type"]), error["msg"])
