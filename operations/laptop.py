"""Where scripts/serve listens, so that other commands find it without being told."""

import json
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

# A note for each running scripts/serve, under its process id.
NOTES = Path(__file__).parent.parent / ".serving"


class Laptop(NamedTuple):
    """The addresses of the service and of the AWS stand-in behind it, and the stand-in's region."""

    address: str
    aws_url: str
    region: str


def note_serving(laptop: Laptop) -> None:
    """Leave a note for other commands. It stays until `forget_serving`."""
    NOTES.mkdir(exist_ok=True)
    _own_note().write_text(json.dumps(laptop))


def forget_serving() -> None:
    """Take this process's note away."""
    _own_note().unlink(missing_ok=True)


def find_laptop() -> Laptop:
    """Return the latest scripts/serve that runs at the ports PORT and AWS_PORT, or at any if these are not set.

    Without one, return where it would be.
    """
    port, aws_port = os.environ.get("PORT"), os.environ.get("AWS_PORT")
    for laptop in _read_notes():
        if port in (None, _port(laptop.address)) and aws_port in (None, _port(laptop.aws_url)):
            return laptop
    host = os.environ.get("HOST", "127.0.0.1")
    return Laptop(f"http://{host}:{port or 8080}", f"http://{host}:{aws_port or 4566}", "eu-west-2")


def _read_notes() -> list[Laptop]:
    """Read the notes, the latest first. A process that was killed leaves its note: those are removed."""
    notes = sorted(NOTES.glob("*.json"), key=lambda note: note.stat().st_mtime, reverse=True)
    for note in notes:
        if not _is_running(int(note.stem)):
            note.unlink(missing_ok=True)
    return [Laptop(*json.loads(note.read_text())) for note in notes if note.exists()]


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _own_note() -> Path:
    return NOTES / f"{os.getpid()}.json"


def _port(url: str) -> str:
    return str(urlsplit(url).port)
