"""Test which tokens are valid, and how the issuer's keys are fetched and cached."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from contact_search.access import issuer as issuer_module
from contact_search.access.credentials import UnauthenticatedError
from contact_search.access.issuer import Issuer, IssuerUnavailableError

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key: Any, kid: str | None, **members: str) -> dict[str, Any]:
    public: dict[str, Any] = jwt.get_algorithm_by_name("RS256").to_jwk(key.public_key(), as_dict=True)
    return public | {"use": "sig", **({} if kid is None else {"kid": kid}), **members}


class IssuerServer:
    """Serve the discovery document at its usual path, and keys at any other."""

    def __init__(self) -> None:
        server = self
        self.paths: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.keys: Any = {"keys": [jwk(KEY, "1")]}
        self.discovery: dict[str, Any] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.paths.append(self.path)
                is_discovery = self.path.startswith("/.well-known")
                document = {"issuer": server.url, "jwks_uri": f"{server.url}/keys", **server.discovery}
                self.send_response(200 if is_discovery else server.status)
                for name, value in ({} if is_discovery else server.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(document if is_discovery else server.keys).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def token(self, key: Any = KEY, kid: str | None = "1", **claims: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": "us", "exp": now + 300, "client_id": "batch"} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key, algorithm="RS256", headers=None if kid is None else {"kid": kid})


@pytest.fixture
def server() -> Iterator[IssuerServer]:
    server = IssuerServer()
    yield server
    server.close()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace time.monotonic() of the issuer's keys by a time that the test sets."""
    now = [1000.0]
    monkeypatch.setattr(issuer_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture
def issuer(server: IssuerServer, now: list[float]) -> Issuer:  # noqa: ARG001
    return Issuer(server.url, "us", ["RS256"])


def reason(issuer: Issuer, token: str) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        issuer.verify(token)
    return caught.value.reason


def test_a_valid_token_has_claims(issuer: Issuer, server: IssuerServer) -> None:
    assert issuer.verify(server.token())["client_id"] == "batch"
    assert issuer.verify(server.token(aud=["else", "us"]))["client_id"] == "batch"
    assert issuer.verify(server.token(client_id=None, azp="app"))["azp"] == "app"
    assert issuer.verify(server.token(exp=int(time.time()) - 5))["client_id"] == "batch"  # clocks may differ
    assert server.paths == ["/.well-known/openid-configuration", "/keys"]


def test_an_invalid_token_is_unauthenticated(issuer: Issuer, server: IssuerServer) -> None:
    assert reason(issuer, server.token(exp=int(time.time()) - 60)) == "ExpiredSignatureError"
    assert reason(issuer, server.token(aud="else")) == "InvalidAudienceError"
    assert reason(issuer, server.token(iss="https://else")) == "InvalidIssuerError"
    assert reason(issuer, server.token(exp=None)) == "MissingRequiredClaimError"
    assert reason(issuer, server.token(OTHER_KEY)) == "InvalidSignatureError"
    assert reason(issuer, server.token(OTHER_KEY, "2")) == "unknown key"
    assert reason(issuer, jwt.encode({}, "x" * 32)) == "algorithm"
    assert reason(issuer, "a.b.c") == "DecodeError"


def test_with_a_jwks_uri_nothing_is_discovered(server: IssuerServer) -> None:
    issuer = Issuer(server.url, "us", ["RS256"], f"{server.url}/my-keys")
    assert issuer.verify(server.token())["client_id"] == "batch"
    assert server.paths == ["/my-keys"]


def test_a_key_without_an_id_is_for_tokens_without_an_id(issuer: Issuer, server: IssuerServer) -> None:
    server.keys = {"keys": [jwk(KEY, None)]}
    assert issuer.verify(server.token(kid=None))["client_id"] == "batch"


def test_keys_for_encryption_are_not_for_signatures(issuer: Issuer, server: IssuerServer) -> None:
    server.keys = {"keys": [jwk(KEY, "1", use="enc"), jwk(OTHER_KEY, "2")]}
    assert reason(issuer, server.token()) == "unknown key"


def test_keys_are_fetched_again_after_10_minutes(issuer: Issuer, server: IssuerServer, now: list[float]) -> None:
    issuer.verify(server.token())
    now[0] += 599
    issuer.verify(server.token())
    assert server.paths.count("/keys") == 1
    now[0] += 2
    issuer.verify(server.token())
    assert server.paths.count("/keys") == 2


def test_a_new_key_is_fetched_but_not_more_than_every_10_seconds(
    issuer: Issuer, server: IssuerServer, now: list[float]
) -> None:
    issuer.verify(server.token())
    server.keys = {"keys": [jwk(OTHER_KEY, "2")]}
    assert reason(issuer, server.token(OTHER_KEY, "2")) == "unknown key"
    now[0] += 11
    assert issuer.verify(server.token(OTHER_KEY, "2"))["client_id"] == "batch"
    assert reason(issuer, server.token()) == "unknown key"
    assert server.paths.count("/keys") == 2


@pytest.mark.parametrize("answer", [{}, [], None, {"keys": []}, {"keys": [{}]}, {"keys": [5]}, {"keys": 5}])
def test_old_keys_survive_an_outage(issuer: Issuer, server: IssuerServer, now: list[float], answer: Any) -> None:
    issuer.verify(server.token())
    server.keys = answer
    for _ in range(3):
        now[0] += 3_600
        assert issuer.verify(server.token())["client_id"] == "batch"
    server.status = 503
    now[0] += 3_600
    assert issuer.verify(server.token())["client_id"] == "batch"
    assert reason(issuer, server.token(OTHER_KEY, "2")) == "unknown key"


def test_without_keys_the_issuer_is_unavailable(issuer: Issuer, server: IssuerServer, now: list[float]) -> None:
    server.status = 503
    for _ in range(2):
        with pytest.raises(IssuerUnavailableError):
            issuer.verify(server.token())
    assert server.paths.count("/keys") == 1
    server.status = 200
    now[0] += 11
    assert issuer.verify(server.token())["client_id"] == "batch"


def test_a_document_over_a_megabyte_is_refused(issuer: Issuer, server: IssuerServer) -> None:
    server.keys = {"keys": [jwk(KEY, "1")], "padding": "x" * (1 << 20)}
    with pytest.raises(IssuerUnavailableError):
        issuer.verify(server.token())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_http_is_refused(issuer: Issuer, server: IssuerServer, status: int) -> None:
    server.status, server.headers = status, {"Location": f"{server.url}/elsewhere"}
    with pytest.raises(IssuerUnavailableError):
        issuer.verify(server.token())
    assert "/elsewhere" not in server.paths


def test_a_redirect_to_https_is_followed(issuer: Issuer, server: IssuerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    wrap = ssl.SSLContext.wrap_socket

    def record(*arguments: Any, **options: Any) -> Any:
        tried.append(options["server_hostname"])
        return wrap(*arguments, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", record)
    server.status, server.headers = 302, {"Location": server.url.replace("http:", "https:") + "/keys"}
    with pytest.raises(IssuerUnavailableError):  # it speaks no TLS
        issuer.verify(server.token())
    assert tried == ["127.0.0.1"]


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://else.example"},
        {"jwks_uri": "http://keys.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 5},
    ],
)
def test_a_discovery_document_is_not_trusted_blindly(
    issuer: Issuer, server: IssuerServer, discovery: dict[str, Any]
) -> None:
    server.discovery = discovery
    with pytest.raises(IssuerUnavailableError):
        issuer.verify(server.token())
    assert "/keys" not in server.paths


def test_the_document_is_discovered_again_after_a_failure(
    issuer: Issuer, server: IssuerServer, now: list[float]
) -> None:
    issuer.verify(server.token())
    server.status = 503
    now[0] += 601
    issuer.verify(server.token())
    server.status, server.discovery = 200, {"jwks_uri": f"{server.url}/moved"}
    now[0] += 11
    issuer.verify(server.token())
    assert server.paths[-2:] == ["/.well-known/openid-configuration", "/moved"]
