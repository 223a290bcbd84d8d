"""Call Amazon Connect for many callers: equal calls are made once, and every call has its slot in the quota."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.contact import SearchContactsResponse, parse_response
from contact_search.amazon_connect.errors import (
    REFUSALS,
    ConnectError,
    ThrottledError,
    TimedOutError,
    UnavailableError,
    UpstreamError,
)
from contact_search.amazon_connect.rate_limiter import Expect, RateLimiter
from contact_search.amazon_connect.result_cache import CachedResult, ResultCache
from contact_search.log_lines import CALLED_CONNECT
from contact_search.logger import logger
from contact_search.storage.errors import StorageUnavailableError

# The longest wait that a caller may ask for. With the call itself it is within the 29 s of API Gateway.
LONGEST_WAIT = 20.0  # seconds
# The latest start of a call after the start of its request. With its own 7 s it is within the 29 s.
_LATEST_CALL = 21.0  # seconds
# An environment that has held a lease for this time after its slot began counts as dead: its call has timed out.
_LEASE_SECONDS = 7.0
# An environment that waits for another one's result learns when the call is made if that is later than this, and waits
# for so much longer than it would for a slot of its own.
_SOON = 1.0  # seconds
# Contacts still change shortly after they end. Windows that ended before this time stay as they are.
_CLOSED_AFTER = timedelta(minutes=15)
_SHORTEST_BACKOFF = 0.5  # seconds, from the second throttled call on
_OUTAGES = (ThrottledError, TimedOutError, UnavailableError, UpstreamError)

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """Say who waits for a slot, for how many seconds at most, and which cached results are acceptable.

    Attributes:
        no_cache: Whether no cached result is acceptable.
        cache_scope: Results are shared within the same scope only.
        background: Whether nobody waits for an answer: such calls take what others leave (RateLimiter.wait_for_slot).
            Their results are neither cached nor shared with requests of the same search, which would wait as long.
    """

    caller: str
    wait_seconds: float
    no_cache: bool = False
    started: float = field(default_factory=time.monotonic)
    cache_scope: str = ""
    background: bool = False

    @property
    def deadline(self) -> float:
        """The time.monotonic() by which the slot has to begin."""
        return self.started + self.wait_seconds

    @property
    def remaining(self) -> float:
        """The seconds that are left to wait, over all calls of one request."""
        return max(self.deadline - time.monotonic(), 0)


@dataclass(frozen=True)
class Result(Generic[T]):
    """Hold a response of Connect.

    Attributes:
        lifetime: Seconds for which it is fresh.
        age: Seconds since Connect returned it, None if it was not cached.
        cache_status: The value of Cache-Status (RFC 9211) after the cache's name.
    """

    response: T
    lifetime: int
    age: int | None
    cache_status: str


@dataclass(frozen=True)
class Call(Generic[T]):
    """Describe a call of Connect that can be shared.

    Attributes:
        operation: The name of the operation, for the log.
        key: What the call is about. Equal calls have equal keys.
        lifetime: Seconds for which its response is fresh.
        send: Call Connect and return the body of the response. Raises ConnectError.
        parse: Parse the body. Raises UpstreamError if it cannot be read.
    """

    operation: str
    key: Any
    lifetime: int
    send: Callable[[], bytes]
    parse: Callable[[bytes], T]

    @cached_property
    def digest(self) -> str:
        """The key of the response in the cache."""
        content = json.dumps(self.key, default=str, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


class SharedCalls:
    """Call Connect for many callers: cache, then lease, then slot, then call."""

    def __init__(self, limiter: RateLimiter | None, cache: ResultCache | None) -> None:
        self._limiter = limiter
        self._cache = cache

    def fetch(self, call: Call[T], patience: Patience) -> Result[T]:
        """Return Connect's response to the call.

        Raises:
            ConnectError: Connect returned no response, and there is no stale one.
        """
        if self._cache is None:
            return self._fetch_uncached(call, patience, "fwd=bypass")
        try:
            cached = None if patience.no_cache else self._cache.get(call.digest)
        except StorageUnavailableError:
            return self._fetch_uncached(call, patience, "fwd=bypass; detail=storage-unavailable")
        if cached is not None and cached.is_fresh:
            return _to_result(call, cached, f"hit; ttl={cached.lifetime - cached.age}")
        if patience.background:
            return self._fetch_uncached(call, patience, "fwd=bypass; detail=background")
        try:
            return self._fetch_once_for_all(self._cache, call, patience)
        except _OUTAGES:
            if cached is None or cached.refusal:
                raise
            return _to_result(call, cached, "fwd=stale; detail=stale-if-error")

    def _fetch_uncached(self, call: Call[T], patience: Patience, cache_status: str) -> Result[T]:
        return Result(call.parse(self._call(call, patience)), 0, None, cache_status)

    def _fetch_once_for_all(self, cache: ResultCache, call: Call[T], patience: Patience) -> Result[T]:
        """Wait for the response of another environment, or take the lease and call Connect for all."""
        key = call.digest
        try:
            cached = None if patience.no_cache else self._wait_or_take_lease(cache, key, patience)
        except StorageUnavailableError:
            return self._fetch_uncached(call, patience, "fwd=bypass; detail=storage-unavailable")
        if cached is not None:
            return _to_result(call, cached, "fwd=miss; collapsed")
        try:
            body = self._call(call, patience, _tell_followers(cache, key))
            response = call.parse(body)
        except REFUSALS as refusal:
            with suppress(StorageUnavailableError):
                cache.put(key, CachedResult(b"", call.lifetime, 0, refusal))
            raise
        except ThrottledError as error:
            with suppress(StorageUnavailableError):
                cache.release_lease(key, patience.caller, error.retry_after)
            raise
        except ConnectError:
            with suppress(StorageUnavailableError):
                cache.release_lease(key)
            raise
        forward = "fwd=request" if patience.no_cache else "fwd=miss"
        try:
            if cache.put(key, CachedResult(body, call.lifetime, 0)):
                return Result(response, call.lifetime, None, f"{forward}; stored")
        except StorageUnavailableError:
            return Result(response, 0, None, f"{forward}; detail=storage-unavailable")
        return Result(response, 0, None, f"{forward}; detail=too-large")

    def _wait_or_take_lease(self, cache: ResultCache, key: str, patience: Patience) -> CachedResult | None:
        """Return the result of another environment, or None if this one has to call Connect.

        Raises:
            ThrottledError: The other environment calls too late for this request.
        """
        latest = patience.deadline + _SOON + _LEASE_SECONDS
        while not cache.take_lease(key, min(patience.remaining, _SOON) + _LEASE_SECONDS):
            if cached := cache.wait_for(key, patience.caller, patience.deadline + _SOON, latest):
                return cached
            if time.monotonic() > latest:
                break  # others have failed for so long that sharing does not help
        return None

    def _call(self, call: Call[T], patience: Patience, expect: Expect | None = None) -> bytes:
        """Call Connect, and once more if it fails and there is a slot for a second attempt."""
        try:
            return self._call_until_accepted(call, patience, expect)
        except (UnavailableError, UpstreamError) as error:
            with suppress(ThrottledError):
                return self._call_until_accepted(call, patience, expect)
            raise error from None

    def _call_until_accepted(self, call: Call[T], patience: Patience, expect: Expect | None) -> bytes:
        """Call Connect in a slot. If it throttles all the same, as others use the quota too, take a later slot.

        Environments that wait for the result wait as long. All environments back off, so that few calls are throttled.
        """
        pause = 0.0
        while True:
            waited = self._wait_for_slot(patience, expect)
            try:
                return _call_and_log(call, waited)
            except ThrottledError as error:
                if self._limiter is None:
                    raise
                retry_after = self._limiter.back_off()
                if patience.remaining < max(retry_after, pause):
                    raise ThrottledError(error.code, retry_after) from error
            time.sleep(pause)
            pause = max(2 * pause, _SHORTEST_BACKOFF)

    def _wait_for_slot(self, patience: Patience, expect: Expect | None) -> float:
        """Wait for a slot in Connect's quota and return how long that took, in seconds."""
        started = time.monotonic()
        if started > patience.started + _LATEST_CALL and not patience.background:
            raise ThrottledError("TooLate", 1)
        if self._limiter is not None:
            self._limiter.wait_for_slot(
                patience.caller, patience.deadline, background=patience.background, expect=expect
            )
        return time.monotonic() - started


