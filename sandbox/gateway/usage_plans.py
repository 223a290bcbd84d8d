"""Enforce the usage plans of API Gateway: a rate of requests for each API key."""

import time
from dataclasses import dataclass
from typing import Any

# Seconds for which a key's plan is kept, so that not every request has to look it up.
_PLAN_LIFE = 5.0


class UnknownKeyError(Exception):
    """Report a key that does not exist, is disabled, or is in no usage plan."""


@dataclass
class _Bucket:
    """Limit requests with a token bucket.

    Attributes:
        rate: Tokens added per second. None means no limit.
        burst: Size of the bucket.
        known_until: Monotonic seconds until which the plan is not looked up again.
        tokens: Tokens at the time `filled_at`.
        filled_at: Monotonic seconds.
    """

    rate: float | None
    burst: float
    known_until: float
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        if self.rate is None:
            return True
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class UsagePlans:
    """Apply the plans and keys of the AWS stand-in. `client` is a boto3 client of its API Gateway."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._buckets: dict[str, _Bucket] = {}

    def admits(self, key: str) -> bool:
        """Count a request and return whether the key's plan allows it.

        Raises:
            UnknownKeyError: The key is in no usage plan.
        """
        now, bucket = time.monotonic(), self._buckets.get(key)
        if bucket is None or bucket.known_until < now:
            rate, burst = self._find_throttle(key)
            tokens, filled_at = (bucket.tokens, bucket.filled_at) if bucket else (burst, now)
            bucket = _Bucket(rate, burst, now + _PLAN_LIFE, tokens, filled_at)
            self._buckets[key] = bucket
        return bucket.take(now)

    def _find_throttle(self, key: str) -> tuple[float | None, float]:
        """Return the rate and burst of the key's plan."""
        api_keys = self._client.get_api_keys(includeValues=True)["items"]
        ids = [api_key["id"] for api_key in api_keys if api_key["value"] == key and api_key["enabled"]]
        plans = self._client.get_usage_plans(keyId=ids[0])["items"] if ids else []
        if not plans:
            raise UnknownKeyError
        throttle = plans[0].get("throttle") or {}
        return throttle.get("rateLimit"), throttle.get("burstLimit", 0)
