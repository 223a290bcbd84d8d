"""API Gateway's usage plans: how often a client may ask, by its API Gateway key."""

import time
from dataclasses import dataclass
from typing import Any

# Seconds for which a key's plan is remembered, so that each request need not ask for it.
_REMEMBERED = 5.0


class UnknownKeyError(Exception):
    """The key does not exist, is disabled, or is in no usage plan."""


@dataclass
class _Bucket:
    """A token bucket: `rate` tokens a second, `burst` at most; no rate is no limit."""

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
    """The plans and keys that the AWS stand-in has (`client` is a boto3 client of its apigateway)."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._buckets: dict[str, _Bucket] = {}

    def admits(self, key: str) -> bool:
        """Whether the key's plan lets one more request in; raises UnknownKeyError."""
        now, bucket = time.monotonic(), self._buckets.get(key)
        if bucket is None or bucket.known_until < now:
            rate, burst = self._throttle_of(key)
            tokens, filled_at = (bucket.tokens, bucket.filled_at) if bucket else (burst, now)
            bucket = _Bucket(rate, burst, now + _REMEMBERED, tokens, filled_at)
            self._buckets[key] = bucket
        return bucket.take(now)

    def _throttle_of(self, key: str) -> tuple[float | None, float]:
        keys = self._client.get_api_keys(includeValues=True)["items"]
        ids = [one["id"] for one in keys if one["value"] == key and one["enabled"]]
        plans = self._client.get_usage_plans(keyId=ids[0])["items"] if ids else []
        if not plans:
            raise UnknownKeyError
        throttle = plans[0].get("throttle") or {}
        return throttle.get("rateLimit"), throttle.get("burstLimit", 0)
