"""Read the commands and the JSON samples of the documentation."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


class Command(NamedTuple):
    """A command of a shell block.

    Attributes:
        document: Its path in the repository.
        sample: The JSON block that follows, if this is the block's last command and nothing but that block does.
    """

    document: str
    text: str
    sample: str | None

    @property
    def words(self) -> list[str]:
        """The words, without comments."""
        return shlex.split(self.text, comments=True)


def documents() -> list[Path]:
    """Return all documents that have commands for readers."""
    folders = (ROOT / name for name in ("docs", "benchmarks", "examples", "clients"))
    found = [path for folder in folders for path in sorted(folder.rglob("*.md"))]
    return [ROOT / "README.md", *(path for path in found if "node_modules" not in path.parts)]


def commands(document: Path) -> Iterator[Command]:
    """Yield the commands of a document in their order."""
    text = document.read_text()
    blocks = list(_BLOCK.finditer(text))
    for block, following in zip_longest(blocks, blocks[1:]):
        if block[2] not in ("sh", "bash", "shell", "console"):
            continue
        is_sample = following and following[2] == "json" and not text[block.end() : following.start()].strip()
        split = _split(textwrap.dedent(block[3]))
        for number, command in enumerate(split, start=1):
            sample = following[3] if following and is_sample and number == len(split) else None
            yield Command(str(document.relative_to(ROOT)), command, sample)


def _split(block: str) -> list[str]:
    """Split a block where a line ends outside of quotes and without a backslash."""
    split, lines = [], ""
    for line in block.splitlines(keepends=True):
        lines += line
        if not lines.rstrip("\n").endswith("\\") and _is_complete(lines):
            split.append(lines.strip())
            lines = ""
    assert not lines, f"the last command does not end: {lines}"
    return [command for command in split if command and not command.startswith("#")]


def _is_complete(lines: str) -> bool:
    try:
        shlex.split(lines, comments=True)
    except ValueError:  # no closing quotation
        return False
    return True
