"""Read single contacts for many callers, apart from the quota of searches."""

from datetime import timedelta
from typing import TYPE_CHECKING

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
            ConnectError: There is no response, neither from Connect nor a stale one.
        """
        from contact_search.amazon_connect.contact_details import parse_contact  # noqa: PLC0415 - searches need no such model

        call = Call(
            "DescribeContact",
            ["DescribeContact", self._client.instance_id, contact_id],
            _FRESH_SECONDS,
            lambda: self._client.describe_contact(contact_id),
            parse_contact,
        )
        return self._calls.fetch(call, patience)

    def attributes(self, initial_contact_id: str, patience: Patience) -> Result[dict[str, str]]:
        """Return the attributes of a conversation by its first contact.

        Raises:
            ContactNotFoundError: The contact does not exist.
            ConnectError: There is no response, neither from Connect nor a stale one.
        """
        from contact_search.amazon_connect.contact_details import parse_attributes  # noqa: PLC0415 - searches need no such model

        call = Call(
            "GetContactAttributes",
            ["GetContactAttributes", self._client.instance_id, initial_contact_id],
            _FRESH_SECONDS,
            lambda: self._client.get_contact_attributes(initial_contact_id),
            parse_attributes,
        )
        return self._calls.fetch(call, patience)
