"""Write the parts of an export into one file."""

import gzip
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from contact_search_client.models import ExportPart


class ExportFile:
    """A file that is written part by part, and is there when all parts are."""

    def __init__(self, write: Callable[[bytes], object], *, has_headers: bool) -> None:
        self._write = write
        self._has_headers = has_headers
        self._header: bytes | None = None
        self.parts = 0

    def append(self, part: bytes) -> bool:
        """Append the contacts of a part. Return False if its columns are not those of the parts before."""
        content = gzip.decompress(part)
        if self._has_headers:
            header = io.BytesIO(content).readline()
            if self._header is not None:
                if header != self._header:
                    return False
                content = content[len(header) :]
            self._header = header
        self._write(content)
        self.parts += 1
        return True


@contextmanager
def open_export_file(path: Path, *, has_headers: bool) -> Iterator[ExportFile]:
    """Write beside the path, and move the file there once all is written. A path with `.gz` is compressed."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with gzip.open(partial, "wb") if path.suffix == ".gz" else partial.open("wb") as file:
            yield ExportFile(file.write, has_headers=has_headers)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def download(http: httpx.Client, part: ExportPart) -> bytes | None:
    """Download a part and check it. Return None if that failed, and may succeed with a new URL.

    Its URL is all the credential that it needs.
    """
    try:
        response = http.get(part.url)
    except httpx.TransportError:
        return None
    if not response.is_success or hashlib.sha256(response.content).hexdigest() != part.sha256:
        return None
    return response.content
