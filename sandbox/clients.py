"""The two clients that the laptop service starts with."""

from collections.abc import Iterable

from contact_search.amazon_connect.contact import Contact
from contact_search.search.grants import Grant
from operations.deployed import on_this_machine
from operations.registry import EVERYTHING, add

FULL_KEY, PARTNER_KEY = "sandbox-full", "sandbox-partner"
_NOT_FOR_PARTNERS = {"name", "tags", "segment_attributes"}


def partner_grant(queue_ids: list[str]) -> Grant:
    """Two queues at most, VOICE and CHAT, no transcript or attribute search, no exports, no names, tags or segment
    attributes.
    """
    return Grant(
        queue_ids=queue_ids[:2] or ["there-is-none"],
        channels=["VOICE", "CHAT"],
        fields=frozenset(Contact.model_fields) - _NOT_FOR_PARTNERS,
        attribute_keys=frozenset(),
        transcript_search=False,
    )


def add_clients(aws_url: str, region: str, queue_ids: list[str]) -> None:
    """Client `full` and client `partner`; the latter sees the first two of these queues."""
    stack = on_this_machine(aws_url, region)
    add(stack, "full", "internal", EVERYTHING, FULL_KEY)
    add(stack, "partner", "partner", partner_grant(queue_ids), PARTNER_KEY)


def add_callers(aws_url: str, region: str, names: Iterable[str]) -> None:
    """Clients that may do everything and have no key, for those who invoke the search function themselves."""
    stack = on_this_machine(aws_url, region)
    for name in names:
        add(stack, name, "internal", EVERYTHING, None)
