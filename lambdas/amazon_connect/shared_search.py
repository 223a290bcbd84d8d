"""SearchContacts for a crowd: equal searches cost one call, and every call has its turn."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
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
from storage.item import StorageUnavailableError
from telemetry import logger

# As a caller may wish: with the call itself it is within the 29 s of API Gateway.
LONGEST_WAIT = 20.0  # seconds
# Connect's contacts are not final at once: a window has closed when it ended so long ago.
_CLOSED_AFTER = timedelta(minutes=15)
# Seconds after which whoever goes for a page is taken for dead, beyond the time in which its turn comes.
_LEASE = 3.0
# Seconds from the beginning of a request in which a call can begin: with its own 7 it is within the 29.
_LATEST_CALL = 21.0
_OUTAGES = (ThrottledError, TimedOutError, UnavailableError, UpstreamError)


@dataclass(frozen=True)
class Demand:
    """Who asks, how many seconds that one waits for a turn at most, and whether it wants no page that is kept."""

    caller: str
    longest_wait: float
    no_cache: bool = False
    begun: float = field(default_factory=time.monotonic)

    @property
    def patience(self) -> float:
        """The seconds that are left of its longest wait, over all that one request needs."""
        return max(self.begun + self.longest_wait - time.monotonic(), 0)


@dataclass(frozen=True)
class Answer:
    """SearchContacts' response, for how many seconds it is fresh, its age if kept, and what Cache-Status says."""

    response: Any
    lifetime: int
    age: int | None
    cache_status: str


@dataclass
class SharedSearch:
    """Pages are fresh for `lifetime` seconds, those of windows that have closed for `closed_lifetime`.

    `read` makes a response of a body, or raises UpstreamError: what it cannot read is not kept.
    """

    connect: AmazonConnect
    quota: Quota | None
    pages: PageCache | None
    read: Callable[[bytes], Any]
    lifetime: int
    closed_lifetime: int

    def search_contacts(self, request: Mapping[str, Any], demand: Demand) -> Answer:
        """SearchContacts, the request less InstanceId. Raises a ConnectError."""
        if self.pages is None:
            return Answer(self.read(self._ask(request, demand)), 0, None, "fwd=bypass")
        digest, kept = self._digest(request), None
        try:
            try:
                if not demand.no_cache and (kept := self.pages.get(digest)) and kept.is_fresh:
                    return self._answer(kept, f"hit; ttl={kept.lifetime - kept.age}")
                return self._ask_once_for_all(self.pages, digest, request, demand)
            except StorageUnavailableError:
                response = self.read(self._ask(request, demand))
                return Answer(response, 0, None, "fwd=bypass; detail=storage-unavailable")
        except _OUTAGES:
            if kept is None or kept.rejection:
                raise
            return self._answer(kept, "fwd=stale; detail=stale-if-error")

    def _ask_once_for_all(self, pages: PageCache, digest: str, request: Mapping[str, Any], demand: Demand) -> Answer:
        while not demand.no_cache and not pages.lead(digest, demand.patience + _LEASE):
            if kept := pages.follow(digest, min(demand.patience + _LEASE, LONGEST_WAIT)):
                return self._answer(kept, "fwd=miss; collapsed")
            if time.monotonic() > demand.begun + demand.longest_wait + 2 * _LEASE:
                break  # others have failed for so long that it is better to go alone
        lifetime = self._lifetime_of(request)
        try:
            body = self._ask(request, demand)
            response = self.read(body)
        except RejectedError as rejection:
            with suppress(StorageUnavailableError):
                pages.put(digest, KeptPage(b"", lifetime, 0, rejection))
            raise
        except ConnectError:
            with suppress(StorageUnavailableError):
                pages.give_up(digest)
            raise
        forward = "fwd=request" if demand.no_cache else "fwd=miss"
        try:
            if pages.put(digest, KeptPage(body, lifetime, 0)):
                return Answer(response, lifetime, None, f"{forward}; stored")
        except StorageUnavailableError:
            return Answer(response, 0, None, f"{forward}; detail=storage-unavailable")
        return Answer(response, 0, None, f"{forward}; detail=too-large")

    def _ask(self, request: Mapping[str, Any], demand: Demand) -> bytes:
        """What Connect answers, on the second attempt if the first one fails for no fault of the request."""
        try:
            return self._attempt(request, demand)
        except (UnavailableError, UpstreamError) as failure:
            with suppress(ThrottledError):
                return self._attempt(request, demand)
            raise failure from None

    def _attempt(self, request: Mapping[str, Any], demand: Demand) -> bytes:
        if time.monotonic() > demand.begun + _LATEST_CALL:
            raise ThrottledError("TooLate", 1)
        turn = self.quota.turn_of(demand.caller, demand.patience) if self.quota else None
        begun = sent = time.monotonic()
        outcome = "answer"

        def before_sending() -> None:
            nonlocal sent
            if turn is not None:
                turn()
            sent = time.monotonic()

        try:
            return self.connect.search_contacts(request, before_sending)
        except ConnectError as failure:
            outcome = failure.code
            if self.quota is not None and isinstance(failure, ThrottledError):
                raise ThrottledError(failure.code, self.quota.back_off()) from failure
            raise
        finally:
            waited, took = sent - begun, time.monotonic() - sent
            milliseconds = {"waited": round(1000 * waited), "took": round(1000 * took)}
            logger.info("asked Amazon Connect", extra={"outcome": outcome, **milliseconds})

    def _lifetime_of(self, request: Mapping[str, Any]) -> int:
        has_closed = request["TimeRange"]["EndTime"] < datetime.now(UTC) - _CLOSED_AFTER
        return self.closed_lifetime if has_closed else self.lifetime

    def _answer(self, page: KeptPage, cache_status: str) -> Answer:
        if page.rejection is not None:
            raise page.rejection
        return Answer(self.read(page.body), page.lifetime, page.age, cache_status)

    def _digest(self, request: Mapping[str, Any]) -> str:
        asked = json.dumps([self.connect.instance_id, request], default=str, sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()
