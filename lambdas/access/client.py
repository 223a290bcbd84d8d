"""Clients: whom a credential belongs to. Each is an item of the durable table, and so is each of its API keys."""

import time
from dataclasses import dataclass

from storage.durable import DurableTable

CLIENT, API_KEY = "client ", "api-key "


@dataclass(frozen=True)
class Client:
    """A client as it may ask.

    id          another one for another client of the same name, after this one has been revoked
    revision    another one with every change of its grant
    grant       contacts.grant.Grant as JSON
    usage_key   value of its API Gateway key, by which usage plans know it: no credential
    by_token    whether it shows tokens of the issuer, in place of API keys
    """

    name: str
    id: str
    revision: str
    grant: str
    usage_key: str
    by_token: bool


def client_of_name(table: DurableTable, name: str) -> Client | None:
    """Raises StorageUnavailableError."""
    item = table.get(f"{CLIENT}{name}")
    if item is None or item["revoked"]:
        return None
    return Client(name, item["id"], item["revision"], item["grant"], item["usage_key"], bool(item["by_token"]))


def client_of_api_key(table: DurableTable, hashed: str) -> tuple[Client, float] | None:
    """The client of the key with this hash, and until when (seconds since the epoch) the key is valid.

    Raises StorageUnavailableError.
    """
    key = table.get(f"{API_KEY}{hashed}")
    if key is None or key["valid_until"] <= time.time():
        return None
    client = client_of_name(table, key["client"])
    if client is None or client.by_token or client.id != key["id"]:
        return None
    return client, key["valid_until"]
