"""Store the contacts of the stand-in's instance in SQLite, with a full-text index (FTS5) of transcripts and names."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.amazon_connect.directory import Directory
from sandbox.contact_data.contact_lens import ROLES
from sandbox.contact_data.contact_record import StoredContact

TIMESTAMPS = {
    "INITIATION_TIMESTAMP": "initiation_timestamp",
    "SCHEDULED_TIMESTAMP": "scheduled_timestamp",
    "CONNECTED_TO_AGENT_TIMESTAMP": "connected_to_agent_timestamp",
    "DISCONNECT_TIMESTAMP": "disconnect_timestamp",
    "ENQUEUE_TIMESTAMP": "enqueue_timestamp",
}

HIERARCHY = ("l1_id", "l2_id", "l3_id", "l4_id", "l5_id")

# Separates the turns of a transcript. FTS5 takes it for a word, so no phrase spans two turns.
TURN_SEPARATOR = "\ue000"

_SCHEMA = """
    CREATE TABLE contacts (
        row INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        last_update INTEGER NOT NULL,
        summary TEXT NOT NULL,
        initiation_timestamp INTEGER,
        scheduled_timestamp INTEGER,
        connected_to_agent_timestamp INTEGER,
        disconnect_timestamp INTEGER,
        enqueue_timestamp INTEGER,
        expiry_timestamp INTEGER,
        initiation_method TEXT,
        channel TEXT,
        queue_id TEXT,
        agent_id TEXT,
        l1_id TEXT, l2_id TEXT, l3_id TEXT, l4_id TEXT, l5_id TEXT,
        name TEXT,
        active_region TEXT,
        details TEXT
    );
    CREATE TABLE attributes (
        kind TEXT, key TEXT, value TEXT, contact INTEGER, PRIMARY KEY (kind, key, value, contact)
    ) WITHOUT ROWID;
    CREATE TABLE routing_agents (agent_id TEXT, contact INTEGER, PRIMARY KEY (agent_id, contact)) WITHOUT ROWID;
    CREATE TABLE ai_agents (version_id TEXT, escalated INTEGER, use_case TEXT, contact INTEGER);
    CREATE VIRTUAL TABLE transcripts USING fts5(
        agent, customer, system, custom_bot, supervisor, tokenize = "unicode61 remove_diacritics 0"
    );
    CREATE VIRTUAL TABLE names USING fts5(name, tokenize = "unicode61 remove_diacritics 0");
"""
# Created after the first contacts are stored, which is faster than updating them with each contact.
_TIMESTAMP_INDEXES = "".join(
    f"CREATE INDEX IF NOT EXISTS by_{column} ON contacts ({column}) WHERE {column} IS NOT NULL;"
    for column in TIMESTAMPS.values()
)
_COLUMNS = (
    *("id", "last_update", "summary", *TIMESTAMPS.values(), "expiry_timestamp", "initiation_method", "channel"),
    *("queue_id", "agent_id", *HIERARCHY, "name", "active_region", "details"),
)
_TABLES_BY_CONTACT = ("attributes", "routing_agents", "ai_agents")
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_UPSERT = f"""
    INSERT INTO contacts ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
    WHERE excluded.last_update >= last_update
    RETURNING row
