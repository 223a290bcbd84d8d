"""Test scripts/build: zips are small and reproducible, and trees need nothing else."""

import _imp
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
import time_machine

from distribution import build
from distribution.bytecode import compile_tree
from distribution.python import python_like_lambda
from sandbox.clients import FULL_KEY
from sandbox.gateway import lambda_runtime
from sandbox.gateway.proxy_event import Request, Response, build_authorizer_event, build_event, build_response
from tests.clock import CHILD_CLOCK, NOW, real_time_in_processes
from tests.local_server import LocalServer
from tests.oidc_issuer import AUDIENCE, OidcIssuer

# Runs a script that can import from the standard library and one folder only, except for the suite's clock.
_ALONE = """
import runpy, sys
_, clock, site, tree, *sys.argv = sys.argv
sys.path += [clock, site]
import sitecustomize
sys.path[-2:] = [tree]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_AARCH64 = 183  # e_machine of ELF


def answers(tree: Path, events: list[dict[str, Any]], **settings: str) -> list[dict[str, Any]]:
    """Return the answers of the function in this tree to the events, in a process that can import nothing else."""
    handler = f"{tree.name}_handler.handler"
    site = str(Path(time_machine.__file__).parent.parent)
    alone = [sys.executable, "-I", "-S", "-c", _ALONE, str(CHILD_CLOCK), site, str(tree)]
    command = [*alone, lambda_runtime.__file__, tree.name, handler]
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    environment = os.environ | settings
    done = subprocess.run(command, input=lines, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()[1:]]  # it is ready


def event(path: str, headers: Mapping[str, str] | None = None, **parameters: Any) -> dict[str, Any]:
    query = urlencode(parameters).encode()
    made = build_event(Request("GET", path.encode(), query, [*(headers or {}).items()], b"", "127.0.0.1"), "1", path)
    made["requestContext"]["authorizer"] = {"client": "full", "revision": ""}
    return made


def responses(tree: Path, *events: dict[str, Any]) -> list[Response]:
    return [build_response(answer["answer"]) for answer in answers(tree, list(events))]


def test_the_zips_are_small_and_always_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = python_like_lambda()
    with real_time_in_processes(), ThreadPoolExecutor() as threads:
        one, other = threads.map(build.build_for_lambda, (tmp_path / "one", tmp_path / "other"))
    assert [path.name for path in one] == ["search.zip", "authorizer.zip"]
    for zipped, again in zip(one, other, strict=True):
        assert zipped.read_bytes() == again.read_bytes()
        assert zipped.stat().st_size < build.LARGEST[zipped.stem]
        assert_fit_for_lambda(zipped, f"{tmp_path}".encode(), has_byte_code=python is not None)
        tree = zipped.with_suffix("")
        in_the_tree = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
        assert in_the_tree == set(ZipFile(zipped).namelist())
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        *("search", "authorizer", "built_from.sha256"),
        *(path.name for path in one),
    }
    assert ("no byte code" in capsys.readouterr().err) == (python is None)


def assert_fit_for_lambda(zipped: Path, made_in: bytes, *, has_byte_code: bool) -> None:
    here = [made_in, f"{build.__file__.partition('/distribution/')[0]}/".encode()]
    with ZipFile(zipped) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {f"{zipped.stem}_handler.py", "contact_search/api/app.py"} <= set(files)
    for name, content in files.items():
        assert not any(path in content for path in here), name
        assert not name.endswith((".pyi", ".rst", "RECORD", "direct_url.json")), name
        assert ".dist-info/" not in name
        assert ".so" not in name or int.from_bytes(content[18:20], "little") == _AARCH64, name
    assert_compiled(files, has_byte_code=has_byte_code)


def assert_compiled(files: Mapping[str, bytes], *, has_byte_code: bool) -> None:
    """Assert that every module has byte code of Lambda's Python only, if this machine has that Python."""
    compiled = {name: content for name, content in files.items() if "__pycache__/" in name}
    sources = {name for name in files if name.endswith(".py")}
    of_sources = {f"{name.replace('__pycache__/', '').removesuffix('.cpython-313.pyc')}.py": name for name in compiled}
    assert set(of_sources) == (sources if has_byte_code else set())
    for source, name in of_sources.items():
        magic = int.from_bytes(compiled[name][:4], "little")
        assert compiled[name][8:16] == _imp.source_hash(magic, files[source]), name  # not of another module
        assert compiled[name][4:8] == b"\1\0\0\0", name  # of an unchecked hash
        assert f"/var/task/{source}".encode() in compiled[name]


