"""Read single contacts for many callers, apart from the quota of searches."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import Call, Patience, Result, SharedCalls
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.amazon_connect.result_cache import ResultCache

if TYPE_CHECKING:
    from contact_search.amazon_connect.contact_details import ContactDetails

# The name of the quota that both operations share here. Connect has one for each, of the same size.
QUOTA = "describe-contact"
# Contacts are personal data: no cache keeps them for longer.
KEPT = timedelta(minutes=1)
_FRESH_SECONDS = 5

T = TypeVar("T")


class ContactReader:
    """Read contacts and their attributes by calls that callers share."""

    def __init__(self, client: ConnectClient, limiter: RateLimiter | None, cache: ResultCache | None) -> None:
        """Use a cache that forgets within KEPT."""
        self._client = client
        self._calls = SharedCalls(limiter, cache)

    def describe(self, contact_id: str, patience: Patience) -> "Result[ContactDetails]":
        """Return all that Connect tells about a contact, without its attributes.

        Raises:
            ContactNotFoundError: The contact does not exist.
            ConnectError: Connect returned no response, and there is no stale one.
        """
        from contact_search.amazon_connect.contact_details import parse_contact  # noqa: PLC0415 - searches need no such model

        return self._read("DescribeContact", contact_id, self._client.describe_contact, parse_contact, patience)

    def attributes(self, initial_contact_id: str, patience: Patience) -> Result[dict[str, str]]:
        """Return the attributes of a conversation by its first contact.

        Raises:
            ContactNotFoundError: The contact does not exist.
            ConnectError: Connect returned no response, and there is no stale one.
        """
        from contact_search.amazon_connect.contact_details import parse_attributes  # noqa: PLC0415 - searches need no such model

        send = self._client.get_contact_attributes
        return self._read("GetContactAttributes", initial_contact_id, send, parse_attributes, patience)

    def _read(
        self,
        operation: str,
        contact_id: str,
        send: Callable[[str], bytes],
        parse: Callable[[bytes], T],
        patience: Patience,
    ) -> Result[T]:
        key = [operation, self._client.instance_id, contact_id]
        return self._calls.fetch(Call(operation, key, _FRESH_SECONDS, lambda: send(contact_id), parse), patience)
