"""Write contacts as lines of NDJSON or CSV."""

import csv
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter

from contact_search.amazon_connect.contact import Contact
from contact_search.search.model import Search

# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COMPRESSION = 6
_GZIP = 31  # zlib's window bits of 32 KB, as a gzip file
# Members that are there only if names were asked for.
_NAMES = {("queue_info", "name"): "queue", ("agent_info", "username"): "agent"}
_CONTACT = TypeAdapter(Contact)


class PartWriter:
    """Collect contacts in memory as one gzip file, which depends on nothing but them."""

    def __init__(self, search: Search, file_format: str) -> None:
        """Write contacts with the fields and names that the search asks for."""
        self.contacts = 0
        self._include = {*search.fields, "id"} if search.fields else None
        self._columns = csv_columns(search) if file_format == "csv" else None
        self._content = bytearray()
        self._gzip = zlib.compressobj(_COMPRESSION, wbits=_GZIP)

    def write(self, contacts: Sequence[Contact]) -> None:
        """Add contacts."""
        if not contacts:
            return
        if self._columns is None:
            lines = b"".join(self._json_lines(contacts))
        else:
            header = [] if self.contacts else [[".".join(path) for path in self._columns]]
            lines = _csv_lines(header + [self._cells(contact, self._columns) for contact in contacts])
        self._content += self._gzip.compress(lines)
        self.contacts += len(contacts)

    def finish(self) -> tuple[bytes, bytes]:
        """Return the file and its SHA-256 digest."""
        content = bytes(self._content + self._gzip.flush())
        return content, hashlib.sha256(content).digest()

    def _json_lines(self, contacts: Sequence[Contact]) -> Iterator[bytes]:
        for contact in contacts:
            yield _CONTACT.dump_json(contact, include=self._include, exclude_none=True)
            yield b"\n"

    def _cells(self, contact: Contact, columns: Sequence[tuple[str, ...]]) -> list[str]:
        members = contact.model_dump(mode="json", include=self._include, exclude_none=True)
        return [_to_cell(_at(members, path)) for path in columns]


def csv_columns(search: Search) -> list[tuple[str, ...]]:
    """Return the columns of an export, each as the names that lead to its member of a contact."""
    return [
        path
        for path in _paths(Contact)
        if (not search.fields or path[0] == "id" or path[0] in search.fields)
        and (path not in _NAMES or _NAMES[path] in search.expand)
    ]


def _paths(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Yield the paths to the members of a model. Nested members have paths of their own, maps and lists do not."""
    for name, field in model.model_fields.items():
        [member_type] = [option for option in get_args(field.annotation) if option is not NoneType]
        if isinstance(member_type, type) and issubclass(member_type, BaseModel):
            yield from ((name, *path) for path in _paths(member_type))
        else:
            yield (name,)


def _at(members: Any, path: Sequence[str]) -> Any:
    for name in path:
        members = members.get(name) if members else None
    return members


def _to_cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()
