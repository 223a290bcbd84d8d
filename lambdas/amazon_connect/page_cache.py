"""Upstream pages, kept for all execution environments, and who of those that want the same page goes for it."""

import math
import time
import uuid
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from amazon_connect.errors import RejectedError
from storage.item import ConditionFailedError, Item, Value
from storage.transient import TransientTable

# DynamoDB's items have 400 KB at most, keys and the other attributes among them.
LARGEST = 390_000
# zlib's: of a page of 100 contacts the least effort leaves 13 KB where the usual one leaves 10, in a third of the time.
_LEVEL = 1
# To what age a page can stand in for an answer that Connect does not give.
STALE = timedelta(hours=1)
_POLL = (0.05, 0.5)  # seconds, at first and at most


@dataclass(frozen=True)
class KeptPage:
    """`body` is SearchContacts' answer; `lifetime` and `age` are seconds. Or Connect's `rejection` of the request."""

    body: bytes
    lifetime: int
    age: int
    rejection: RejectedError | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether it can be given as if it came from Connect."""
        return self.age < self.lifetime


class PageCache:
    """Pages by the digest of their request. All of it raises StorageUnavailableError."""

    def __init__(self, table: Callable[[], TransientTable]) -> None:
        self._table = table

    @cached_property
    def _environment(self) -> str:
        """Not before it is needed: what starts from one snapshot (SnapStart) must not be taken for one environment."""
        return uuid.uuid4().hex

    def get(self, digest: str) -> KeptPage | None:
        """The page, be it fresh or stale."""
        return _kept(self._table().get(_key(digest)) or {})

    def put(self, digest: str, page: KeptPage) -> bool:
        """Keeps the page, which ends the leader's lease; False where it is too large to be kept."""
        body = zlib.compress(page.body, _LEVEL)
        is_kept = len(body) <= LARGEST
        rejection, stored = page.rejection, math.ceil(time.time())
        item: dict[str, Value] = {
            "body": body if is_kept else b"",
            "stored": stored,
            "lifetime": page.lifetime if is_kept else 0,
            "fresh_until": stored + page.lifetime if is_kept else 0,
            "code": rejection.code if rejection else "",
            "reason": rejection.reason if rejection else "",
        }
        self._table().put(_key(digest), item, STALE)
        return is_kept

    def lead(self, digest: str, lease: float) -> bool:
        """Whether it is on this environment to go for the page, for so many seconds: nobody else does, or just has."""
        now = _milliseconds()
        try:
            self._table().update(
                _key(digest),
                "SET #leader = :leader, #lease = :lease",
                {
                    "leader": self._environment,
                    "lease": now + round(1000 * lease),
                    "now": now,
                    "second": now // 1000,
                },
                condition="(attribute_not_exists(#lease) OR #lease <= :now OR #leader = :leader)"
                " AND (attribute_not_exists(#fresh_until) OR #fresh_until <= :second)",
                life=STALE,
            )
        except ConditionFailedError:
            return False
        return True

    def give_up(self, digest: str) -> None:
        """Leaves it to others to go for the page."""
        with suppress(ConditionFailedError):
            values = {"leader": self._environment}
            self._table().update(_key(digest), "REMOVE #lease, #leader", values, condition="#leader = :leader")

    def follow(self, digest: str, patience: float) -> KeptPage | None:
        """The page, once the one who goes for it has it; None as soon as nobody does, or after so many seconds."""
        until, pause = time.monotonic() + patience, _POLL[0]
        while True:
            item = self._table().get(_key(digest)) or {}
            page, lease = _kept(item), item.get("lease", 0) - _milliseconds()
            if page is not None and page.is_fresh:
                return page
            if lease <= 0 or time.monotonic() > until:
                return None
            time.sleep(min(pause, lease / 1000))
            pause = min(pause * 1.5, _POLL[1])


def _kept(item: Item) -> KeptPage | None:
    age = int(time.time()) - item.get("stored", 0)
    if not item.get("lifetime") or age > STALE.total_seconds():
        return None
    rejection = RejectedError(item["code"], item["reason"]) if item["code"] else None
    return KeptPage(zlib.decompress(item["body"]), item["lifetime"], max(age, 0), rejection)


def _key(digest: str) -> str:
    return f"page {digest}"


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
