"""Describe a place in a walk, which a cursor keeps from page to page."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contact_search.amazon_connect.contact import AgentInfo, Contact
from contact_search.amazon_connect.errors import UpstreamError
from contact_search.search.window import Window

# How many contacts Connect returns for one search (administrator guide, "Search for contacts").
RESULT_LIMIT = 10_000
DIGEST_LENGTH = 12  # characters


@dataclass(frozen=True)
class Position:
    """A place in a walk, at the beginning of an upstream search or within it.

    Attributes:
        started_at: When the first page was requested. Whatever is relative to now is relative to this time.
        remaining: Contacts that the walk may still return, None for all.
        window: TimeRange of the upstream search.
        initiated_until: Upper bound of InitiationTimestamp, None for none. It takes the place of the window's end
            where Connect cannot sort by the window's timestamp.
        matches_before: Matches that earlier upstream searches have counted and this one does not.
        results_read: Results of the upstream search that are behind this position.
        last_timestamp: The timestamp that the walk has reached, of the field that it is sorted by.
        seen: Digests of the contacts that the walk has returned at that timestamp.
        next_token: Connect's NextToken, "" at the beginning of an upstream search, None if it is lost.
    """

    started_at: datetime
    remaining: int | None
    window: Window
    initiated_until: datetime | None = None
    matches_before: int = 0
    results_read: int = 0
    last_timestamp: datetime | None = None
    seen: frozenset[str] = frozenset()
    next_token: str | None = ""

    @property
    def results_left(self) -> int:
        """How many further results Connect returns for the upstream search."""
        return RESULT_LIMIT - self.results_read

    @property
    def repeats(self) -> int:
        """How many of the next results the walk has returned already."""
        begins_at_last = self.last_timestamp in (self.window.start, self.window.end, self.initiated_until)
        return max(len(self.seen) - self.results_read, 0) if begins_at_last else 0

    def has_same_search(self, other: "Position") -> bool:
        """Tell whether both positions are in equal upstream searches."""
        return (self.window, self.initiated_until) == (other.window, other.initiated_until)


def may_be_capped(total_count: int | None) -> bool:
    """Tell whether Connect may have stopped counting here. The API reference does not say whether it does."""
    return total_count == RESULT_LIMIT


def get_timestamp(contact: Contact, field_name: str) -> datetime:
    """Return the timestamp of this SortableFieldName.

    Raises:
        UpstreamError: Connect left out the timestamp that it sorted by.
    """
    if field_name == "CONNECTED_TO_AGENT_TIMESTAMP":
        timestamp = (contact.agent_info or AgentInfo()).connected_to_agent_timestamp
    else:
        timestamp = getattr(contact, field_name.lower())
    if timestamp is None:
        raise UpstreamError("NoTimestamp")
    return timestamp


def digest(contact: Contact) -> str:
    """Shorten a contact's id to DIGEST_LENGTH characters.

    Raises:
        UpstreamError: Connect left out the id.
    """
    if contact.id is None:
        raise UpstreamError("NoId")
    octets = hashlib.blake2b(contact.id.encode(), digest_size=DIGEST_LENGTH * 3 // 4).digest()
    return urlsafe_b64encode(octets).decode()


def digests_at_end(contacts: Sequence[Contact], field_name: str) -> frozenset[str]:
    """Digest the last contacts, as far back as they share the timestamp of the very last."""
    last_timestamp = get_timestamp(contacts[-1], field_name)
    digests: set[str] = set()
    for contact in reversed(contacts):
        if get_timestamp(contact, field_name) != last_timestamp:
            break
        digests.add(digest(contact))
    return frozenset(digests)