"""


class ContactStore:
    """Store and query contacts. Thread-safe: it serves one thread at a time."""

    def __init__(self) -> None:
        self.directory = Directory()
        self._lock = threading.Lock()
        self._last_row = 0
        # SQLite keeps an unnamed database in memory while it is small, else in a temporary file, until it is closed.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.create_function("casefold", 1, lambda text: text and text.casefold(), deterministic=True)
        self._database.executescript(
            f"PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -262144; {_SCHEMA}"
        )

    def close(self) -> None:
        """Close the database and discard the contacts."""
        self._database.close()

    def put(self, contacts: Iterable[StoredContact]) -> None:
        """Store contacts. Each replaces a copy with the same id unless that has a later `last_update`."""
        with self._lock:
            self._database.execute("BEGIN")
            for contact in contacts:
                self._put_contact(contact)
            self._database.execute("COMMIT")
            self._database.executescript(_TIMESTAMP_INDEXES)

    def put_transcripts(self, transcripts: Iterable[tuple[str, Mapping[str, Sequence[str]]]]) -> int:
        """Store transcripts: pairs of a contact id and the turns by role. Return how many contacts are unknown."""
        unknown = 0
        with self._lock:
            self._database.execute("BEGIN")
            for contact_id, turns_by_role in transcripts:
                row = self._database.execute("SELECT row FROM contacts WHERE id = ?", (contact_id,)).fetchone()
                if row is None:
                    unknown += 1
                    continue
                texts = [f" {TURN_SEPARATOR} ".join(turns_by_role.get(role, ())) for role in ROLES]
                self._database.execute(
                    "INSERT OR REPLACE INTO transcripts"
                    " (rowid, agent, customer, system, custom_bot, supervisor) VALUES (?, ?, ?, ?, ?, ?)",
                    (*row, *texts),
                )
            self._database.execute("COMMIT")
        return unknown

    def queue_ids(self) -> list[str]:
        """Return the ids of the contacts' queues, sorted."""
        rows = self.query("SELECT DISTINCT queue_id FROM contacts WHERE queue_id IS NOT NULL ORDER BY queue_id", ())
        return [queue_id for (queue_id,) in rows]

    def query(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT."""
        with self._lock:
            return self._database.execute(sql, parameters).fetchall()

    def _put_contact(self, contact: StoredContact) -> None:
        summary = contact.summary
        queue, agent = summary.get("QueueInfo", {}), summary.get("AgentInfo", {})
        details = contact.details
        if contact.attributes:
            details = details | {"Attributes": contact.attributes}
        row = self._database.execute(
            _UPSERT,
            (
                summary["Id"],
                contact.last_update,
                _to_json(summary),
                _milliseconds(summary.get("InitiationTimestamp")),
                _milliseconds(summary.get("ScheduledTimestamp")),
                _milliseconds(agent.get("ConnectedToAgentTimestamp")),
                _milliseconds(summary.get("DisconnectTimestamp")),
                _milliseconds(queue.get("EnqueueTimestamp")),
                contact.expiry,
                summary.get("InitiationMethod"),
                summary.get("Channel"),
                queue.get("Id"),
                agent.get("Id"),
                *contact.hierarchy,
                summary.get("Name"),
                summary.get("GlobalResiliencyMetadata", {}).get("ActiveRegion"),
                _to_json(details) if details else None,
            ),
        ).fetchone()
        if row is not None:
            self._put_searchable_values(row[0], contact)
            self._put_names(contact, queue.get("Id"), agent.get("Id"))

    def _put_names(self, contact: StoredContact, queue_id: str | None, agent_id: str | None) -> None:
        """Add the contact's queue and agent to the directory."""
        at = contact.last_update / 1000 or contact.summary.get("InitiationTimestamp", 0)
        if queue_id and not contact.in_agent_queue:
            self.directory.learn_queue(queue_id, contact.queue_name, at)
        if agent_id:
            self.directory.learn_user(agent_id, contact.username, at)

    def _put_searchable_values(self, row: int, contact: StoredContact) -> None:
        """Fill the tables that have several rows for a contact, and the index of names."""
        execute, executemany = self._database.execute, self._database.executemany
        if row <= self._last_row:
            for table in _TABLES_BY_CONTACT:
                execute(f"CREATE INDEX IF NOT EXISTS {table}_by_contact ON {table} (contact)")
                execute(f"DELETE FROM {table} WHERE contact = ?", (row,))
            execute("DELETE FROM names WHERE rowid = ?", (row,))
        self._last_row = max(row, self._last_row)
        summary = contact.summary
        executemany(
            "INSERT OR IGNORE INTO attributes (kind, key, value, contact) VALUES (?, ?, ?, ?)",
            [(kind, key, value, row) for kind, key, value in _list_attributes(contact)],
        )
        if agents := set(_list_routing_agents(summary)):
            executemany("INSERT INTO routing_agents VALUES (?, ?)", [(agent, row) for agent in agents])
        if ai_agents := summary.get("AiAgentInfo"):
            executemany(
                "INSERT INTO ai_agents VALUES (?, ?, ?, ?)",
                [
                    (ai.get("AiAgentVersionId"), ai.get("AiAgentEscalated"), ai.get("AiUseCase"), row)
                    for ai in ai_agents
                ],
            )
        if "Name" in summary:
            execute("INSERT INTO names (rowid, name) VALUES (?, ?)", (row, summary["Name"]))


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _list_attributes(contact: StoredContact) -> Iterator[tuple[str, str, str]]:
    """List the kind, key and value of each attribute and tag that searches can have criteria for."""
    for key, value in contact.attributes.items():
        yield "contact", key, value
    for key, value in contact.summary.get("SegmentAttributes", {}).items():
        if "ValueString" in value:
            yield "segment", key, value["ValueString"]
    for key, value in contact.summary.get("Tags", {}).items():
        yield "tag", key, value


def _list_routing_agents(summary: Mapping[str, Any]) -> Iterator[str]:
    """List the agents that the routing criteria name in any step, at any depth of nested expressions."""
    for step in summary.get("RoutingCriteria", {}).get("Steps", ()):
        yield from _list_expression_agents(step.get("Expression", {}))


def _list_expression_agents(expression: Mapping[str, Any]) -> Iterator[str]:
    condition = expression.get("AttributeCondition", {})
    yield from condition.get("MatchCriteria", {}).get("AgentsCriteria", {}).get("AgentIds", ())
    for nested in (*expression.get("AndExpression", ()), *expression.get("OrExpression", ())):
        yield from _list_expression_agents(nested)
