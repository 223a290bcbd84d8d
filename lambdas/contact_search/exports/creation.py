"""Create exports, each of them once."""

import json
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contact_search.exports.errors import KeyReusedError, NotStartedError, SearchTooLargeError, TooManyExportsError
from contact_search.exports.job import Format, Job, new_id
from contact_search.exports.listing import MOST_EXPORTS, Entry, Listing, digest
from contact_search.exports.state_machine import StateMachine
from contact_search.exports.store import ExportStore
from contact_search.logger import logger
from contact_search.search.grants import Caller
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError

# An export that has not begun, or got any further, after this time may have no execution: whoever looks at it starts
# it again. The state machine itself lets three hours pass while Amazon Connect is away.
_BEGINS_WITHIN = timedelta(minutes=1)
_GOES_ON_WITHIN = timedelta(hours=4)
# Others of the same client may create exports at the same time.
_ATTEMPTS = 10
# Expired exports that are forgotten with each new one.
_MOST_FORGOTTEN = 10
# An item of DynamoDB has 400 KB at most, and up to 120 KB are the position's.
_LARGEST_BODY = 200_000  # bytes, compressed


@dataclass(frozen=True)
class NewExport:
    """What a client asks for.

    Attributes:
        body: The body of the request.
        idempotency_key: "" for none.
    """

    format: Format
    body: Any
    idempotency_key: str


class Creation:
    """Create exports and start them."""

    def __init__(self, store: ExportStore, machine: StateMachine, most_unfinished: int, lifetime: timedelta) -> None:
        self._store = store
        self._machine = machine
        self._most_unfinished = most_unfinished
        self._lifetime = lifetime

    def repeat(self, key: str, body: Any, caller: Caller, now: datetime) -> Job | None:
        """Return the export that was created with this Idempotency-Key, and start it if it has not begun.

        Args:
            key: The key, "" for none.
            body: The body of the request.
            caller: Whose key it is.
            now: The time of the request.

        Returns:
            None if there is no such export.

        Raises:
            KeyReusedError: The key belongs to another body.
            NotStartedError: The export cannot be started. The same request starts it later.
            StorageUnavailableError: The table cannot be reached.
        """
        entry = self._store.listing(caller.client).find(digest(key), now) if key else None
        if entry is None:
            return None
        if entry.body != digest(body):
            raise KeyReusedError
        job = self._store.get(caller.client, entry.id)
        if job is not None and job.status == "queued":
            self._machine.start(job, now)
        return job

    def create(self, new: NewExport, caller: Caller, now: datetime) -> Job:
        """Create an export and start it, or return the one that has been created with the same key meanwhile.

        Raises:
            KeyReusedError: The key belongs to another body.
            NotStartedError: The export cannot be started. With a key, the same request starts it later.
            SearchTooLargeError: The body is too large.
            StorageUnavailableError: The table cannot be reached.
            TooManyExportsError: The client has as many exports as it may have.
        """
        if len(zlib.compress(json.dumps(new.body).encode())) > _LARGEST_BODY:
            raise SearchTooLargeError(_LARGEST_BODY)
        for _ in range(_ATTEMPTS):
            listing = self._store.listing(caller.client)
            if job := self.repeat(new.idempotency_key, new.body, caller, now):
                return job
            listing = self._with_room(self._forget_expired(listing, caller.client, now), caller.client, now)
            job = self._new_job(new, caller, now)
            with suppress(ConditionFailedError):
                self._store.create(job, listing.with_new(_entry(job, new.idempotency_key), now))
                self._start(job, now, has_key=bool(new.idempotency_key))
                return job
        raise StorageUnavailableError("TooManyAttempts")

    def restart_if_stuck(self, job: Job, now: datetime) -> None:
        """Start an export again that should have got further."""
        waits = _BEGINS_WITHIN if job.status == "queued" else _GOES_ON_WITHIN
        if job.has_ended or now - job.updated_at < waits:
            return
        try:
            self._machine.start(job, now)
        except NotStartedError as error:
            logger.warning("export not started", extra={"export": job.id, "code": error.code})

    def _start(self, job: Job, now: datetime, *, has_key: bool) -> None:
        try:
            self._machine.start(job, now)
        except NotStartedError:
            # Whoever repeats the request with its key starts the export. Nobody knows of one without a key.
            if not has_key:
                with suppress(StorageUnavailableError):
                    self._store.delete(job)
            raise

    def _new_job(self, new: NewExport, caller: Caller, now: datetime) -> Job:
        return Job(
            client=caller.client,
            id=new_id(now),
            revision=caller.revision,
            format=new.format,
            body=new.body,
            created_at=now,
            expires_at=now + self._lifetime,
            updated_at=now,
        )

    def _with_room(self, listing: Listing, client: str, now: datetime) -> Listing:
        """Return the list if there may be another export."""
        if len(listing.entries) >= MOST_EXPORTS:
            raise TooManyExportsError(MOST_EXPORTS, are_unfinished=False)
        candidates = listing.unfinished()
        jobs = self._store.get_many(client, candidates)
        unfinished = [job for job in jobs.values() if not job.has_ended and not job.is_expired(now)]
        for job in unfinished:
            self.restart_if_stuck(job, now)
        if len(unfinished) >= self._most_unfinished:
            raise TooManyExportsError(self._most_unfinished, are_unfinished=True)
        return listing.with_ended(set(candidates) - {job.id for job in unfinished})

    def _forget_expired(self, listing: Listing, client: str, now: datetime) -> Listing:
        """Delete some of the exports whose time is over. Their files are removed by the bucket's lifecycle."""
        expired = listing.expired(now)[:_MOST_FORGOTTEN]
        for job in self._store.get_many(client, expired).values():
            self._store.delete(job)
        return listing.without(expired)


def _entry(job: Job, key: str) -> Entry:
    created, expires = int(job.created_at.timestamp()), int(job.expires_at.timestamp())
    entry = Entry(job.id, created, expires, may_be_unfinished=True)
    return entry._replace(key=digest(key), body=digest(job.body)) if key else entry
