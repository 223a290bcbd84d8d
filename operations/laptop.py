"""Where scripts/serve listens, so that other commands find it without being told."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
_NOTE = ROOT / ".serving.json"


class Laptop(NamedTuple):
    """The addresses of the service and of the AWS stand-in behind it, and the stand-in's region."""

    address: str
    aws_url: str
    region: str


def note_serving(laptop: Laptop) -> None:
    """Leave a note for other commands. It stays until `forget_serving`."""
    _NOTE.write_text(json.dumps(laptop._asdict() | {"pid": os.getpid()}))


def forget_serving() -> None:
    """Take this process's own note away. Another scripts/serve may have left a newer one."""
    if _read_note().get("pid") == os.getpid():
        _NOTE.unlink(missing_ok=True)


def find_laptop() -> Laptop:
    """Return where HOST, PORT and AWS_PORT say, else where the latest scripts/serve is, else its default ports."""
    note = _read_note()
    host = os.environ.get("HOST", "127.0.0.1")
    address, aws_url = f"http://{host}:8080", f"http://{host}:4566"
    if note:
        address, aws_url = note["address"], note["aws_url"]
    if "PORT" in os.environ:
        address = f"http://{host}:{os.environ['PORT']}"
    if "AWS_PORT" in os.environ:
        aws_url = f"http://{host}:{os.environ['AWS_PORT']}"
    return Laptop(address, aws_url, note.get("region", "eu-west-2"))


def _read_note() -> dict[str, Any]:
    try:
        return dict(json.loads(_NOTE.read_text()))
    except (OSError, ValueError):
        return {}
