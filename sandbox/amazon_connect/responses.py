"""The wire protocol (REST-JSON) of the stand-in's SearchContacts."""

import json
from typing import TYPE_CHECKING, cast

from moto.connect.responses import ConnectResponse

from sandbox.amazon_connect.errors import invalid_request

if TYPE_CHECKING:
    from sandbox.amazon_connect.models import SearchableConnectBackend


class SearchableConnectResponse(ConnectResponse):
    """moto calls the method with an operation's name in snake_case."""

    def search_contacts(self) -> str:
        try:
            request = json.loads(self.body)
        except (ValueError, RecursionError):
            raise invalid_request("The request is not JSON") from None
        return cast("SearchableConnectBackend", self.connect_backend).search_contacts(request)