def test_byte_code_is_copied_of_the_same_modules_only(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for tree in (one, other):
        tree.mkdir()
        (tree / "same.py").write_text("same = 1")
        (tree / "different.py").write_text(f"different = '{tree.name}'")
    compile_tree(sys.executable, one, Path("/var/task"))
    compile_tree(sys.executable, other, Path("/var/task"), one)
    names = {path.name.partition(".")[0]: path.name for path in (other / "__pycache__").iterdir()}
    assert set(names) == {"same", "different"}
    for module, name in names.items():
        of_one, of_other = ((tree / "__pycache__" / name).read_bytes() for tree in (one, other))
        assert (of_one == of_other) is (module == "same")


def test_what_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "search").mkdir()
    (tmp_path / "search.zip").write_bytes(b"as it was")

    def make_trees(folder: Path, _: object) -> None:
        for function in build.LARGEST:
            (folder / function).mkdir()
            (folder / function / "random.py").write_bytes(os.urandom(200))

    monkeypatch.setattr(build, "_make_trees", make_trees)
    monkeypatch.setattr(build, "python_like_lambda", lambda: None)
    monkeypatch.setattr(build, "LARGEST", {"search": 1_000, "authorizer": 100})
    with pytest.raises(build.TooLargeError, match=r"^authorizer.zip would have"):
        build.build_for_lambda(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"search", "search.zip"}
    assert (tmp_path / "search.zip").read_bytes() == b"as it was"
    monkeypatch.setattr(build, "LARGEST", {"search": 1_000})
    build.build_for_lambda(tmp_path)
    assert (tmp_path / "search" / "random.py").is_file()
    assert ZipFile(tmp_path / "search.zip").namelist() == ["random.py"]


@pytest.mark.usefixtures("aws")
def test_the_search_function_needs_nothing_beside_its_tree(host: Path) -> None:
    health, page, specification, documentation, explorer = responses(
        host / "search",
        event("/health"),
        event("/v1/contacts", last="P7D", limit=2),
        event("/openapi.json"),
        event("/docs"),
        event("/"),
    )
    assert health.status == 200
    assert page.status == 200, page.body
    found = json.loads(page.body)
    assert len(found["contacts"]) == 2
    assert found["next_cursor"]  # signed with the key of KMS
    assert json.loads(specification.body)["openapi"].startswith("3.1")
    assert b"SwaggerUIBundle(" in documentation.body
    assert len(documentation.body) > 1_000_000
    assert b"<title>Contact search</title>" in explorer.body


@pytest.mark.usefixtures("aws")
def test_the_search_function_names_what_fails(host: Path) -> None:
    """Cause an error of Amazon Connect, and one of DynamoDB."""
    asked = event("/v1/contacts", last="P1D")
    [answer] = answers(host / "search", [asked], CONNECT_INSTANCE_ID="c0ffee00-0000-4000-8000-00000000dead")
    assert build_response(answer["answer"]).status == 500, answer
    [answer] = answers(host / "search", [asked], DURABLE_TABLE_NAME="there-is-none")
    assert build_response(answer["answer"]).status == 503, answer


@pytest.mark.usefixtures("aws")
def test_credentials_that_are_not_in_the_environment_need_nothing_beside_the_tree(host: Path) -> None:
    vault, connect = LocalServer(), LocalServer()
    expiration = f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    found = {"AccessKeyId": "restored", "SecretAccessKey": "b", "Token": "c", "Expiration": expiration}
    vault.body, connect.body = json.dumps(found).encode(), b'{"Contacts": []}'
    settings = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{vault.url}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let-me-in",
        "AWS_ENDPOINT_URL_CONNECT": connect.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        [answer] = answers(host / "search", [event("/v1/contacts", last="P1D")], **settings)
    finally:
        vault.close()
        connect.close()
    assert build_response(answer["answer"]).status == 200, answer
    [(_, headers)] = connect.requests
    assert "Credential=restored/" in headers["authorization"]
    assert headers["x-amz-security-token"] == "c"


@pytest.mark.usefixtures("aws")
def test_the_authorizer_needs_nothing_beside_its_tree(host: Path) -> None:
    issuer = OidcIssuer()
    try:
        good, bad, token, forged = answers(
            host / "authorizer",
            [
                build_authorizer_event(event("/v1/contacts", headers))
                for headers in (
                    {"x-api-key": FULL_KEY},
                    {"x-api-key": "bad"},
                    {"authorization": f"Bearer {issuer.token(client_id='nobody')}"},
                    {"authorization": f"Bearer {issuer.token(client_id='nobody')[:-8]}AAAAAAAA"},
                )
            ],
            OIDC_ISSUER=issuer.url,
            OIDC_AUDIENCE=AUDIENCE,
        )
    finally:
        issuer.close()
    assert good["answer"]["context"]["client"] == "full"
    assert bad["errorMessage"] == forged["errorMessage"] == "Unauthorized"
    assert token["answer"]["policyDocument"]["Statement"][0]["Effect"] == "Deny"
