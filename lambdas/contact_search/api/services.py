"""Name what the routes work with."""

from dataclasses import dataclass

from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.api.callers import ClientRegistry
from contact_search.search.cursor import CursorCodec
from contact_search.settings import SearchSettings


@dataclass(frozen=True)
class Services:
    """Hold what is created once per environment. `limiter` is None if the quota is not limited."""

    settings: SearchSettings
    connect: AmazonConnect
    cursors: CursorCodec
    limiter: RateLimiter | None
    clients: ClientRegistry

    def rate_limit_headers(self) -> dict[str, str]:
        """Return RateLimit and RateLimit-Policy (IETF httpapi draft)."""
        if self.limiter is None:
            return {}
        return {"RateLimit-Policy": self.limiter.policy_header(), "RateLimit": self.limiter.state_header()}
