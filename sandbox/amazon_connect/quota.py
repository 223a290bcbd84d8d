"""Amazon Connect's request quota: a token bucket of one token."""

import threading
from time import monotonic


class Quota:
    """Counts requests, and tells which of them are over the quota. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full_at = 0.0
        self.requests = 0
        self.throttled = 0

    def allows(self, rate: float | None) -> bool:
        """Whether one more request is within `rate` requests a second with a burst of 1; None: no quota."""
        with self._lock:
            self.requests += 1
            now = monotonic()
            if rate is not None:
                if now < self._full_at:
                    self.throttled += 1
                    return False
                self._full_at = now + 1 / rate
            return True
