"""Export one slice of an export: the unit that succeeds or is repeated as a whole.

A slice is written as one part at most: its file first, then, in one transaction, the part and the position after it.
Whatever dies in between, the next attempt goes on from the last transaction. A file without one is garbage.
"""

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from contact_search.amazon_connect.connect import LONGEST_WAIT, AmazonConnect, Patience
from contact_search.amazon_connect.directory import Directory, DirectoryUnavailableError
from contact_search.amazon_connect.errors import ConnectError, ThrottledError
from contact_search.exports.ending import log_end, tidy
from contact_search.exports.errors import FilesUnavailableError, GrantChangedError
from contact_search.exports.files import ExportFiles, folder
from contact_search.exports.formats import PartWriter
from contact_search.exports.job import Job, Part, Total
from contact_search.exports.store import ExportStore
from contact_search.log_lines import EXPORTED, SLICE_BEGUN
from contact_search.logger import logger
from contact_search.search import body, names
from contact_search.search.cursor import decode_position, encode_position
from contact_search.search.grants import Caller, find_caller, restrict
from contact_search.search.model import Search
from contact_search.search.walk import MAX_PAGE_SIZE, Walk, fetch_result, more_match
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError

# How often a slice looks whether it is still wanted.
_SECONDS_BETWEEN_LOOKS = 10.0
_COMMIT_ATTEMPTS = 5


class _SupersededError(Exception):
    """The export has ended meanwhile, or another worker has got further."""


@dataclass(frozen=True)
class Tools:
    """Hold what slices are exported with.

    Attributes:
        table: Where clients and exports are.
        slice_contacts: How many contacts a slice has at most.
        slice_seconds: After which time it begins no further page.
    """

    table: DurableTable
    files: ExportFiles
    connect: AmazonConnect
    directory: Directory
    slice_contacts: int
    slice_seconds: float


def export_slice(tools: Tools, client: str, export_id: str) -> bool:
    """Export the next slice of an export.

    Returns:
        Whether the export has ended.

    Raises:
        ConnectError: There is no further page. Nothing is written.
        CursorExpiredError: The walk cannot go on.
        DirectoryUnavailableError: There are no names.
        FilesUnavailableError: The part cannot be written, or what is left over cannot be removed.
        GrantChangedError: The client may not have these contacts any more.
        InvalidSearchError: This version of the service does not accept the search any more.
        StorageUnavailableError: The table cannot be reached.
    """
    store, now = ExportStore(tools.table), datetime.now(UTC)
    job = store.get(client, export_id)
    if job is not None and not job.has_ended and not job.is_expired(now):
        # An alarm watches how long ago the last progress was.
        idle = round((now - job.updated_at).total_seconds())
        logger.info(SLICE_BEGUN.message, extra=SLICE_BEGUN.extra(idle=idle))
        try:
            job = _Slice(tools, store, _begin(store, job, now)).export()
        except (_SupersededError, ConditionFailedError):
            job = store.get(client, export_id)
    if job is None or job.is_expired(now):
        tools.files.remove_all(client, export_id)
        if job is not None:
            store.delete(job)
        return True
    if job.has_ended:
        tidy(store, tools.files, job)
    return job.has_ended


def _begin(store: ExportStore, job: Job, now: datetime) -> Job:
    """Note that the first slice has begun."""
    if job.status == "running":
        return job
    running = job.changed(now, status="running", started_at=now)
    store.save(running)
    return running


