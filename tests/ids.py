"""Name parametrized cases after what they are."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from contact_search.search.grants import Grant

_LONGEST = 60


def id_of(value: Any) -> str | None:
    """Return a short text for a parameter's value, or None if pytest's own name is good."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | int | float | type):
        return None
    if not isinstance(value, str | bytes | Mapping | list | tuple | set | Exception | Grant):
        return None
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(value: Any) -> str:
    if isinstance(value, Grant):
        unlimited = vars(Grant())
        value = {name: member for name, member in vars(value).items() if member != unlimited[name]}
    if isinstance(value, Mapping):
        return ",".join(f"{name}={_text(member)}" for name, member in value.items()) or "none"
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)  # the same in every process
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value)) or "none"
    if isinstance(value, bytes):
        return ascii(value[:_LONGEST])[2:-1] or "none"
    if isinstance(value, Exception):
        return type(value).__name__
    return ascii(str(value)[: _LONGEST + 1].strip())[1:-1] or "none"
