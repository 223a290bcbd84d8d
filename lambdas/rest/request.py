"""A request, as API Gateway's Lambda proxy integration hands it over.

Source: API Gateway developer guide, "Input format of a Lambda function for proxy integration".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, repr=False)
class Request:
    """Over the event; header names are in lower case."""

    event: Mapping[str, Any]

    @property
    def method(self) -> str:
        return str(self.event["httpMethod"])

    @property
    def resource(self) -> str:
        """The path as the API has it."""
        return str(self.event["resource"])

    @property
    def query(self) -> dict[str, list[str]]:
        """The decoded values of each parameter."""
        return self.event.get("multiValueQueryStringParameters") or {}

    @property
    def body(self) -> str | None:
        return self.event.get("body")

    @property
    def is_base64(self) -> bool:
        return bool(self.event.get("isBase64Encoded"))

    @property
    def id(self) -> str:
        return self.event["requestContext"].get("requestId") or ""

    @property
    def authorizer(self) -> Mapping[str, str]:
        """What the authorizer says of the caller; empty where a request has come around it."""
        return self.event["requestContext"].get("authorizer") or {}

    def header(self, name: str) -> str:
        """A header, its repeats joined; empty where there is none."""
        headers: Mapping[str, list[str]] = self.event.get("multiValueHeaders") or {}
        return ", ".join(value for given, values in headers.items() if given.lower() == name for value in values)
