"""Share Connect's responses between all environments, and decide which environment calls Connect for one.

A response is called a page here, because most are pages of contacts. Each is an item of the transient table, under a
digest of its request. The same item holds the lease of the environment that calls Connect for it, so that equal
requests at the same time cost one call.
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
# Up to this age a page can be returned when Connect fails.
STALE = timedelta(hours=1)
# Level 1 makes 13 KB of a page of 100 contacts, level 6 makes 10 KB in three times the time.
_COMPRESSION_LEVEL = 1
# A call of Connect takes less than this: who comes back after it finds the page.
_CALL = 1  # seconds
_FIRST_POLL, _LONGEST_POLL = 0.05, 0.5  # seconds


@dataclass(frozen=True)
class CachedPage:
    """Hold the body of Connect's response, or Connect's refusal of the request.

    Attributes:
        lifetime: Seconds for which the page is fresh.
        age: Seconds since Connect gave it.
    """

    body: bytes
    lifetime: int
    age: int
    refusal: RejectedError | ContactNotFoundError | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether the page may be returned without asking Connect."""
        return self.age < self.lifetime


class PageCache:
    """Read and write pages by key. All methods raise StorageUnavailableError."""

    def __init__(self, table: TransientTable, kept: timedelta = STALE) -> None:
        """Forget each page after this time, whether it is stale or not."""
        self._table = table
        self._kept = kept

    @cached_property
    def _environment(self) -> str:
        """Identify this environment. Not created before it is used: a snapshot (SnapStart) starts many environments."""
        return uuid.uuid4().hex

    def get(self, key: str) -> CachedPage | None:
        """Return the page, whether it is fresh or stale."""
        return self._to_page(self._table.get(_table_key(key)) or {})

    def put(self, key: str, page: CachedPage) -> bool:
        """Store the page and end the lease. Return False if the page is too large; only the lease ends then."""
        body = zlib.compress(page.body, _COMPRESSION_LEVEL)
        fits = len(body) <= LARGEST_BODY
        refusal, stored = page.refusal, math.ceil(time.time())
        item: dict[str, Value] = {
            "body": body if fits else b"",
            "stored": stored,
            "lifetime": page.lifetime if fits else 0,
            "fresh_until": stored + page.lifetime if fits else 0,
            "code": refusal.code if refusal else "",
            "reason": refusal.reason if isinstance(refusal, RejectedError) else "",
            "is_missing": int(isinstance(refusal, ContactNotFoundError)),
        }
        self._table.put(_table_key(key), item, self._kept)
        return fits

    def take_lease(self, key: str, seconds: float) -> bool:
        """Try to take the lease on a page. Return False if another environment has it, or the page is fresh.

        Whoever waits for the page expects it soon, until `expect` says when.
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
        """Tell those who wait for the page when it will be asked for, and hold the lease for that long and more."""
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
            key: The page's key.
            refused: The caller in whose name the quota had no slot in time. Its other requests, which wait for this
                page, need not ask.
            retry_after: In how many seconds it should come back.
        """
        values: dict[str, Value] = {"leader": self._environment}
        sets = ""
        if refused:
            values |= {"refused": _digest(refused), "expected": _milliseconds() + 1000 * retry_after}
            sets = "SET #refused = :refused, #expected = :expected "
        with suppress(ConditionFailedError):  # another environment has it already
            self._table.update(_table_key(key), f"{sets}REMOVE #lease, #leader", values, condition="#leader = :leader")

    def wait_for(self, key: str, caller: str, deadline: float, latest: float) -> CachedPage | None:
        """Wait until the page is fresh, and return it.

        Args:
            key: The page's key.
            caller: Who waits.
            deadline: The time.monotonic() by which the page has to be asked for.
            latest: The time.monotonic() up to which it is waited for.

        Returns:
            The page. None when its lease ends, or if it has not come in time.

        Raises:
            ThrottledError: It will be asked for after the deadline. This is raised as soon as it is known.
        """
        pause = _FIRST_POLL
        while True:
            item = self._table.get(_table_key(key)) or {}
            page, lease = self._to_page(item), item.get("lease", 0) - _milliseconds()
            if page is not None and page.is_fresh:
                return page
            expected = (item.get("expected", 0) - _milliseconds()) / 1000
            concerned = lease > 0 or item.get("refused") == _digest(caller)
            if concerned and expected > 0 and time.monotonic() + expected > deadline:
                raise ThrottledError("QuotaExceeded", math.ceil(expected) + _CALL)
            if lease <= 0 or time.monotonic() > latest:
                return None
            time.sleep(min(pause, lease / 1000))
            pause = min(pause * 1.5, _LONGEST_POLL)

    def _to_page(self, item: Item) -> CachedPage | None:
        age = int(time.time()) - item.get("stored", 0)
        if not item.get("lifetime") or age > self._kept.total_seconds():
            return None
        return CachedPage(zlib.decompress(item["body"]), item["lifetime"], max(age, 0), _to_refusal(item))


def _to_refusal(item: Item) -> RejectedError | ContactNotFoundError | None:
    if item.get("is_missing"):
        return ContactNotFoundError(item["code"])
    return RejectedError(item["code"], item["reason"]) if item["code"] else None


def _digest(caller: str) -> str:
    return hashlib.blake2b(caller.encode(), digest_size=6).hexdigest()


def _table_key(key: str) -> str:
    return f"page {key}"


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
