"""Define the exceptions that Amazon Connect answers with, as its service model declares them."""

import json

from moto.core.exceptions import JsonRESTError


class ConnectError(JsonRESTError):
    """Answer a call with a modelled exception: its name in a header, its message in the body."""

    def __init__(self, name: str, message: str, status: int = 400) -> None:
        super().__init__(name, message)
        self.code = status
        self.description = json.dumps({"Message": message})


def invalid_request(message: str) -> ConnectError:
    return ConnectError("InvalidRequestException", message)


def invalid_parameter(message: str) -> ConnectError:
    return ConnectError("InvalidParameterException", message)


def resource_not_found(message: str) -> ConnectError:
    return ConnectError("ResourceNotFoundException", message, 404)


def throttling() -> ConnectError:
    return ConnectError("ThrottlingException", "Rate exceeded", 429)
