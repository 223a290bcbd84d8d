"""Find clients in the durable table. Each client is an item there, and so is each of its API keys."""

import json
import time
from dataclasses import dataclass

from contact_search.storage.durable_table import DurableTable

# What the keys of the items begin with.
CLIENT_PREFIX, API_KEY_PREFIX = "client ", "api-key "


@dataclass(frozen=True)
class Client:
    """A client that has not been revoked.

    Attributes:
        id: Identifies the client even if another client of this name existed before.
        revision: Changes with every change of the grant.
        grant: `search.grants.Grant` as JSON.
        usage_plan: The name of the client's usage plan.
        usage_key: The value of the client's API Gateway key, by which usage plans know it. It is no credential.
        by_token: Whether the client sends tokens of the issuer instead of API keys.
        claims: The claims of tokens that belong to the client, such as "groups=supervisors". If there are none, its
            tokens have its name.
    """

    name: str
    id: str
    revision: str
    grant: str
    usage_plan: str
    usage_key: str
    by_token: bool
    claims: frozenset[str] = frozenset()


def find_client(table: DurableTable, name: str) -> Client | None:
    """Return the client with this name.

    Raises:
        StorageUnavailableError: The table cannot be reached.
    """
    item = table.get(f"{CLIENT_PREFIX}{name}")
    if item is None or item["revoked"]:
        return None
    return Client(
        name,
        item["id"],
        item["revision"],
        item["grant"],
        item["usage_plan"],
        item["usage_key"],
        by_token=bool(item["by_token"]),
        claims=frozenset(json.loads(item.get("claims", "[]"))),
    )


def find_client_by_api_key(table: DurableTable, hashed_key: str) -> tuple[Client, float] | None:
    """Return the client whose API key has this hash, and the time (Unix seconds) at which the key expires.

    Raises:
        StorageUnavailableError: The table cannot be reached.
    """
    key = table.get(f"{API_KEY_PREFIX}{hashed_key}")
    if key is None or key["valid_until"] <= time.time():
        return None
    client = find_client(table, key["client"])
    if client is None or client.by_token or client.id != key["id"]:
        return None
    return client, key["valid_until"]
