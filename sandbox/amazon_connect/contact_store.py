"""The contacts of the stand-in's instance, in SQLite, transcripts and names in its full-text index (FTS5)."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.contact_data.contact_lens import ROLES
from sandbox.contact_data.contact_record import StoredContact

TIMESTAMPS = {
    "INITIATION_TIMESTAMP": "initiation_timestamp",
    "SCHEDULED_TIMESTAMP": "scheduled_timestamp",
    "CONNECTED_TO_AGENT_TIMESTAMP": "connected_to_agent_timestamp",
    "DISCONNECT_TIMESTAMP": "disconnect_timestamp",
    "ENQUEUE_TIMESTAMP": "enqueue_timestamp",
}

# Between two turns of a transcript stands this, a word of its own to FTS5, so that no phrase spans them.
TURN = "\ue000"

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
        active_region TEXT
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
# Made once the first contacts are in: that is quicker than keeping them up to date from the start.
_TIMESTAMP_INDEXES = "".join(
    f"CREATE INDEX IF NOT EXISTS by_{column} ON contacts ({column}) WHERE {column} IS NOT NULL;"
    for column in TIMESTAMPS.values()
)
_COLUMNS = (
    *("id", "last_update", "summary", *TIMESTAMPS.values(), "expiry_timestamp", "initiation_method", "channel"),
    *("queue_id", "agent_id", "l1_id", "l2_id", "l3_id", "l4_id", "l5_id", "name", "active_region"),
)
_DETAILS = ("attributes", "routing_agents", "ai_agents")
_json = json.JSONEncoder(separators=(",", ":")).encode
_PUT = f"""
    INSERT INTO contacts ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in _COLUMNS)}
    WHERE excluded.last_update >= last_update
    RETURNING row
"""


class ContactStore:
    """Puts and finds contacts. Safe to share between threads; one of them is served at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_row = 0
        # An unnamed database is a temporary one: in memory while small, on disk when it grows, gone when closed.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.create_function("casefold", 1, lambda text: text and text.casefold(), deterministic=True)
        self._database.executescript(
            f"PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA cache_size = -262144; {_SCHEMA}"
        )

    def close(self) -> None:
        """The contacts are gone then."""
        self._database.close()

    def put(self, contacts: Iterable[StoredContact]) -> None:
        """Keeps each contact, in place of an older copy (by `last_update`) with the same id."""
        with self._lock:
            self._database.execute("BEGIN")
            for contact in contacts:
                self._put(contact)
            self._database.execute("COMMIT")
            self._database.executescript(_TIMESTAMP_INDEXES)

    def put_transcripts(self, transcripts: Iterable[tuple[str, Mapping[str, Sequence[str]]]]) -> int:
        """Keeps what was said in contacts, by contact id and role; returns how many of these contacts are unknown."""
        unknown = 0
        with self._lock:
            self._database.execute("BEGIN")
            for contact_id, said in transcripts:
                row = self._database.execute("SELECT row FROM contacts WHERE id = ?", (contact_id,)).fetchone()
                if row is None:
                    unknown += 1
                    continue
                texts = [f" {TURN} ".join(said.get(role, ())) for role in ROLES]
                self._database.execute(
                    "INSERT OR REPLACE INTO transcripts"
                    " (rowid, agent, customer, system, custom_bot, supervisor) VALUES (?, ?, ?, ?, ?, ?)",
                    (*row, *texts),
                )
            self._database.execute("COMMIT")
        return unknown

    def queue_ids(self) -> list[str]:
        """The queues of the contacts, in order."""
        rows = self.query("SELECT DISTINCT queue_id FROM contacts WHERE queue_id IS NOT NULL ORDER BY queue_id", ())
        return [queue_id for (queue_id,) in rows]

    def query(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""
        with self._lock:
            return self._database.execute(sql, parameters).fetchall()

    def _put(self, contact: StoredContact) -> None:
        summary = contact.summary
        queue, agent = summary.get("QueueInfo", {}), summary.get("AgentInfo", {})
        name = summary.get("Name")
        row = self._database.execute(
            _PUT,
            (
                summary["Id"],
                contact.last_update,
                _json(summary),
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
                name,
                summary.get("GlobalResiliencyMetadata", {}).get("ActiveRegion"),
            ),
        ).fetchone()
        if row is not None:
            self._put_details(row[0], contact)

    def _put_details(self, row: int, contact: StoredContact) -> None:
        execute, executemany = self._database.execute, self._database.executemany
        if row <= self._last_row:
            for table in _DETAILS:
                execute(f"CREATE INDEX IF NOT EXISTS {table}_of_contact ON {table} (contact)")
                execute(f"DELETE FROM {table} WHERE contact = ?", (row,))
            execute("DELETE FROM names WHERE rowid = ?", (row,))
        self._last_row = max(row, self._last_row)
        summary = contact.summary
        executemany(
            "INSERT OR IGNORE INTO attributes (kind, key, value, contact) VALUES (?, ?, ?, ?)",
            [(kind, key, value, row) for kind, key, value in _attributes(contact)],
        )
        if agents := set(_routing_agents(summary)):
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


def _attributes(contact: StoredContact) -> Iterator[tuple[str, str, str]]:
    for key, value in contact.attributes.items():
        yield "contact", key, value
    for key, value in contact.summary.get("SegmentAttributes", {}).items():
        if "ValueString" in value:
            yield "segment", key, value["ValueString"]
    for key, value in contact.summary.get("Tags", {}).items():
        yield "tag", key, value


def _routing_agents(summary: Mapping[str, Any]) -> Iterator[str]:
    """The agents that any step of a contact's routing criteria names, however deep its expression is nested."""
    for step in summary.get("RoutingCriteria", {}).get("Steps", ()):
        yield from _agents_of_expression(step.get("Expression", {}))


def _agents_of_expression(expression: Mapping[str, Any]) -> Iterator[str]:
    condition = expression.get("AttributeCondition", {})
    yield from condition.get("MatchCriteria", {}).get("AgentsCriteria", {}).get("AgentIds", ())
    for nested in (*expression.get("AndExpression", ()), *expression.get("OrExpression", ())):
        yield from _agents_of_expression(nested)
