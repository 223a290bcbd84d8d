"""Test which clients the registry returns and how many it remembers."""

import json
from typing import Any

import pytest

from contact_search.api.callers import ClientRegistry
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.errors import StorageUnavailableError


class FakeTable(DurableTable):
    def __init__(self) -> None:
        self.items_by_key: dict[str, Any] = {}
        self.reads: list[str] = []
        self.is_available = True

    def get(self, key: str) -> dict[str, Any] | None:
        self.reads.append(key)
        if not self.is_available:
            raise StorageUnavailableError("EndpointConnectionError")
        return self.items_by_key.get(key)

    def add(self, name: str, revision: str, *, revoked: bool = False, **grant: Any) -> None:
        self.items_by_key[f"client {name}"] = {
            "id": name,
            "revision": revision,
            "grant": json.dumps(grant),
            "usage_plan": "internal",
            "usage_key": "",
            "by_token": 0,
            "revoked": int(revoked),
        }


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def test_a_client_is_read_once_for_each_revision(table: FakeTable) -> None:
    registry = ClientRegistry(table)
    table.add("a", "1", channels=["VOICE"])
    for _ in range(3):
        caller = registry.current({"client": "a", "revision": "1"})
        assert caller is not None
        assert (caller.client, caller.revision, caller.grant.channels) == ("a", "1", ["VOICE"])
    table.add("a", "2", channels=["CHAT"])
    caller = registry.current({"client": "a", "revision": "2"})
    assert caller is not None
    assert (caller.revision, caller.grant.channels) == ("2", ["CHAT"])
    assert table.reads == ["client a"] * 2


def test_a_missing_or_revoked_client_is_looked_up_again(table: FakeTable) -> None:
    registry = ClientRegistry(table)
    assert registry.current({}) is None
    assert registry.current({"principalId": "x"}) is None
    assert registry.current({"client": "a", "revision": "1"}) is None
    table.add("a", "1", revoked=True)
    assert registry.current({"client": "a", "revision": "1"}) is None
    table.add("a", "1")
    assert registry.current({"client": "a", "revision": "1"}) is not None


def test_an_outage_of_the_table_is_not_remembered(table: FakeTable) -> None:
    registry = ClientRegistry(table)
    table.add("a", "1")
    table.is_available = False
    with pytest.raises(StorageUnavailableError):
        registry.current({"client": "a", "revision": "1"})
    table.is_available = True
    assert registry.current({"client": "a", "revision": "1"}) is not None


def test_only_the_most_recent_clients_are_remembered(table: FakeTable) -> None:
    registry = ClientRegistry(table, most=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        table.add(name, "1")
        registry.current({"client": name, "revision": "1"})
    assert table.reads == ["client a", "client b", "client c", "client b"]


def test_each_user_of_a_client_waits_for_turns_of_their_own(table: FakeTable) -> None:
    registry = ClientRegistry(table)
    table.add("a", "1")
    names = []
    for user in ("", "5ca1ab1e", "decade"):
        caller = registry.current({"client": "a", "revision": "1", **({"user": user} if user else {})})
        assert caller is not None
        assert (caller.client, caller.user, caller.owner) == ("a", user, "a 1")
        names.append(caller.in_line)
    assert names == ["a", "a 5ca1ab1e", "a decade"]
    assert table.reads == ["client a"]
