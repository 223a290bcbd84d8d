"""Know the names of queues and agents, which SearchContacts does not return.

ListQueues and ListUsers have a small quota of their own, so the directory is read as a whole. The snapshot is kept in
the transient table for all environments, and in the memory of each.
"""

import json
import threading
import time
import uuid
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from heapq import nlargest

from contact_search.amazon_connect.client import ConnectClient
from contact_search.log_lines import DIRECTORY_UNAVAILABLE
from contact_search.logger import logger
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError
from contact_search.storage.items import Item, Value
from contact_search.storage.transient_table import TransientTable

FRESH_SECONDS = 3600
# The shortest time between two reads, counted from their starts, and after a read that failed.
SECONDS_BETWEEN_READS = 60
SECONDS_AFTER_FAILURE = 10
# How long a request waits for a read. That of 10,000 agents and 1,000 queues takes 4 s.
LONGEST_READ = 6.0  # seconds
# An old snapshot is better than none.
_LIFETIME = timedelta(days=7)
# Items of DynamoDB have 400 KB at most.
_PART_SIZE = 390_000  # bytes
# Connect's quota of most operations: 2 calls per second after a burst of 5.
_BURST, _CALL_INTERVAL = 5, 0.5
_POLL_INTERVAL = 0.1  # seconds
_HEAD = "directory"
_MOST_GONE = 10_000
_MOST_COMPARED = 30


class DirectoryUnavailableError(Exception):
    """Names are not known yet, and Amazon Connect does not list them at the moment."""


@dataclass(frozen=True)
class NameIndex:
    """Find the name of an id, and all ids with a name. Letter case of names is ignored."""

    name_by_id: Mapping[str, str]

    @cached_property
    def in_order(self) -> list[tuple[str, str, str]]:
        """The casefolded name, the id and the name of each, in the order of the names."""
        return sorted((name.casefold(), id_, name) for id_, name in self.name_by_id.items())

    def ids(self, name: str) -> tuple[str, ...]:
        """Return the ids with this name."""
        return self._ids_by_name.get(name.casefold(), ())

    def nearest(self, name: str) -> str | None:
        """Return the most similar name, None if none is similar."""
        from difflib import get_close_matches  # noqa: PLC0415 - a known name need not wait for it

        text = name.casefold()
        pairs = {text[at : at + 2] for at in range(len(text) - 1)}
        # difflib would take a second for 10,000 names. Those with the most pairs of letters in common are enough.
        likely = nlargest(_MOST_COMPARED, self._ids_by_name, key=lambda other: sum(pair in other for pair in pairs))
        similar = get_close_matches(text, likely, n=1, cutoff=0.6)
        return self.name_by_id[self._ids_by_name[similar[0]][0]] if similar else None

    @cached_property
    def _ids_by_name(self) -> dict[str, tuple[str, ...]]:
        ids: dict[str, tuple[str, ...]] = {}
        for name, id_, _ in self.in_order:
            ids[name] = (*ids.get(name, ()), id_)
        return ids


@dataclass(frozen=True)
class Snapshot:
    """Hold the names of all standard queues and all agents.

    Attributes:
        version: Identifies the snapshot.
        read_at: When reading it began, in Unix seconds.
    """

    queues: NameIndex
    agents: NameIndex
    version: str
    read_at: float

    def lacks(self, queue_ids: Collection[str], agent_ids: Collection[str]) -> set[tuple[str, str]]:
        """Return those ids that have no name, each with "queue" or "agent": an agent's own queue has the agent's id."""
        unknown_queues = [id_ for id_ in queue_ids if id_ not in self.queues.name_by_id]
        unknown_agents = [id_ for id_ in agent_ids if id_ not in self.agents.name_by_id]
        return {("queue", id_) for id_ in unknown_queues} | {("agent", id_) for id_ in unknown_agents}