class AmazonConnect:
    """Search contacts by calls that callers share."""

    def __init__(
        self,
        client: ConnectClient,
        limiter: RateLimiter | None,
        cache: ResultCache | None,
        lifetime: int,
        closed_lifetime: int,
    ) -> None:
        """Keep results fresh for `lifetime` seconds, and those of closed windows for `closed_lifetime`."""
        self._client = client
        self._calls = SharedCalls(limiter, cache)
        self._lifetime = lifetime
        self._closed_lifetime = closed_lifetime

    def search(self, request: Mapping[str, Any], patience: Patience) -> Result[SearchContactsResponse]:
        """Return the result of a SearchContacts call with this request (without InstanceId).

        Raises:
            ConnectError: Connect returned no result, and there is no stale one.
        """
        call = Call(
            "SearchContacts",
            [self._client.instance_id, request, patience.cache_scope],
            self._lifetime_for(request),
            lambda: self._client.search_contacts(request),
            parse_response,
        )
        return self._calls.fetch(call, patience)

    def _lifetime_for(self, request: Mapping[str, Any]) -> int:
        is_closed = request["TimeRange"]["EndTime"] < datetime.now(UTC) - _CLOSED_AFTER
        return self._closed_lifetime if is_closed else self._lifetime


def _call_and_log(call: Call[T], waited: float) -> bytes:
    """Call Connect, and log the call whether it fails or not."""
    started, outcome = time.monotonic(), "answer"
    try:
        return call.send()
    except ConnectError as error:
        outcome = error.code
        raise
    finally:
        took = time.monotonic() - started
        milliseconds = {"waited": round(1000 * waited), "took": round(1000 * took)}
        extra = CALLED_CONNECT.extra(operation=call.operation, outcome=outcome, **milliseconds)
        logger.info(CALLED_CONNECT.message, extra=extra)


def _tell_followers(cache: ResultCache, key: str) -> Expect:
    """Return a function that says when the call is made, for environments that wait and expect it sooner."""
    known = time.monotonic() + _SOON

    def expect(seconds: float) -> None:
        nonlocal known
        expected = time.monotonic() + seconds
        if expected > known:
            with suppress(StorageUnavailableError):
                cache.expect(key, seconds, _LEASE_SECONDS)
            known = expected + _SOON / 2

    return expect


def _to_result(call: Call[T], cached: CachedResult, cache_status: str) -> Result[T]:
    """Return a cached response, or raise the cached refusal."""
    if cached.refusal is not None:
        raise cached.refusal
    return Result(call.parse(cached.body), cached.lifetime, cached.age, cache_status)
