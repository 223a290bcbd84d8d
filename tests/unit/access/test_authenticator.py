"""Test which client a credential belongs to, and how long that is cached."""

import json
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest

from contact_search.access import authenticator as authenticator_module
from contact_search.access import clients as clients_module
from contact_search.access import token_clients as token_clients_module
from contact_search.access.authenticator import LONGEST_REMEMBERED, Authenticator
from contact_search.access.clients import find_client, find_client_by_api_key
from contact_search.access.credentials import Credential, UnauthenticatedError, hash_api_key
from contact_search.access.token_clients import NoGrantError
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
    monkeypatch.setattr(token_clients_module, "time", clock)
    return now


@pytest.fixture
def authenticator(table: FakeTable) -> Authenticator:
    return Authenticator(table, AuthorizerSettings(durable_table_name="table"))


def test_a_client_is_found_by_its_key(table: FakeTable, authenticator: Authenticator) -> None:
    identity = authenticator.authenticate(KEY)
    client = identity.client
    assert (client.name, client.id, client.revision, client.by_token, identity.user) == ("a", "1", "r", False, "")
    assert authenticator.authenticate(KEY) == identity
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
    assert authenticator.authenticate(KEY).client.name == "a"
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
    def verify(self, token: str) -> dict[str, Any]:
        claims: dict[str, Any] = json.loads(token)
        return claims


@pytest.fixture
def accepting(table: FakeTable, monkeypatch: pytest.MonkeyPatch) -> Authenticator:
    """Accept tokens. There are clients of tokens: b by its name, c and d by claims."""
    monkeypatch.setattr("contact_search.access.issuer.Issuer", lambda *_: FakeIssuer())
    table.items_by_key |= {
        "client b": CLIENT | {"by_token": 1},
        "client c": CLIENT | {"by_token": 1, "claims": '["groups=leads", "scope=read"]', "usage_key": "of c"},
        "client d": CLIENT | {"by_token": 1, "claims": '["groups=staff"]'},
        "claims": {"clients": '{"groups=leads": "c", "scope=read": "c", "groups=staff": "d", "groups=gone": "x"}'},
    }
    return Authenticator(table, AuthorizerSettings(durable_table_name="table", oidc_issuer="https://issuer"))


def token(**claims: Any) -> Credential:
    return Credential(json.dumps(claims), is_token=True)


def test_a_token_belongs_to_a_client_that_uses_tokens(authenticator: Authenticator, accepting: Authenticator) -> None:
    assert accepting.authenticate(token(client_id="b")).client.name == "b"
    assert accepting.authenticate(token(azp="b")).client.name == "b"
    for nobody in ("a", "z"):  # one has keys
        with pytest.raises(NoGrantError, match="no grant"):
            accepting.authenticate(token(client_id=nobody))
    with pytest.raises(UnauthenticatedError, match="no issuer"):
        authenticator.authenticate(token(client_id="b"))


@pytest.mark.parametrize(
    ("claims", "client"),
    [
        ({"groups": ["leads"]}, "c"),
        ({"groups": "leads"}, "c"),
        ({"groups": ["others", "staff"], "client_id": "b"}, "d"),
        ({"scope": "openid read"}, "c"),
        ({"scope": ["read"]}, "c"),
        ({"groups": ["leads"], "scope": "read"}, "c"),
        ({"groups": ["Leads"], "client_id": "b"}, "b"),
        ({"groups": "leads staff", "client_id": "b"}, "b"),
        ({"groups": {"leads": 1}, "client_id": "b"}, "b"),
        ({"groups": [["leads"], 1, None], "client_id": "b"}, "b"),
        ({"roles": ["leads"], "client_id": "b"}, "b"),
    ],
)
def test_a_claim_chooses_the_client(accepting: Authenticator, claims: dict[str, Any], client: str) -> None:
    assert accepting.authenticate(token(**claims)).client.name == client


def test_claims_of_several_clients_are_refused(accepting: Authenticator) -> None:
    with pytest.raises(NoGrantError, match="several grants") as caught:
        accepting.authenticate(token(groups=["leads", "staff"], client_id="b"))
    assert caught.value.clients == ["c", "d"]


@pytest.mark.parametrize("claims", [{"groups": ["gone"]}, {"client_id": "c"}, {"groups": ["gone"], "client_id": "b"}])
def test_who_has_claims_is_found_by_them_alone(accepting: Authenticator, claims: dict[str, Any]) -> None:
    with pytest.raises(NoGrantError):
        accepting.authenticate(token(**claims))


def test_a_list_of_claims_that_is_out_of_date_grants_nothing(table: FakeTable, accepting: Authenticator) -> None:
    table.items_by_key["client c"] = CLIENT | {"by_token": 1}
    with pytest.raises(NoGrantError):
        accepting.authenticate(token(groups=["leads"]))
    assert accepting.authenticate(token(client_id="c")).client.name == "c"


def test_claims_are_remembered_for_a_minute_at_most(
    table: FakeTable, accepting: Authenticator, now: list[float]
) -> None:
    accepting.authenticate(token(groups=["leads"]))
    table.items_by_key["claims"] = {"clients": '{"groups=leads": "d"}'}
    table.items_by_key["client d"] = CLIENT | {"by_token": 1, "claims": '["groups=leads"]'}
    table.reads = 0
    assert accepting.authenticate(token(groups=["leads"])).client.name == "c"
    assert table.reads == 0
    now[0] += LONGEST_REMEMBERED + 1
    assert accepting.authenticate(token(groups=["leads"])).client.name == "d"


def test_a_user_has_a_pseudonym_that_only_the_clients_secret_can_compute(accepting: Authenticator) -> None:
    first = accepting.authenticate(token(client_id="b", sub="ann@example.com")).user
    assert first == accepting.authenticate(token(azp="b", sub="ann@example.com")).user
    assert re.fullmatch("[0-9a-f]{16}", first)
    others = [token(client_id="b", sub="bob@example.com"), token(groups="leads", sub="ann@example.com")]
    assert len({first, *(accepting.authenticate(other).user for other in others)}) == 3
    for nobody in ({}, {"sub": ""}, {"sub": 5}, {"sub": ["ann"]}):
        assert accepting.authenticate(token(client_id="b", **nobody)).user == ""
    assert accepting.authenticate(token(client_id="b", sub="\ud800")).user