class Directory:
    """Read the names of queues and agents from Connect at most once a minute, in one environment for all."""

    def __init__(self, client: ConnectClient, table: TransientTable) -> None:
        self._client = client
        self._table = table
        self._snapshot: Snapshot | None = None
        self._gone: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._renewal: threading.Thread | None = None
        self._next_refresh = 0.0  # time.monotonic()
        self._next_own_read = 0.0  # time.monotonic(); counts if the table is unavailable

    def snapshot(self, wait: float = LONGEST_READ) -> Snapshot:
        """Return the names. Those older than an hour are renewed in the background.

        Args:
            wait: Seconds to wait for the names if none are known yet.

        Raises:
            DirectoryUnavailableError: There are none.
        """
        snapshot = self._snapshot
        if snapshot is None:
            self._renew(wait)
        elif time.time() - snapshot.read_at >= FRESH_SECONDS and time.monotonic() >= self._next_refresh:
            self._next_refresh = time.monotonic() + SECONDS_AFTER_FAILURE
            self._renew(wait=0)
        if self._snapshot is None:
            raise DirectoryUnavailableError
        return self._snapshot

    def newer_than(self, snapshot: Snapshot, wait: float = LONGEST_READ) -> Snapshot:
        """Return a newer snapshot if another environment has one or the directory may be read, else the same."""
        if time.time() - snapshot.read_at >= SECONDS_BETWEEN_READS:
            self._renew(wait)
        return self._snapshot or snapshot

    def snapshot_with(
        self, queue_ids: Collection[str], agent_ids: Collection[str] = (), wait: float = LONGEST_READ
    ) -> Snapshot:
        """Return a snapshot with these ids. Unknown ids have it renewed, unless they are known to be gone.

        Raises:
            DirectoryUnavailableError: There is no snapshot.
        """
        snapshot = self.snapshot(wait)
        if snapshot.lacks(queue_ids, agent_ids) - self._gone:
            snapshot = self.newer_than(snapshot, wait)
            if time.time() - snapshot.read_at < SECONDS_BETWEEN_READS:
                # Deleted queues and agents, and personal queues, would have the directory read again and again.
                self._gone = self._gone if len(self._gone) < _MOST_GONE else set()
                self._gone |= snapshot.lacks(queue_ids, agent_ids)
        return snapshot

    def _renew(self, wait: float) -> None:
        """Load or read a newer snapshot in a thread, and wait for it for this time."""
        with self._lock:
            if self._renewal is None or not self._renewal.is_alive():
                self._renewal = threading.Thread(target=self._try_to_renew, name="directory", daemon=True)
                self._renewal.start()
            renewal = self._renewal
        renewal.join(wait)

    def _try_to_renew(self) -> None:
        try:
            self._load_or_read()
        except Exception as error:  # noqa: BLE001 - names are not worth more than what is done with them
            code = getattr(error, "code", type(error).__name__)
            logger.warning(DIRECTORY_UNAVAILABLE.message, extra=DIRECTORY_UNAVAILABLE.extra(code=code))

    def _load_or_read(self) -> None:
        try:
            if self._load(self._table.get(_HEAD) or {}):
                return
            if self._take_turn():
                self._read_for_all()
            else:
                self._wait_for_reader()
        except StorageUnavailableError:
            if time.monotonic() >= self._next_own_read:
                self._read()

    def _load(self, head: Item) -> bool:
        """Load the snapshot that this item is the head of. Return False if it is no other one, or incomplete."""
        version = head.get("version", "")
        if not version or (self._snapshot and self._snapshot.version == version):
            return False
        parts = [self._table.get(_part_key(version, number)) for number in range(head["parts"])]
        if not all(parts):
            return False
        names = json.loads(zlib.decompress(b"".join(part["body"] for part in parts if part)))
        self._snapshot = Snapshot(NameIndex(names["queues"]), NameIndex(names["agents"]), version, head["read_at"])
        return True

    def _take_turn(self) -> bool:
        """Try to become the environment that reads. Return False if one has within the last minute."""
        now = int(time.time())
        try:
            self._table.update(
                _HEAD,
                "SET #next_read = :next_read, #is_reading = :yes",
                {"next_read": now + SECONDS_BETWEEN_READS, "yes": 1, "now": now},
                condition="attribute_not_exists(#next_read) OR #next_read <= :now",
                lifetime=_LIFETIME,
            )
        except ConditionFailedError:
            return False
        return True

    def _wait_for_reader(self) -> None:
        """Load the snapshot that another environment is reading, as soon as it is there."""
        deadline = time.monotonic() + LONGEST_READ
        while time.monotonic() < deadline:
            head = self._table.get(_HEAD) or {}
            if self._load(head) or not head.get("is_reading"):
                return
            time.sleep(_POLL_INTERVAL)

    def _read_for_all(self) -> None:
        try:
            snapshot = self._read()
        except Exception:
            after: dict[str, Value] = {"next_read": int(time.time()) + SECONDS_AFTER_FAILURE, "no": 0}
            with suppress(StorageUnavailableError):
                self._table.update(_HEAD, "SET #next_read = :next_read, #is_reading = :no", after)
            raise
        names = {"queues": snapshot.queues.name_by_id, "agents": snapshot.agents.name_by_id}
        body = zlib.compress(json.dumps(names, separators=(",", ":")).encode())
        parts = [body[at : at + _PART_SIZE] for at in range(0, len(body), _PART_SIZE)]
        for number, part in enumerate(parts):
            self._table.put(_part_key(snapshot.version, number), {"body": part}, _LIFETIME)
        self._table.update(
            _HEAD,
            "SET #version = :version, #parts = :parts, #read_at = :read_at, #is_reading = :no",
            {"version": snapshot.version, "parts": len(parts), "read_at": int(snapshot.read_at), "no": 0},
            lifetime=_LIFETIME,
        )

    def _read(self) -> Snapshot:
        """Read the directory from Connect.

        Raises:
            ConnectError: A call failed.
        """
        started, read_at = time.monotonic(), time.time()
        self._next_own_read = started + SECONDS_AFTER_FAILURE
        queues: dict[str, str] = {}
        agents: dict[str, str] = {}
        bucket_full_at = started  # when Connect's token bucket is full again, at the latest
        for names, results in ((queues, self._client.queue_names()), (agents, self._client.agent_names())):
            for result in results:
                names.update(result)
                now = time.monotonic()
                bucket_full_at = max(bucket_full_at, now) + _CALL_INTERVAL
                time.sleep(max(bucket_full_at - now - (_BURST - 1) * _CALL_INTERVAL, 0))
        self._next_own_read = started + SECONDS_BETWEEN_READS
        took = round(1000 * (time.monotonic() - started))
        logger.info("read directory", extra={"queues": len(queues), "agents": len(agents), "took": took})
        self._snapshot = Snapshot(NameIndex(queues), NameIndex(agents), uuid.uuid4().hex, read_at)
        return self._snapshot


def _part_key(version: str, number: int) -> str:
    return f"directory {version} {number}"
