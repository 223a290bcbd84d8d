"""Read the commands, the JSON samples and other code of the documentation."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from maintenance.documentation.site import ROOT, sources

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


class Command(NamedTuple):
    """A command in a shell block.

    Attributes:
        document: The path of its document in the repository.
        sample: The JSON block directly after its shell block, if it is the last command there.
    """

    document: str
    text: str
    sample: str | None

    @property
    def words(self) -> list[str]:
        """The words of the command, without comments."""
        return shlex.split(self.text, comments=True)


def documents() -> list[Path]:
    """Return all documents for readers: those of the site."""
    return sorted(sources().values())


def code(document: Path, language: str) -> list[str]:
    """Return the blocks of a document that are in this language."""
    return [textwrap.dedent(block[3]) for block in _BLOCK.finditer(document.read_text()) if block[2] == language]


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
    """Split a block into commands: at each line end that is neither quoted nor escaped."""
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
