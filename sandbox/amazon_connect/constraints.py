"""The constraints of the service model, which Amazon Connect checks and boto3 leaves to it."""

import re
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

from sandbox.amazon_connect.errors import invalid_parameter, invalid_request

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
}


def check(request: Any) -> None:
    """Raises the modelled exception for the first member of a SearchContacts request that breaks a constraint."""
    _check(_search_contacts().input_shape, request, "")


@cache
def _search_contacts() -> OperationModel:
    return botocore.session.get_session().get_service_model("connect").operation_model("SearchContacts")


def _check(shape: Shape, value: Any, path: str) -> None:
    is_of_type = type(value) in _TYPES[shape.type_name]
    if not is_of_type:
        raise invalid_request(f"Value at '{path}' is not a {shape.type_name}")
    if shape.type_name == "structure":
        _check_members(shape, value, path)
    elif shape.type_name == "list":
        _check_range(shape, len(value), path, "length")
        for index, element in enumerate(value, start=1):
            _check(shape.member, element, f"{path}.{index}.member")
    elif shape.type_name == "string":
        _check_range(shape, len(value), path, "length")
        _check_text(shape, value, path)
    else:
        _check_range(shape, value, path, "value")


def _check_members(shape: Shape, value: dict[str, Any], path: str) -> None:
    for name in shape.required_members:
        if value.get(name) is None:
            raise _unsatisfied(f"{path}.{name}".lstrip("."), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _check(member, value[name], f"{path}.{name}".lstrip("."))


def _check_range(shape: Shape, size: float, path: str, what: str) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        raise _unsatisfied(path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        raise _unsatisfied(path, f"Member must have {what} less than or equal to {most}")


def _check_text(shape: Shape, value: str, path: str) -> None:
    names, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    if names and value not in names:
        raise _unsatisfied(path, f"Member must satisfy enum value set: [{', '.join(names)}]")
    if pattern and not re.fullmatch(pattern, value):
        raise _unsatisfied(path, f"Member must satisfy regular expression pattern: {pattern}")


def _unsatisfied(path: str, constraint: str) -> Exception:
    return invalid_parameter(
        f"1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}"
    )
