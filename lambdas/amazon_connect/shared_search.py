"""SearchContacts for a crowd: equal searches cost one call, and every call has its turn."""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from amazon_connect.client import AmazonConnect
from amazon_connect.errors import (
    ConnectError,
    RejectedError,
    ThrottledError,
    TimedOutError,
    UnavailableError,
    UpstreamError,
)
from amazon_connect.page_cache import KeptPage, PageCache
from amazon_connect.quota import Quota
from storage.transient import StorageUnavailableError

# Connect's contacts are not final at once: a window has closed when it ended so long ago.
_CLOSED_AFTER = timedelta(minutes=15)
# Seconds after which whoever goes for a page is taken for dead, beyond the time in which its turn comes.
_LEASE = 3.0
# Seconds within which a second attempt, with a turn of its own, is over before API Gateway gives up.
_LATEST_RETRY = 18.0
_OUTAGES = (ThrottledError, TimedOutError, UnavailableError, UpstreamError)


@dataclass(frozen=True)
class Demand:
    """Who asks, how many seconds that one waits for a turn at most, and whether it wants no page that is kept."""

    caller: str
    longest_wait: float
    no_cache: bool = False


@dataclass(frozen=True)
class Answer:
    """SearchContacts' answer: for how many seconds it is fresh, its age, and what Cache-Status says."""

    body: bytes
    lifetime: int
    age: int | None
    cache_status: str


class SharedSearch:
    """Pages are fresh for `lifetime` seconds, those of windows that have closed for `closed_lifetime`."""

    def __init__(
        self, connect: AmazonConnect, quota: Quota | None, pages: PageCache | None, lifetime: int, closed_lifetime: int
    ) -> None:
        self._connect, self._quota, self._pages = connect, quota, pages
        self._lifetime, self._closed_lifetime = lifetime, closed_lifetime

    def search_contacts(self, request: Mapping[str, Any], demand: Demand) -> Answer:
        """SearchContacts, the request less InstanceId. Raises a ConnectError."""
        if self._pages is None:
            return Answer(self._ask(request, demand), 0, None, "fwd=bypass")
        digest, kept = _digest(request), None
        try:
            if not demand.no_cache and (kept := self._pages.get(digest)) and kept.is_fresh:
                return _answer(kept, f"hit; ttl={kept.lifetime - kept.age}")
            return self._ask_once_for_all(self._pages, digest, request, demand)
        except StorageUnavailableError:
            return Answer(self._ask(request, demand), 0, None, "fwd=bypass; detail=storage-unavailable")
        except _OUTAGES:
            if kept is None:
                raise
            return _answer(kept, "fwd=stale; detail=stale-if-error")

    def _ask_once_for_all(self, pages: PageCache, digest: str, request: Mapping[str, Any], demand: Demand) -> Answer:
        while not demand.no_cache and not pages.lead(digest, demand.longest_wait + _LEASE):
            if kept := pages.follow(digest, demand.longest_wait + _LEASE):
                return _answer(kept, "fwd=miss; collapsed")
        why = "request" if demand.no_cache else "miss"
        lifetime = self._lifetime_of(request)
        try:
            body = self._ask(request, demand)
        except RejectedError as rejection:
            with suppress(StorageUnavailableError):
                pages.put(digest, KeptPage(b"", lifetime, 0, rejection))
            raise
        except ConnectError:
            with suppress(StorageUnavailableError):
                pages.give_up(digest)
            raise
        try:
            is_kept, outcome = pages.put(digest, KeptPage(body, lifetime, 0)), "detail=too-large"
        except StorageUnavailableError:
            is_kept, outcome = False, "detail=storage-unavailable"
        return Answer(body, lifetime if is_kept else 0, None, f"fwd={why}; {'stored' if is_kept else outcome}")

    def _ask(self, request: Mapping[str, Any], demand: Demand) -> bytes:
        """What Connect answers, on the second attempt if the first one fails for no fault of the request."""
        begun = time.monotonic()
        try:
            return self._attempt(request, demand)
        except (UnavailableError, UpstreamError) as failure:
            if time.monotonic() - begun > _LATEST_RETRY - demand.longest_wait:
                raise
            with suppress(ThrottledError):
                return self._attempt(request, demand)
            raise failure from None

    def _attempt(self, request: Mapping[str, Any], demand: Demand) -> bytes:
        if self._quota is None:
            return self._connect.search_contacts(request, lambda: None)
        turn = self._quota.turn_of(demand.caller, demand.longest_wait)
        try:
            return self._connect.search_contacts(request, turn)
        except ThrottledError as throttled:
            raise ThrottledError(throttled.code, self._quota.back_off()) from throttled

    def _lifetime_of(self, request: Mapping[str, Any]) -> int:
        has_closed = request["TimeRange"]["EndTime"] < datetime.now(UTC) - _CLOSED_AFTER
        return self._closed_lifetime if has_closed else self._lifetime


def _answer(page: KeptPage, cache_status: str) -> Answer:
    if page.rejection is not None:
        raise page.rejection
    return Answer(page.body, page.lifetime, page.age, cache_status)


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, default=str, sort_keys=True).encode()).hexdigest()
