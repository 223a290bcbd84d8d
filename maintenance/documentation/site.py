"""Build the documentation site: scripts/docs."""

import argparse
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from maintenance.documentation.links import Link, replace_links
from maintenance.documentation.reference import operations_page, schemas_page

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "zensical.toml"
PAGES = ROOT / ".documentation" / "pages"
SITE = ROOT / ".documentation" / "site"
_SOURCES = (
    "*.md",
    "docs/**/*.md",
    "benchmarks/README.md",
    "clients/*/README.md",
    "examples/**/README.md",
    "maintenance/README.md",
    "scripts/README.md",
)
GENERATED = ("reference/index.md", "reference/schemas.md")
# The theme would load Mermaid from another site if it were not there.
_MERMAID = Path("node_modules") / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
_SCRIPT = '<script src="{}{}"></script>'


class ForeignReferencesError(Exception):
    """The site would load something from another site."""


def sources() -> dict[str, Path]:
    """Return the documents of the site by their path in it."""
    return {
        page_of(path): path
        for pattern in _SOURCES
        for path in sorted(ROOT.glob(pattern))
        if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
    }


def page_of(path: Path) -> str:
    """Return where the site has a document: docs/ is its root, and a README is the page of its folder."""
    relative = path.relative_to(ROOT)
    folder = relative.parent.as_posix().removeprefix("docs").lstrip("./")
    name = "index.md" if relative.name == "README.md" else relative.name.lower()
    return f"{folder}/{name}" if folder else name


def write_pages(repository: str | None) -> None:
    """Write the pages of the site as Markdown."""
    shutil.rmtree(PAGES, ignore_errors=True)
    found = sources()
    for page, path in found.items():
        _write(page, _with_links_of_the_site(path, page, found, repository))
    document = json.loads((ROOT / "openapi.json").read_text())
    for page, text in zip(GENERATED, (operations_page(document), schemas_page(document)), strict=True):
        _write(page, text)
    shutil.copy(ROOT / "openapi.json", PAGES)


def llms_txt(configuration: Mapping[str, Any], address: str) -> str:
    """Return the site's contents for language models (llmstxt.org): each page as Markdown."""
    project = configuration["project"]
    descriptions = project["extra"]["descriptions"]
    lines = [f"# {project['site_name']}", "", f"> {project['site_description']}", ""]
    lines += ["The OpenAPI 3.1 document of the API is [openapi.json](openapi.json).".replace("(", f"({address}"), ""]
    for section, pages in _sections(project["nav"]):
        lines += [f"## {section}", ""]
        for title, page in pages:
            described = f": {descriptions[page]}" if page in descriptions else ""
            lines.append(f"- [{title}]({address}{page}){described}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def pages_of_navigation(entries: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield the title and the page of each entry of the navigation."""
    for entry in entries:
        for title, target in entry.items():
            if isinstance(target, str):
                yield title, target
            else:
                yield from pages_of_navigation(target)


def _sections(navigation: list[Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for entry in navigation:
        for title, target in entry.items():
            yield title, list(pages_of_navigation([entry] if isinstance(target, str) else target))


def _with_links_of_the_site(path: Path, page: str, found: Mapping[str, Path], repository: str | None) -> str:
    page_by_path = {source: name for name, source in found.items()}

    def replacement(link: Link) -> str:
        anchor = f"#{link.anchor}" if link.anchor else ""
        if link.is_external or not link.path:
            return f"[{link.text}]({link.target})"
        target = (path.parent / link.path).resolve()
        index = target / "README.md"
        known = page_by_path.get(target) or page_by_path.get(index)
        if target == ROOT / "openapi.json":
            known = "openapi.json"
        if known:
            return f"[{link.text}]({os.path.relpath(known, Path(page).parent)}{anchor})"
        if repository:
            return f"[{link.text}]({repository}/blob/main/{quote(target.relative_to(ROOT).as_posix())}{anchor})"
        return link.text

    text = replace_links(path.read_text(), replacement)
    if "```mermaid" in text:
        to_root = "../" * (page.count("/") + (Path(page).name != "index.md"))
        text += f"\n{_SCRIPT.format(to_root, _MERMAID.name)}\n"
    return text


def _configuration() -> Mapping[str, Any]:
    return tomllib.loads(CONFIGURATION.read_text())


def _write(page: str, text: str) -> None:
    path = PAGES / page
    path.parent.mkdir(parents=True, exist_ok=True)
    description = _configuration()["project"]["extra"]["descriptions"].get(page)
    path.write_text(f"---\ndescription: {json.dumps(description)}\n---\n\n{text}" if description else text)


def foreign_references(html: str) -> set[str]:
    """Return what a page would load from other sites."""
    return set(
        re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""", html)
    )


def build(repository: str | None, address: str) -> None:
    """Build the site.

    Raises:
        CalledProcessError: If a link or an anchor leads nowhere.
        ForeignReferencesError: If a page would load something from another site.
    """
    write_pages(repository)
    for asset in (_MERMAID, "site.css"):
        shutil.copy(Path(__file__).parent / asset, PAGES)
    shutil.rmtree(SITE, ignore_errors=True)
    subprocess.run(["zensical", "build", "--clean", "--strict"], cwd=ROOT, check=True)  # noqa: S607 - of the lock
    shutil.copytree(PAGES, SITE, dirs_exist_ok=True)  # each page as Markdown too
    (SITE / "llms.txt").write_text(llms_txt(_configuration(), address))
    foreign = {reference for page in SITE.rglob("*.html") for reference in foreign_references(page.read_text())}
    if foreign:
        raise ForeignReferencesError(f"Pages would load {', '.join(sorted(foreign))}")


def main() -> None:
    """Build the site, and serve it if asked to."""
    parser = argparse.ArgumentParser(
        prog="scripts/docs", description="Build the documentation site in .documentation/site."
    )
    parser.add_argument("--serve", action="store_true", help="then serve it on http://127.0.0.1:8000")
    parser.add_argument("--repository", metavar="URL", help="link to the files of this repository, such as on GitHub")
    parser.add_argument("--address", metavar="URL", default="", help="the address of the site, for llms.txt")
    options = parser.parse_args()
    try:
        build(options.repository, f"{options.address.rstrip('/')}/" if options.address else "")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    except ForeignReferencesError as error:
        sys.exit(str(error))
    print(f"The site is in {SITE.relative_to(ROOT)}, {sum(1 for _ in SITE.rglob('*.html'))} pages")
    if options.serve:
        print("Serving it on http://127.0.0.1:8000")
        handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
        http.server.ThreadingHTTPServer(("127.0.0.1", 8000), handler).serve_forever()


if __name__ == "__main__":
    main()
