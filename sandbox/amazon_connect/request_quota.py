"""Enforce Amazon Connect's request quotas with token buckets."""

import threading
from time import monotonic


class RequestQuota:
    """Count the calls of an operation and refuse those over its quota. Thread-safe.

    Args:
        burst: Calls that may come at once after a pause: the size of the token bucket.
    """

    def __init__(self, burst: int = 1) -> None:
        self._burst = burst
        self._lock = threading.Lock()
        self._full_at = 0.0  # monotonic seconds
        self.requests = 0
        self.throttled = 0

    def allows(self, rate: float | None) -> bool:
        """Count a call and return whether it stays within the quota.

        Args:
            rate: Tokens added per second. None switches the quota off.
        """
        with self._lock:
            self.requests += 1
            if rate is None:
                return True
            now = monotonic()
            full_at = max(self._full_at, now)
            if full_at - now > (self._burst - 1) / rate:
                self.throttled += 1
                return False
            self._full_at = full_at + 1 / rate
            return True
