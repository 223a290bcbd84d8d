"""Describe an export: what was asked for, and how far it has come."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contact_search.amazon_connect.contact import Timestamp

Status = Literal["queued", "running", "succeeded", "failed", "canceled"]
Format = Literal["ndjson", "csv"]

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


class Total(BaseModel):
    """How many contacts match the search, and whether it may be more (`gte`)."""

    value: int
    relation: Literal["eq", "gte"]


class Part(BaseModel):
    """A file with some of the contacts.

    Attributes:
        key: Its place in the bucket.
        contacts: How many contacts it has.
        bytes: Its size, compressed.
        sha256: The digest of its bytes, in hexadecimal digits.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    contacts: int
    bytes: int
    sha256: str


class Job(BaseModel):
    """An export as the table has it. Members with defaults may be added, so that older items stay readable.

    Attributes:
        revision: The revision of the client's grant when the export was created. It ends with this revision.
        body: The body of the request as it was sent, which every version of the service can read.
        expires_at: When the export and its files are gone.
        updated_at: When the last part, or the last change of status, was written.
        total: None until Amazon Connect has counted.
        is_truncated: Whether more contacts match than a walk in this order reaches.
        position: Where the next slice begins (search/cursor.py), None at the beginning of the walk.
        parts: How many parts are written.
        problem: Why it failed.
        files: "to_remove" if the files must not be there any more and may still be, "removed" if they are gone.
        version: Counts the changes of the item.
    """

    model_config = ConfigDict(frozen=True)

    client: str
    id: str
    revision: str
    format: Format
    body: Any
    created_at: Timestamp
    expires_at: Timestamp
    updated_at: Timestamp
    status: Status = "queued"
    started_at: Timestamp | None = None
    ended_at: Timestamp | None = None
    contacts: int = 0
    total: Total | None = None
    is_truncated: bool = False
    position: str | None = None
    parts: int = 0
    problem: dict[str, Any] | None = None
    files: Literal["kept", "to_remove", "removed"] = "kept"
    version: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is exported."""
        return self.status not in ("queued", "running")

    def changed(self, now: datetime, **changes: Any) -> "Job":
        """Return the next version of the export."""
        return self.model_copy(update={"version": self.version + 1, "updated_at": now, **changes})

    def failed(self, now: datetime, problem: dict[str, Any]) -> "Job | None":
        """Return the export as it fails, with the parts that it has. Return None if it has ended."""
        if self.has_ended:
            return None
        return self.changed(now, status="failed", ended_at=now, problem=problem)

    def withdrawn(self, now: datetime, problem: dict[str, Any]) -> "Job | None":
        """Return the export as the client may not have its contacts any more. Return None if that has been noted."""
        if self.has_ended:
            return None if self.files != "kept" else self.changed(now, files="to_remove")
        return self.changed(now, status="failed", ended_at=now, problem=problem, files="to_remove")

    def canceled(self, now: datetime) -> "Job | None":
        """Return the export as its client ends it. Return None if it has done so before."""
        if self.status == "canceled":
            return None
        files = "removed" if self.files == "removed" else "to_remove"
        return self.changed(now, status="canceled", ended_at=self.ended_at or now, problem=None, files=files)

    def is_expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.expires_at

    def estimate_end(self, now: datetime) -> datetime | None:
        """Return when it will have ended if it goes on at its rate until now. None if that is unknown."""
        if self.has_ended or self.started_at is None or self.total is None or not self.contacts:
            return None
        took = self.updated_at - self.started_at
        expected = max(self.total.value - self.contacts, 0)
        if isinstance(self.body, dict) and isinstance(max_items := self.body.get("max_items"), int):
            expected = min(expected, max(max_items - self.contacts, 0))
        return max(self.updated_at + took * (expected / self.contacts), now)


def new_id(now: datetime) -> str:
    """Return an id that nobody can guess, and whose order is that of time (RFC 9562, UUID version 7)."""
    milliseconds = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def is_id(text: str) -> bool:
    """Tell whether this can be the id of an export."""
    return _ID.fullmatch(text) is not None
