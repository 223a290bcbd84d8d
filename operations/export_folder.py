"""The folder of scripts/export: its parts, and a manifest by which the same command goes on where it was broken off."""

import csv
import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from operations.export_api import ExportApi, read_blocks

_MANIFEST = "export.json"
_HTTP_OK, _HTTP_PARTIAL, _OUT_OF_RANGE = 200, 206, 416
_BLOCK = 1 << 20  # bytes


class OtherExportError(Exception):
    """The folder holds what another export has written, or files that are none of ours."""


class DamagedPartError(Exception):
    """A part that was downloaded is not what the service says of it."""


class ExpiredUrlError(Exception):
    """A part's URL does not work any more: a new one is needed."""


@dataclass
class Manifest:
    """What is known of the export of a folder.

    Attributes:
        url: The address of the service.
        parameters: What was asked for.
        body: What was sent.
        attempt: How often such an export was begun: exports that failed, or are gone, are begun again.
        id: The export's id, empty until it is known.
        status: Its last status that is known.
        expected_parts: How many parts it had then.
        parts: The parts that are here, in order: file, contacts, bytes, sha256.
    """

    url: str
    parameters: dict[str, Any]
    body: dict[str, Any]
    attempt: int = 1
    id: str = ""
    status: str = ""
    expected_parts: int = 0
    parts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def idempotency_key(self) -> str:
        """The key by which the service knows this export again, whatever became of its answer."""
        return hashlib.sha256(json.dumps([self.body, self.attempt], sort_keys=True).encode()).hexdigest()

    @property
    def contacts(self) -> int:
        return sum(part["contacts"] for part in self.parts)


class ExportFolder:
    """The folder, and what is in it."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest

    @classmethod
    def open(cls, path: Path, url: str, parameters: Mapping[str, Any]) -> Self | None:
        """Open the folder of an export that was begun before. Return None if there is none.

        Raises:
            OtherExportError: The folder holds something else.
        """
        if not path.exists() or not any(path.iterdir()):
            return None
        try:
            manifest = Manifest(**json.loads((path / _MANIFEST).read_text()))
        except (OSError, ValueError, TypeError):
            raise OtherExportError(f"{path} holds other files: name a new folder, or an empty one") from None
        if (manifest.url, manifest.parameters) != (url, dict(parameters)):
            raise OtherExportError(f"{path} holds another export ({path / _MANIFEST} says which): name a new folder")
        return cls(path, manifest)

    @classmethod
    def create(cls, path: Path, manifest: Manifest) -> Self:
        """Make the folder, with a manifest: what will be asked for is written down before it is."""
        path.mkdir(parents=True, exist_ok=True)
        folder = cls(path, manifest)
        folder.save()
        return folder

    @property
    def is_complete(self) -> bool:
        """Whether all that the export has is here."""
        return self.manifest.status == "succeeded" and len(self.manifest.parts) == self.manifest.expected_parts

    def note(self, export: Mapping[str, Any]) -> None:
        """Write down what the service says of the export."""
        manifest = self.manifest
        seen = (export["id"], export["status"], len(export["parts"]))
        if (manifest.id, manifest.status, manifest.expected_parts) != seen:
            manifest.id, manifest.status, manifest.expected_parts = seen
            self.save()

    def save(self) -> None:
        """Write the manifest, so that a reader sees the old one or the new one."""
        aside = self.path / f"{_MANIFEST}.new"
        aside.write_text(json.dumps(asdict(self.manifest), indent=2) + "\n")
        aside.replace(self.path / _MANIFEST)

    def begin_again(self) -> None:
        """Forget the export and its parts. The next one is for the same window, with a key of its own."""
        for path in self.path.glob("contacts*"):
            path.unlink()
        self.manifest.attempt += 1
        self.manifest.id = self.manifest.status = ""
        self.manifest.expected_parts, self.manifest.parts = 0, []
        self.save()

    def download(self, api: ExportApi, part: Mapping[str, Any]) -> None:
        """Download the next part, or the rest of it, and check it.

        Raises:
            ExpiredUrlError: Its URL does not work any more.
            UnreachableError: The download broke off.
            DamagedPartError: It is not what it should be.
        """
        number = len(self.manifest.parts) + 1
        path = self.path / f"contacts-{number:05}.{self.manifest.body['format']}.gz"
        partial = path.with_name(f"{path.name}.partial")
        _fetch(api, part["url"], partial, part["bytes"])
        _check(partial, part)
        partial.replace(path)
        known = {name: part[name] for name in ("contacts", "bytes", "sha256")}
        self.manifest.parts.append({"file": path.name, **known})
        self.save()

    def check_parts(self) -> None:
        """Forget the parts, from the first on that is not here any more, so that they are downloaded again."""
        for number, part in enumerate(self.manifest.parts):
            path = self.path / part["file"]
            if not path.is_file() or path.stat().st_size != part["bytes"]:
                del self.manifest.parts[number:]
                self.save()
                return

    def join(self) -> Path:
        """Write all contacts into one file, uncompressed and with one header, and return its path."""
        path = self.path / f"contacts.{self.manifest.body['format']}"
        aside = path.with_name(f"{path.name}.new")
        parts = [self.path / part["file"] for part in self.manifest.parts]
        _join_csv(parts, aside) if self.manifest.body["format"] == "csv" else _join_lines(parts, aside)
        aside.replace(path)
        return path


def _fetch(api: ExportApi, url: str, path: Path, size: int) -> None:
    """Append what is missing to a file that may have a beginning already."""
    have = path.stat().st_size if path.exists() else 0
    if have >= size:
        return  # all of it, or too much: the check says which
    response = api.open_part(url, have)
    try:
        if response.status not in (_HTTP_OK, _HTTP_PARTIAL):
            if response.status == _OUT_OF_RANGE:
                path.unlink()
            raise ExpiredUrlError
        with path.open("ab" if response.status == _HTTP_PARTIAL else "wb") as file:
            for block in read_blocks(response):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    finally:
        response.release_conn()


def _check(path: Path, part: Mapping[str, Any]) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if path.stat().st_size != part["bytes"] or digest != part["sha256"]:
        path.unlink()
        raise DamagedPartError(f"{path.stem} has another SHA-256 than the service says")


def _join_lines(parts: Sequence[Path], path: Path) -> None:
    with path.open("wb") as joined:
        for part in parts:
            with gzip.open(part) as source:
                shutil.copyfileobj(source, joined, _BLOCK)


def _join_csv(parts: Sequence[Path], path: Path) -> None:
    """Join tables. A version of the service that took over in between may have added columns."""
    columns = list(dict.fromkeys(column for part in parts for column in _header(part)))
    with path.open("w", encoding="utf-8", newline="") as joined:
        writer = csv.DictWriter(joined, columns, restval="")
        writer.writeheader()
        for part in parts:
            writer.writerows(_rows(part))


def _header(part: Path) -> list[str]:
    with gzip.open(part, "rt", encoding="utf-8", newline="") as text:
        return next(csv.reader(text), [])


def _rows(part: Path) -> Iterator[dict[str, str]]:
    with gzip.open(part, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)
