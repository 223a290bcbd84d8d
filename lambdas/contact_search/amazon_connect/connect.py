"""Search contacts for many callers: equal searches share one call, and every call has its slot in the quota."""

import time
from dataclasses import dataclass, field

from contact_search.amazon_connect.contact import SearchContactsResponse

# The longest wait that a caller may ask for. With the call itself it is within the 29 s of API Gateway.
LONGEST_WAIT = 20.0  # seconds


@dataclass(frozen=True)
class Patience:
    """Say who waits for a slot, for how many seconds at most, and whether a cached page will do."""

    caller: str
    wait_seconds: float
    no_cache: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def deadline(self) -> float:
        """The time.monotonic() by which the slot has to begin."""
        return self.started + self.wait_seconds

    @property
    def remaining(self) -> float:
        """The seconds that are left to wait, over all calls of one request."""
        return max(self.deadline - time.monotonic(), 0)


@dataclass(frozen=True)
class Result:
    """Hold Connect's page.

    Attributes:
        lifetime: Seconds for which it is fresh.
        age: Seconds since Connect gave it, None if it was not cached.
        cache_status: The value of Cache-Status (RFC 9211) after the cache's name.
    """

    response: SearchContactsResponse
    lifetime: int
    age: int | None
    cache_status: str
