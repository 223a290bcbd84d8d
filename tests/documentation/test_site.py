"""Links of the documents lead somewhere, and the site has every document."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from maintenance.documentation import site
from maintenance.documentation.links import anchors, broken_links, links
from maintenance.documentation.reference import operations_page, schemas_page
from maintenance.documentation.site import (
    CONFIGURATION,
    GENERATED,
    ROOT,
    llms_txt,
    page_of,
    pages_of_navigation,
    sources,
)

OPENAPI = json.loads((ROOT / "openapi.json").read_text())
SITE = tomllib.loads(CONFIGURATION.read_text())


def documents() -> list[Path]:
    """Return every Markdown document of the repository."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [ROOT / name for name in listed.stdout.split()]


def test_every_link_of_a_document_leads_somewhere() -> None:
    found = {str(document.relative_to(ROOT)): broken_links(document, ROOT) for document in documents()}
    assert {document: targets for document, targets in found.items() if targets} == {}
    assert sum(1 for document in documents() for _ in links(document.read_text())) > 50


@pytest.mark.parametrize(
    ("target", "is_broken"),
    [
        ("page.md", False),
        ("page.md#a-heading-with-code", False),
        ("#here", False),
        ("https://example.com/#anything", False),
        ("missing.md", True),
        ("page.md#missing", True),
        ("#missing", True),
        ("../outside.md", True),
        ("/page.md", True),
    ],
)
def test_a_link_is_broken_without_its_file_or_heading(target: str, is_broken: bool, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (tmp_path / "outside.md").touch()
    (root / "page.md").write_text("# A heading, with `code`\n")
    (root / "start.md").write_text(
        f"## Here\n[text]({target})\n\n```sh\n[code](missing-too.md)\n```\n`[code](missing-too.md)`\n"
    )
    assert broken_links(root / "start.md", root) == ([target] if is_broken else [])


def test_a_comment_in_a_command_is_no_heading() -> None:
    assert anchors("# One\n```sh\n# two\n```\n## Three: `four` & [five](six.md)\n") == {"one", "three-four--five"}


def test_the_navigation_has_every_page_of_the_site() -> None:
    in_navigation = [page for _, page in pages_of_navigation(SITE["project"]["nav"])]
    assert sorted(in_navigation) == sorted([*sources(), *GENERATED])


@pytest.mark.parametrize(
    ("document", "page"),
    [
        ("README.md", "index.md"),
        ("CHANGELOG.md", "changelog.md"),
        ("docs/guide.md", "guide.md"),
        ("docs/decisions/README.md", "decisions/index.md"),
        ("examples/dlt/README.md", "examples/dlt/index.md"),
    ],
)
def test_docs_is_the_root_of_the_site(document: str, page: str) -> None:
    assert page_of(ROOT / document) == page


def test_llms_txt_lists_every_page_as_markdown() -> None:
    title, _, summary, *lines = llms_txt(SITE, "https://docs.example.com/").splitlines()
    assert title == "# Contact search"
    assert summary.startswith("> ")
    assert "Amazon Connect Customer" in summary
    listed = [
        re.fullmatch(r"- \[.+\]\(https://docs\.example\.com/(.+\.md)\)(: .+)?", line)
        for line in lines
        if line[:1] == "-"
    ]
    assert [match and match[1] for match in listed] == [page for _, page in pages_of_navigation(SITE["project"]["nav"])]
    sections = [line for line in lines if line.startswith("#")]
    assert sections == [f"## {title}" for entry in SITE["project"]["nav"] for title in entry]


def test_every_description_is_of_a_page() -> None:
    pages = {page for _, page in pages_of_navigation(SITE["project"]["nav"])}
    assert SITE["project"]["extra"]["descriptions"].keys() <= pages


def test_the_reference_has_every_request_parameter_and_schema() -> None:
    page, schemas = operations_page(OPENAPI), schemas_page(OPENAPI)
    for path, item in OPENAPI["paths"].items():
        for method, operation in item.items():
            assert f"\n### {method.upper()} {path}\n" in page
            assert all(f"\n| `{parameter['name']}` | " in page for parameter in operation.get("parameters", ()))
    linked = {link.anchor for text in (page, schemas) for link in links(text) if link.path == "schemas.md"}
    assert linked <= anchors(schemas)
    assert {name.lower() for name in OPENAPI["components"]["schemas"]} <= anchors(schemas)


@pytest.mark.parametrize(
    ("repository", "license_link"),
    [
        (None, "Licensed under the Apache License 2.0."),
        (
            "https://example.com/us",
            "Licensed under the [Apache License 2.0](https://example.com/us/blob/main/LICENSE).",
        ),
    ],
)
def test_links_of_the_pages_lead_to_pages_or_to_the_repository(
    repository: str | None, license_link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "PAGES", tmp_path)
    site.write_pages(repository)
    pages = sorted(tmp_path.rglob("*.md"))
    assert {page.relative_to(tmp_path).as_posix() for page in pages} == {*sources(), *GENERATED}
    assert {page.name: targets for page in pages if (targets := broken_links(page, tmp_path))} == {}
    assert license_link in (tmp_path / "index.md").read_text()
    assert (tmp_path / "guide.md").read_text().startswith('---\ndescription: "How callers use it')
    assert '<script src="../mermaid.tiny.js"></script>' in (tmp_path / "architecture.md").read_text()


@pytest.mark.parametrize(
    ("html", "foreign"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', {"https://cdn.example.com/a.js"}),
        ("<link rel=stylesheet href=//fonts.example.com/b.css>", {"//fonts.example.com/b.css"}),
        ('<img alt="" src="http://example.com/c.png">', {"http://example.com/c.png"}),
        ('<a href="https://example.com">a link</a> <script src="assets/d.js"></script>', set()),
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_found(html: str, foreign: set[str]) -> None:
    assert site.foreign_references(html) == foreign
