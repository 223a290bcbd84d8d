"""Find the links and headings of a Markdown document, and the links that lead nowhere."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

_CODE = re.compile(r"^ *(`{3,})[^`\n]*\n.*?^ *\1 *$|(`+)(?!`).+?(?<!`)\2(?!`)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


class Link(NamedTuple):
    """A link of a document, such as `[text](path#anchor)`."""

    text: str
    target: str

    @property
    def path(self) -> str:
        """The path, which is empty if it leads to a heading of its own document."""
        return unquote(self.target.partition("#")[0])

    @property
    def anchor(self) -> str:
        """The heading, which is empty if it leads to a whole document."""
        return self.target.partition("#")[2]

    @property
    def is_external(self) -> bool:
        """Whether it leads to another site."""
        return bool(re.match(r"[a-z][a-z+.-]*:", self.target))


def links(text: str) -> Iterator[Link]:
    """Yield the links of a document in their order, without those in code."""
    for match in _LINK.finditer(_without_code(text)):
        yield Link(text[slice(*match.span("text"))], match["target"])


def replace_links(text: str, replacement: Callable[[Link], str]) -> str:
    """Return the document with each link replaced."""
    parts, end = [], 0
    for match in _LINK.finditer(_without_code(text)):
        link = Link(text[slice(*match.span("text"))], match["target"])
        parts += [text[end : match.start()], replacement(link)]
        end = match.end()
    return "".join([*parts, text[end:]])


def anchors(text: str) -> set[str]:
    """Return what links can name of a document: its headings, as GitHub and the site spell them."""
    found: set[str] = set()
    masked = re.sub(r"^ *(`{3,})[^`\n]*\n.*?^ *\1 *$", "", text, flags=re.DOTALL | re.MULTILINE)
    for heading in _HEADING.findall(masked):
        plain = _LINK.sub(r"\g<text>", heading).replace("`", "")
        found.add(re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-"))
    return found


def broken_links(document: Path, root: Path) -> list[str]:
    """Return the targets in a document that do not exist: files outside or inside of the root, and headings."""
    return [
        link.target
        for link in links(document.read_text())
        if not link.is_external and not _leads_somewhere(link, document, root)
    ]


def _leads_somewhere(link: Link, document: Path, root: Path) -> bool:
    target = (document.parent / link.path).resolve() if link.path else document
    if link.path.startswith("/") or not target.is_relative_to(root) or not target.exists():
        return False
    return not link.anchor or (target.suffix == ".md" and link.anchor in _anchors_of(target))


@cache
def _anchors_of(document: Path) -> set[str]:
    return anchors(document.read_text())


def _without_code(text: str) -> str:
    """Blank the code of a document, so that everything else stays where it is."""
    return _CODE.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), text)
