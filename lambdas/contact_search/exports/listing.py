"""Keep a client's list of exports: what there is, which are unfinished, and which Idempotency-Keys were used."""

import hashlib
import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from contact_search.storage.items import Item

# For how long a repeated Idempotency-Key means the same export.
KEY_LIFETIME = timedelta(hours=24)
# An item of DynamoDB has 400 KB at most, and an entry takes 80 bytes at most.
MOST_EXPORTS = 4_000


class Entry(NamedTuple):
    """One export.

    Attributes:
        created_at: Unix seconds.
        expires_at: Unix seconds.
        may_be_unfinished: False if it has ended. It may have ended all the same: the export itself says so.
        key: The digest of its Idempotency-Key, "" if it has none or that is too old.
        body: The digest of its request, "" likewise.
    """

    id: str
    created_at: int
    expires_at: int
    may_be_unfinished: bool
    key: str = ""
    body: str = ""


@dataclass(frozen=True)
class Listing:
    """The exports of a client, newest first. `version` counts the changes of the list."""

    entries: tuple[Entry, ...] = ()
    version: int = 0

    @classmethod
    def from_item(cls, item: Item | None) -> "Listing":
        """Read the list."""
        if item is None:
            return cls()
        entries = json.loads(zlib.decompress(item["entries"]))
        return cls(tuple(Entry(*entry) for entry in entries), item["version"])

    def to_item(self) -> Item:
        """Write the list."""
        return {"version": self.version, "entries": zlib.compress(json.dumps(self.entries).encode())}

    def unfinished(self) -> list[str]:
        """Return the ids of those that may be unfinished."""
        return [entry.id for entry in self.entries if entry.may_be_unfinished]

    def expired(self, now: datetime) -> list[str]:
        """Return the ids of those whose time is over, oldest first."""
        return [entry.id for entry in reversed(self.entries) if entry.expires_at <= now.timestamp()]

    def find(self, key: str, now: datetime) -> Entry | None:
        """Return the export that was created with the Idempotency-Key of this digest."""
        oldest = (now - KEY_LIFETIME).timestamp()
        return next((entry for entry in self.entries if entry.key == key and entry.created_at > oldest), None)

    def with_ended(self, ids: Collection[str]) -> "Listing":
        """Note that these have ended."""
        return replace(
            self,
            entries=tuple(
                entry._replace(may_be_unfinished=False) if entry.id in ids else entry for entry in self.entries
            ),
        )

    def without(self, ids: Collection[str]) -> "Listing":
        """Leave these out."""
        return replace(self, entries=tuple(entry for entry in self.entries if entry.id not in ids))

    def with_new(self, new: Entry, now: datetime) -> "Listing":
        """Return the next version of the list, which begins with this one. Forget keys that are too old."""
        oldest = (now - KEY_LIFETIME).timestamp()
        entries = (entry if entry.created_at > oldest else entry._replace(key="", body="") for entry in self.entries)
        return Listing((new, *entries), self.version + 1)


def digest(value: Any) -> str:
    """Digest a JSON value, however it is formatted."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
