"""Read requests and write responses of the stand-in's operations in the wire protocol (REST-JSON)."""

import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from botocore.model import Shape
from moto.connect.responses import ConnectResponse

from sandbox.amazon_connect.constraints import operation_model
from sandbox.amazon_connect.errors import invalid_request

if TYPE_CHECKING:
    from sandbox.amazon_connect.models import SearchableConnectBackend


class SearchableConnectResponse(ConnectResponse):
    """Dispatch calls: moto calls the method that has the operation's name in snake_case."""

    def search_contacts(self) -> str:
        try:
            request = json.loads(self.body)
        except (ValueError, RecursionError):
            raise invalid_request("The request is not JSON") from None
        return self._backend.search_contacts(request)

    def list_queues(self) -> str:
        return self._backend.list_queues(self._read_get_request("ListQueues"))

    def list_users(self) -> str:
        return self._backend.list_users(self._read_get_request("ListUsers"))

    def describe_contact(self) -> str:
        return self._backend.describe_contact(self._read_get_request("DescribeContact"))

    def get_contact_attributes(self) -> str:
        return self._backend.get_contact_attributes(self._read_get_request("GetContactAttributes"))

    @property
    def _backend(self) -> "SearchableConnectBackend":
        return cast("SearchableConnectBackend", self.connect_backend)

    def _read_get_request(self, operation: str) -> dict[str, Any]:
        """Collect the members of a request from its path and query string, where the service model places them."""
        query = parse_qs(self.parsed_url.query, keep_blank_values=True)
        request: dict[str, Any] = {}
        for name, shape in operation_model(operation).input_shape.members.items():
            location, key = shape.serialization["location"], shape.serialization["name"]
            if location == "uri":
                request[name] = self.uri_match[key]
            elif key in query:
                request[name] = _parse_values(shape, query[key])
        return request


def _parse_values(shape: Shape, texts: list[str]) -> Any:
    """Convert a query parameter. What is not an integer stays a string, which the constraints refuse."""
    if shape.type_name == "list":
        return texts
    if shape.type_name == "integer" and texts[-1].lstrip("-").isdecimal():
        return int(texts[-1])
    return texts[-1]
