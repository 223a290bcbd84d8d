"""Read records from JSON files in any of the layouts that exporters write."""

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_CHUNK = 1 << 20  # characters
_LARGEST_RECORD = 16 << 20  # characters
_BETWEEN_RECORDS = re.compile(r"[\s,\[\]\ufeff]*")
_OBJECT_ON_NEXT_LINE = re.compile(r"\n\s*(?=\{)")
_OBJECT_AFTER_OBJECT = re.compile(r"\}\s*,?\s*(?=\{)")
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True)
class BadRecord:
    """Report a record that cannot be used: its file, its position in characters, and the reason."""

    file: Path
    position: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, character {self.position}: {self.reason}"


@dataclass(frozen=True)
class Record:
    """Hold a JSON value with its file and its position in characters."""

    file: Path
    position: int
    value: Any

    def bad(self, reason: str) -> BadRecord:
        return BadRecord(self.file, self.position, reason)


def list_files(paths: Iterable[Path]) -> Iterator[Path]:
    """List files, and the files in folders, sorted by name and without hidden ones.

    Raises:
        FileNotFoundError: A path is neither a file nor a folder.
    """
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("[!.]*")) if file.is_file())
        elif path.is_file():
            yield path
        else:
            raise FileNotFoundError(f"{path} is neither a file nor a folder")


def read_records(file: Path) -> Iterator[Record | BadRecord]:
    """Read the records of a file with bounded memory.

    The file may have JSON Lines, concatenated objects as Firehose writes them, or arrays, each plain or as gzip. After
    text that is not JSON, reading continues at the next object.
    """
    try:
        with file.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file, "rt", encoding="utf-8") if zipped else file.open(encoding="utf-8") as text:
            yield from _read_text(file, text)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        yield BadRecord(file, 0, f"cannot be read to its end: {error}")


def _read_text(file: Path, text: IO[str]) -> Iterator[Record | BadRecord]:
    buffer, at, dropped, ended = "", 0, 0, False  # `dropped` characters came before the buffer
    while True:
        at = _BETWEEN_RECORDS.match(buffer, at).end()  # type: ignore[union-attr]
        try:
            value, end = _decode(buffer, at)
            complete = ended or end < len(buffer)  # the next chunk may continue a number at the end
        except (ValueError, RecursionError) as error:
            complete, reason = ended or len(buffer) - at > _LARGEST_RECORD, error
            if complete and at < len(buffer):
                yield BadRecord(file, dropped + at, f"is not JSON: {reason}")
                at = _find_next_start(buffer, at)
                continue
        else:
            if complete:
                yield Record(file, dropped + at, value)
                at = end
                continue
        if ended:
            return
        chunk = text.read(max(_CHUNK, len(buffer) - at))
        ended = not chunk
        dropped, buffer, at = dropped + at, buffer[at:] + chunk, 0


def _find_next_start(buffer: str, at: int) -> int:
    """Find the next object that starts on a line of its own, or else the next one that follows an object."""
    following = _OBJECT_ON_NEXT_LINE.search(buffer, at + 1) or _OBJECT_AFTER_OBJECT.search(buffer, at + 1)
    return following.end() if following else len(buffer)
