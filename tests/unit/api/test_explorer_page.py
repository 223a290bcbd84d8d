"""Test how the explorer and its files are served."""

import gzip
import json
import re
from html import unescape
from pathlib import Path

import pytest

from contact_search.api import explorer_page
from tests.unit.api.conftest import Response, Send

FOLDER = Path(explorer_page.__file__).with_name("explorer")
FILES = sorted(path.name for path in FOLDER.iterdir() if path.name != "index.html")


def get_page(send: Send, path: str = "/", **headers: str) -> Response:
    context = {"requestId": "request-1", "path": path}
    return send("GET", "/", headers=headers, requestContext=context)


def get_file(send: Send, file: str, version: str | None = None, **headers: str) -> Response:
    version = version or version_of(get_page(send))
    parameters = {"version": version, "file": file}
    return send("GET", "/explorer/{version}/{file}", headers=headers, pathParameters=parameters)


def version_of(page: Response) -> str:
    [version] = set(re.findall(r'"explorer/(\w+)/', page.body))
    return str(version)


def test_the_page_is_checked_each_time_and_its_files_are_kept(send: Send) -> None:
    page = get_page(send)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == "public, no-cache"
    for file in FILES:
        response = get_file(send, file)
        assert response.status == 200
        assert response.body == (FOLDER / file).read_text()
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"].startswith("text/css" if file.endswith(".css") else "text/javascript")
        assert response.headers["x-content-type-options"] == "nosniff"


def test_an_unchanged_file_is_not_sent_again(send: Send) -> None:
    etag = get_page(send).headers["etag"]
    again = get_page(send, **{"if-none-match": etag})
    assert (again.status, again.body, again.headers["etag"]) == (304, "", etag)
    assert get_page(send, **{"if-none-match": '"other"'}).status == 200


def test_a_file_of_another_version_is_not_kept(send: Send) -> None:
    """During a rollout the page may come from a newer version, whose folder this one does not know."""
    response = get_file(send, "main.js", version="another")
    assert (response.status, response.headers["cache-control"]) == (200, "public, no-cache")


@pytest.mark.parametrize("file", ["nothing.js", "index.html", "..", "../app.py", "main.js.map", "%2e%2e"])
def test_no_other_files_are_served(send: Send, file: str) -> None:
    assert get_file(send, file).status == 404


@pytest.mark.parametrize(
    ("path", "location"), [("/live", "live/"), ("/base/live", "live/"), ("/live/", None), ("/", None), (None, None)]
)
def test_a_stage_without_a_slash_is_redirected_as_references_are_relative(
    send: Send, path: str, location: str | None
) -> None:
    response = get_page(send, path)
    assert response.headers.get("location") == location
    assert response.status == (308 if location else 200)


def test_the_page_and_its_files_may_load_and_run_nothing_else(send: Send) -> None:
    page = get_page(send)
    policy = dict(directive.split(" ", 1) for directive in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<style|style=|<script(?! type=\"module\" src=)|\son\w+=|javascript:", page.body)
    references = re.findall(r'(?:src|href)="([^"#]+)"', page.body)
    assert all(not re.match(r"/|\w+:", reference) or reference.startswith("data:") for reference in references)


SIGN_IN = {
    "sign_in_client_id": 'explorer"><script>',
    "sign_in_issuer": "https://issuer.example/pool",
    "sign_in_authorization_endpoint": "https://login.example/authorize",
    "sign_in_token_endpoint": "https://login.example/token?p=policy",
    "sign_in_scopes": "openid contacts",
    "sign_in_parameters": "audience=contacts&prompt=select_account",
}


@pytest.mark.parametrize("more_settings", [SIGN_IN], ids=["sign-in"])
def test_the_page_knows_the_issuer_and_may_ask_it_for_tokens(send: Send) -> None:
    page = get_page(send)
    assert "connect-src 'self' https://login.example/token;" in page.headers["content-security-policy"]
    [content] = re.findall(r'<meta name="sign-in" content="([^"]*)">', page.body)
    assert json.loads(unescape(content)) == {
        "issuer": "https://issuer.example/pool",
        "client_id": 'explorer"><script>',
        "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": "https://login.example/token?p=policy",
        "end_session_endpoint": "",
        "scopes": ["openid", "contacts"],
        "parameters": {"audience": "contacts", "prompt": "select_account"},
    }
    assert page.headers["cache-control"] == "public, no-cache"
    again = get_page(send, **{"if-none-match": page.headers["etag"]})
    assert again.status == 304


def test_without_an_issuer_for_people_the_page_knows_none(send: Send) -> None:
    assert '<meta name="sign-in" content="null">' in get_page(send).body


def test_modules_import_only_each_other(send: Send) -> None:
    sources = {path.name: path.read_text() for path in FOLDER.glob("*.js")}
    imported = {name for source in sources.values() for name in re.findall(r'from "(.*?)"', source)}
    assert {name.removeprefix("./") for name in imported} | {"main.js"} == set(sources)
    assert not any(
        re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", source)
        for source in sources.values()
    )
    assert "main.js" in get_page(send).body


def test_all_files_together_are_small() -> None:
    assert sum(len(gzip.compress(path.read_bytes())) for path in FOLDER.iterdir()) < 60_000
