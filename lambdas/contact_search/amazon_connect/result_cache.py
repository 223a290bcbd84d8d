"""Share Connect's responses between all environments, and decide which environment calls Connect for one.

Each result is an item of the transient table, under a digest of its call. The same item holds the lease of the
environment that calls Connect for it, so that equal calls at the same time are made once.
"""

import hashlib
import math
import time
import uuid
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from contact_search.amazon_connect.errors import ContactNotFoundError, RejectedError, ThrottledError
from contact_search.storage.errors import ConditionFailedError
from contact_search.storage.items import Item, Value
from contact_search.storage.transient_table import TransientTable

# Items of DynamoDB have 400 KB at most, including keys and the other attributes.
LARGEST_BODY = 390_000  # bytes, compressed
# Up to this age a result can be returned when Connect fails.
STALE = timedelta(hours=1)
# Level 1 compresses 100 contacts to 13 KB. Level 6 compresses them to 10 KB and takes three times as long.
_COMPRESSION_LEVEL = 1
# A call of Connect takes less than this: whoever comes back after it finds the result.
_CALL = 1  # seconds
_FIRST_POLL, _LONGEST_POLL = 0.05, 0.5  # seconds


@dataclass(frozen=True)
class CachedResult:
    """Hold the body of Connect's response, or Connect's refusal of the call.

    Attributes:
        lifetime: Seconds for which the result is fresh.
        age: Seconds since Connect returned it.
    """

    body: bytes
    lifetime: int
    age: int
    refusal: RejectedError | ContactNotFoundError | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the result may be returned without asking Connect."""
        return self.age < self.lifetime


class ResultCache:
    """Read and write results by key. All methods raise StorageUnavailableError."""

    def __init__(self, table: TransientTable, kept: timedelta = STALE) -> None:
        """Forget each result after this time, fresh or stale."""
        self._table = table
        self._kept = kept

    @cached_property
    def _environment(self) -> str:
        """Identify this environment. Not created before it is used: a snapshot (SnapStart) starts many environments."""
        return uuid.uuid4().hex

    def get(self, key: str) -> CachedResult | None:
        """Return the result, fresh or stale."""
        return self._to_result(self._table.get(_table_key(key)) or {})

    def put(self, key: str, result: CachedResult) -> bool:
        """Store the result and end the lease. Return False if the result is too large; only the lease ends then."""
        body = zlib.compress(result.body, _COMPRESSION_LEVEL)
        fits = len(body) <= LARGEST_BODY
        refusal, stored = result.refusal, math.ceil(time.time())
        item: dict[str, Value] = {
            "body": body if fits else b"",
            "stored": stored,
            "lifetime": result.lifetime if fits else 0,
            "fresh_until": stored + result.lifetime if fits else 0,
            "code": refusal.code if refusal else "",
            "reason": refusal.reason if isinstance(refusal, RejectedError) else "",
            "is_missing": int(isinstance(refusal, ContactNotFoundError)),
        }
        self._table.put(_table_key(key), item, self._kept)
        return fits

    def take_lease(self, key: str, seconds: float) -> bool:
        """Try to take the lease on a result. Return False if another environment has it, or the result is fresh.

        Other environments expect the result soon, unless `expect` says when.
        """
        now = _milliseconds()
        try:
            self._table.update(
                _table_key(key),
                "SET #leader = :leader, #lease = :lease REMOVE #expected, #refused",
                {
                    "leader": self._environment,
                    "lease": now + round(1000 * seconds),
                    "now": now,
                    "second": now // 1000,
                },
                condition="(attribute_not_exists(#lease) OR #lease <= :now OR #leader = :leader)"
                " AND (attribute_not_exists(#fresh_until) OR #fresh_until <= :second)",
                lifetime=self._kept,
            )
        except ConditionFailedError:
            return False
        return True

    def expect(self, key: str, seconds: float, lease_seconds: float) -> None:
        """Say when the call will be made, and hold the lease until `lease_seconds` after that."""
        now = _milliseconds()
        expected = now + round(1000 * seconds)
        lease = expected + round(1000 * lease_seconds)
        values: dict[str, Value] = {"leader": self._environment, "expected": expected, "lease": lease}
        with suppress(ConditionFailedError):  # another environment has it: this one has stalled
            sets = "SET #expected = :expected, #lease = :lease"
            self._table.update(_table_key(key), sets, values, condition="#leader = :leader")

    def release_lease(self, key: str, refused: str = "", retry_after: int = 0) -> None:
        """Let another environment take the lease.

        Args:
            key: The result's key.
            refused: The caller in whose name the quota had no slot in time. Its other requests, which wait for this
                result, need not ask.
            retry_after: In how many seconds it should come back.
        """
        values: dict[str, Value] = {"leader": self._environment}
        sets = ""
        if refused:
            values |= {"refused": _digest(refused), "expected": _milliseconds() + 1000 * retry_after}
            sets = "SET #refused = :refused, #expected = :expected "
        with suppress(ConditionFailedError):  # another environment has it already
            self._table.update(_table_key(key), f"{sets}REMOVE #lease, #leader", values, condition="#leader = :leader")

    def wait_for(self, key: str, caller: str, deadline: float, latest: float) -> CachedResult | None:
        """Wait until the result is fresh, and return it.

        Args:
            key: The result's key.
            caller: Who waits.
            deadline: The time.monotonic() by which the result has to be called for.
            latest: The time.monotonic() at which waiting ends.

        Returns:
            The result. None when its lease ends, or if it has not come in time.

        Raises:
            ThrottledError: Its call will be made after the deadline. Raised as soon as that is known.
        """
        pause = _FIRST_POLL
        while True:
            item = self._table.get(_table_key(key)) or {}
            result, lease = self._to_result(item), item.get("lease", 0) - _milliseconds()
            if result is not None and result.is_fresh:
                return result
            expected = (item.get("expected", 0) - _milliseconds()) / 1000
            concerned = lease > 0 or item.get("refused") == _digest(caller)
            if concerned and expected > 0 and time.monotonic() + expected > deadline:
                raise ThrottledError("QuotaExceeded", math.ceil(expected) + _CALL)
            if lease <= 0 or time.monotonic() > latest:
                return None
            time.sleep(min(pause, lease / 1000))
            pause = min(pause * 1.5, _LONGEST_POLL)

    def _to_result(self, item: Item) -> CachedResult | None:
        age = int(time.time()) - item.get("stored", 0)
        if not item.get("lifetime") or age > self._kept.total_seconds():
            return None
        return CachedResult(zlib.decompress(item["body"]), item["lifetime"], max(age, 0), _to_refusal(item))


def _to_refusal(item: Item) -> RejectedError | ContactNotFoundError | None:
    if item.get("is_missing"):
        return ContactNotFoundError(item["code"])
    return RejectedError(item["code"], item["reason"]) if item["code"] else None


def _digest(caller: str) -> str:
    return hashlib.blake2b(caller.encode(), digest_size=6).hexdigest()


def _table_key(key: str) -> str:
    return f"result {key}"


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
