"""Check the constraints of the service model, which boto3 leaves to Amazon Connect."""

import re
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

from sandbox.amazon_connect.errors import ConnectError, invalid_parameter, invalid_request

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


def check(request: Any, operation: str = "SearchContacts") -> None:
    """Raise the modelled exception for the first member of a request that breaks a constraint."""
    model = operation_model(operation)
    _Checker(model).check(model.input_shape, request, "")


@cache
def operation_model(name: str) -> OperationModel:
    """Load an operation from botocore's service model."""
    return botocore.session.get_session().get_service_model("connect").operation_model(name)


class _Checker:
    """Check values against shapes. A broken constraint raises InvalidParameterException where the operation has it."""

    def __init__(self, operation: OperationModel) -> None:
        modelled = {shape.name for shape in operation.error_shapes}
        self._error = invalid_parameter if "InvalidParameterException" in modelled else invalid_request

    def check(self, shape: Shape, value: Any, path: str) -> None:
        if type(value) not in _TYPES[shape.type_name]:
            raise invalid_request(f"Value at '{path}' is not a {shape.type_name}")
        if shape.type_name == "structure":
            self._check_members(shape, value, path)
        elif shape.type_name == "list":
            self._check_range(shape, len(value), path, "length")
            for index, element in enumerate(value, start=1):
                self.check(shape.member, element, f"{path}.{index}.member")
        elif shape.type_name == "string":
            self._check_range(shape, len(value), path, "length")
            self._check_text(shape, value, path)
        else:
            self._check_range(shape, value, path, "value")

    def _check_members(self, shape: Shape, value: dict[str, Any], path: str) -> None:
        for name in shape.required_members:
            if value.get(name) is None:
                raise self._violation(f"{path}.{name}".lstrip("."), "Member must not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                self.check(member, value[name], f"{path}.{name}".lstrip("."))

    def _check_range(self, shape: Shape, size: float, path: str, what: str) -> None:
        minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
        if minimum is not None and size < minimum:
            raise self._violation(path, f"Member must have {what} greater than or equal to {minimum}")
        if maximum is not None and size > maximum:
            raise self._violation(path, f"Member must have {what} less than or equal to {maximum}")

    def _check_text(self, shape: Shape, value: str, path: str) -> None:
        names, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
        if names and value not in names:
            raise self._violation(path, f"Member must satisfy enum value set: [{', '.join(names)}]")
        if pattern and not re.fullmatch(pattern, value):
            raise self._violation(path, f"Member must satisfy regular expression pattern: {pattern}")

    def _violation(self, path: str, constraint: str) -> ConnectError:
        return self._error(f"1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}")