class _Slice:
    """A slice while it is exported.

    Attributes:
        walk: Where the next page begins, None after the last page.
        has_moved: Whether a page has been read.
    """

    def __init__(self, tools: Tools, store: ExportStore, job: Job) -> None:
        self._tools = tools
        self._store = store
        self._job = job
        self._deadline = time.monotonic() + tools.slice_seconds
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        self._search = _search(job, self._require_caller())
        self._writer = PartWriter(self._search, job.format)
        self._total = job.total
        self._is_truncated = False
        self.has_moved = False
        self.walk: Walk | None = (
            Walk.resume(self._search, decode_position(job.position)) if job.position else Walk.begin(self._search)
        )

    def export(self) -> Job:
        """Read the pages of the slice and write them. Return the export as it is then."""
        started = time.monotonic()
        self._read_pages()
        if not self.has_moved:
            return self._job
        job = self._commit()
        took = round(1000 * (time.monotonic() - started))
        contacts = {"contacts": self._writer.contacts, "contacts_until_now": job.contacts}
        extra = EXPORTED.extra(client=job.client, export=job.id, took=took, **contacts)
        logger.info(EXPORTED.message, extra=extra)
        if job.has_ended:
            log_end(job)
        return job

    def _read_pages(self) -> None:
        """Read pages until the slice is full, its time is over, or Amazon Connect fails."""
        while self.walk is not None and self._writer.contacts < self._tools.slice_contacts:
            self._look()
            try:
                self._read_page(self.walk)
            except ThrottledError as error:  # others come first, and there is time
                time.sleep(min(error.retry_after, max(self._deadline - time.monotonic(), 0)))
            except (ConnectError, DirectoryUnavailableError) as error:
                if not self.has_moved:
                    raise
                logger.warning("slice broken off", extra={"failure": type(error).__name__})
                return
            if time.monotonic() >= self._deadline:
                return

    def _read_page(self, walk: Walk) -> None:
        """Read the next page of the walk. The slice is left as it was if that fails."""
        tools, search = self._tools, self._search
        limit = min(MAX_PAGE_SIZE, tools.slice_contacts - self._writer.contacts)
        patience = Patience(self._job.id, LONGEST_WAIT, background=True)
        walk, result = fetch_result(replace(walk, search=replace(search, limit=limit)), tools.connect, patience)
        total, is_lower_bound = walk.total(result.response)
        page = walk.page(result.response)
        is_truncated = not page.next_walk and more_match(page.end, result.response, tools.connect, patience)
        if not names.add_names(page.contacts, names.kinds_to_expand(search), tools.directory, patience):
            raise DirectoryUnavailableError
        self._writer.write(page.contacts)
        self._total = Total(value=total, relation="gte" if is_lower_bound else "eq")
        self._is_truncated = is_truncated
        self.walk, self.has_moved = page.next_walk, True

    def _look(self) -> None:
        """Look now and then whether the export is still wanted and still granted.

        Raises:
            GrantChangedError: It is not granted.
            _SupersededError: It has been changed by others.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        with suppress(StorageUnavailableError):  # the transaction at the end will tell
            self._require_caller()
            job = self._store.get(self._job.client, self._job.id)
            if job is None or job.version != self._job.version:
                raise _SupersededError

    def _require_caller(self) -> Caller:
        caller = find_caller(self._tools.table, self._job.client)
        if caller is None or caller.revision != self._job.revision:
            raise GrantChangedError
        return caller

    def _commit(self) -> Job:
        """Write the file, then the part and the position together. Return the export as it is then."""
        part = self._write_file() if self._writer.contacts else None
        now, has_ended = datetime.now(UTC), self.walk is None
        job = self._job.changed(
            now,
            status="succeeded" if has_ended else "running",
            ended_at=now if has_ended else None,
            contacts=self._job.contacts + self._writer.contacts,
            total=self._total,
            is_truncated=self._is_truncated,
            position=self._position(),
            parts=self._job.parts + bool(part),
        )
        for _ in range(_COMMIT_ATTEMPTS):
            try:
                self._save(job, part)
            except ConditionFailedError:
                current = self._store.get(job.client, job.id)
                if current and part in self._store.parts(current):
                    return current  # the transaction was repeated as its response was lost
                if current is None or current.version != self._job.version:
                    break
            else:
                return job
        if part:
            with suppress(FilesUnavailableError):  # whoever ends the export removes it
                self._tools.files.remove_keys([part.key])
        raise _SupersededError

    def _save(self, job: Job, part: Part | None) -> None:
        if part:
            self._store.save_with_part(job, part)
        else:
            self._store.save(job)

    def _write_file(self) -> Part:
        content, digest = self._writer.finish()
        # Each attempt has a file of its own: that of another worker may be the one that counts.
        name = f"{self._job.parts + 1:06}-{uuid.uuid4().hex}.{self._job.format}.gz"
        key = f"{folder(self._job.client, self._job.id)}{name}"
        self._tools.files.write(key, content, digest)
        return Part(key=key, contacts=self._writer.contacts, bytes=len(content), sha256=digest.hex())

    def _position(self) -> str | None:
        """Return where the next slice begins.

        Connect's NextToken may be lost until then, so a new upstream search begins there if the order allows it, and if
        that is not where this slice has begun.
        """
        if self.walk is None:
            return None
        restarted = self.walk.restart() if self.walk.position.next_token and self._writer.contacts else None
        return encode_position((restarted or self.walk).position)


def _search(job: Job, caller: Caller) -> Search:
    """Return what the export searches for: what it was created with, under the grant of that time."""
    search, _ = body.parse_export(job.body, job.created_at)
    return restrict(search, caller)
