"""Records out of JSON files, however their exporter laid them out."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_CHUNK = 1 << 20
_LARGEST_RECORD = 16 << 20
_BETWEEN_RECORDS = re.compile(r"[\s,\[\]\ufeff]*")
_ON_NEXT_LINE = re.compile(r"\n\s*(?=\{)")
_AFTER_ANOTHER = re.compile(r"\}\s*,?\s*(?=\{)")
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be used, where it stands and why."""

    file: Path
    position: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, character {self.position}: {self.reason}"


@dataclass(frozen=True)
class Record:
    """A JSON value, and where it stands."""

    file: Path
    position: int
    value: Any

    def bad(self, reason: str) -> BadRecord:
        return BadRecord(self.file, self.position, reason)


def files_under(paths: Iterable[Path]) -> Iterator[Path]:
    """These files, and the files in these folders in the order of their names; hidden ones are left out."""
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("[!.]*")) if file.is_file())
        elif path.is_file():
            yield path
        else:
            raise FileNotFoundError(f"{path} is neither a file nor a folder")


def records_of(file: Path) -> Iterator[Record | BadRecord]:
    """The records of a file: JSON Lines, objects one after the other as Firehose writes them, or arrays; plain or gzip.

    After what is not JSON, reading goes on at the next object. Memory is bounded whatever the file's size.
    """
    try:
        with file.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file, "rt", encoding="utf-8") if zipped else file.open(encoding="utf-8") as text:
            yield from _records(file, text)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        yield BadRecord(file, 0, f"cannot be read to its end: {error}")


def _records(file: Path, text: IO[str]) -> Iterator[Record | BadRecord]:
    buffer, at, passed, ended = "", 0, 0, False
    while True:
        at = _BETWEEN_RECORDS.match(buffer, at).end()  # type: ignore[union-attr]
        try:
            value, end = _decode(buffer, at)
            complete = ended or end < len(buffer)  # a number at the end may go on in the next chunk
        except (ValueError, RecursionError) as error:
            complete, reason = ended or len(buffer) - at > _LARGEST_RECORD, error
            if complete and at < len(buffer):
                yield BadRecord(file, passed + at, f"is not JSON: {reason}")
                at = _next_start(buffer, at)
                continue
        else:
            if complete:
                yield Record(file, passed + at, value)
                at = end
                continue
        if ended:
            return
        chunk = text.read(max(_CHUNK, len(buffer) - at))
        ended = not chunk
        passed, buffer, at = passed + at, buffer[at:] + chunk, 0


def _next_start(buffer: str, at: int) -> int:
    """Where the next record may start: at the next object on a line of its own, else at the next one after another."""
    following = _ON_NEXT_LINE.search(buffer, at + 1) or _AFTER_ANOTHER.search(buffer, at + 1)
    return following.end() if following else len(buffer)
