"""Test which client a credential belongs to, and how long that is cached."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from contact_search.access import authenticator as authenticator_module
from contact_search.access import clients as clients_module
from contact_search.access.authenticator import LONGEST_REMEMBERED, Authenticator
from contact_search.access.clients import find_client, find_client_by_api_key
from contact_search.access.credentials import Credential, UnauthenticatedError, hash_api_key
from contact_search.settings import AuthorizerSettings
from contact_search.storage.durable_table import DurableTable

NOW = 1_795_000_000.0
KEY = Credential("key", is_token=False)
CLIENT = {
    "id": "1",
    "revision": "r",
    "grant": "{}",
    "usage_plan": "internal",
    "usage_key": "u",
    "by_token": 0,
    "revoked": 0,
}


class FakeTable(DurableTable):
    def __init__(self) -> None:
        self.items_by_key: dict[str, Any] = {
            "client a": CLIENT,
            f"api-key {hash_api_key('key')}": {"client": "a", "id": "1", "valid_until": int(NOW) + 30},
        }
        self.reads = 0

    def get(self, key: str) -> dict[str, Any] | None:
        self.reads += 1
        return self.items_by_key.get(key)


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [NOW]
    clock = SimpleNamespace(time=lambda: now[0], monotonic=time.monotonic)
    monkeypatch.setattr(authenticator_module, "time", clock)
    monkeypatch.setattr(clients_module, "time", clock)
    return now


@pytest.fixture
def authenticator(table: FakeTable) -> Authenticator:
    return Authenticator(table, AuthorizerSettings(durable_table_name="table"))


def test_a_client_is_found_by_its_key(table: FakeTable, authenticator: Authenticator) -> None:
    client = authenticator.authenticate(KEY)
    assert client is not None
    assert (client.name, client.id, client.revision, client.by_token) == ("a", "1", "r", False)
    assert authenticator.authenticate(KEY) == client
    assert table.reads == 2


@pytest.mark.parametrize(
    "change",
    [{"revoked": 1}, {"by_token": 1}, {"id": "2"}],
    ids=["revoked", "client of tokens", "another client of this name"],
)
def test_a_key_is_valid_for_its_own_client_only(table: FakeTable, change: dict[str, Any]) -> None:
    table.items_by_key["client a"] = CLIENT | change
    assert find_client_by_api_key(table, hash_api_key("key")) is None


def test_a_revoked_client_is_denied(table: FakeTable) -> None:
    assert find_client(table, "a") is not None
    table.items_by_key["client a"] = CLIENT | {"revoked": 1}
    assert find_client(table, "a") is None
    assert find_client(table, "b") is None


def test_an_unknown_key_is_unauthenticated(authenticator: Authenticator) -> None:
    with pytest.raises(UnauthenticatedError, match="unknown key"):
        authenticator.authenticate(Credential("KEY", is_token=False))


def test_a_client_is_remembered_for_a_minute_at_most(
    table: FakeTable, authenticator: Authenticator, now: list[float]
) -> None:
    table.items_by_key[f"api-key {hash_api_key('key')}"]["valid_until"] = int(NOW) + 10_000
    authenticator.authenticate(KEY)
    del table.items_by_key["client a"]
    now[0] += LONGEST_REMEMBERED - 1
    assert authenticator.authenticate(KEY)
    now[0] += 2
    with pytest.raises(UnauthenticatedError):
        authenticator.authenticate(KEY)


def test_a_key_is_not_remembered_after_it_expires(authenticator: Authenticator, now: list[float]) -> None:
    authenticator.authenticate(KEY)
    now[0] += 31
    with pytest.raises(UnauthenticatedError):
        authenticator.authenticate(KEY)


def test_at_most_a_thousand_clients_are_remembered(table: FakeTable, authenticator: Authenticator) -> None:
    for number in range(1_001):
        key = {"client": "a", "id": "1", "valid_until": int(NOW) + 30}
        table.items_by_key[f"api-key {hash_api_key(str(number))}"] = key
        authenticator.authenticate(Credential(str(number), is_token=False))
    table.reads = 0
    authenticator.authenticate(Credential("1000", is_token=False))
    assert table.reads == 0
    authenticator.authenticate(Credential("0", is_token=False))
    assert table.reads == 2


class FakeIssuer:
    def client_name(self, token: str) -> str:
        return token


def test_a_token_belongs_to_a_client_that_uses_tokens(
    table: FakeTable, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("contact_search.access.issuer.Issuer", lambda *_: FakeIssuer())
    settings = AuthorizerSettings(durable_table_name="table", oidc_issuer="https://issuer")
    accepting = Authenticator(table, settings)
    assert accepting.authenticate(Credential("a", is_token=True)) is None  # it has keys
    assert accepting.authenticate(Credential("b", is_token=True)) is None
    table.items_by_key["client b"] = CLIENT | {"by_token": 1}
    client = accepting.authenticate(Credential("b", is_token=True))
    assert client is not None
    assert client.name == "b"
    with pytest.raises(UnauthenticatedError, match="no issuer"):
        authenticator.authenticate(Credential("b", is_token=True))
