"""The register of clients: who they are, which API keys they have, and what each is granted.

A client's item only changes from the version that was read. If two operators change it at once, one has to start again.
Commands of several steps can be repeated after a failure.
"""

import json
import secrets
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from contact_search.access.clients import API_KEY_PREFIX, CLIENT_PREFIX, find_client
from contact_search.access.credentials import hash_api_key
from contact_search.access.token_clients import CLAIMS_KEY, pseudonym
from contact_search.exports.store import ExportStore
from contact_search.search.grants import Grant
from contact_search.storage.durable_table import Replacement
from contact_search.storage.errors import ConditionFailedError
from contact_search.storage.items import Item
from operations.deployed import Deployed

# What a client may do at most.
EVERYTHING = Grant(exports=True)
_NO_END = 2**53  # Unix seconds: a key that is valid until it is revoked


class NoSuchClientError(Exception):
    """No client has this name."""


class ClientExistsError(Exception):
    """A client has this name already."""


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the client at the same time."""


class NoKeysError(Exception):
    """The client authenticates with tokens, and has no API keys."""


class NoTokensError(Exception):
    """The client authenticates with API keys, so no claim of a token can belong to it."""


class ClaimTakenError(Exception):
    """A claim belongs to another client. The message names both."""


class WiderGrantError(Exception):
    """The new grant shows more than the old one. The message names the limits that got wider."""

    def __init__(self, limits: list[str]) -> None:
        super().__init__(", ".join(limits))


def add(  # noqa: PLR0913, PLR0917 - what a client is
    stack: Deployed, name: str, plan: str, grant: Grant, api_key: str | None, claims: Collection[str] = ()
) -> None:
    """Register a client.

    Its usage plan knows it by a key of API Gateway's own, whose value is no credential.

    Args:
        plan: The name of its usage plan.
        api_key: Its first API key, None if it authenticates with the issuer's tokens.
        claims: Claims such as "groups=supervisors": tokens that have one of them are this client's. Without claims,
            its tokens are those that have its name.

    Raises:
        ClientExistsError: A client has this name.
        ClaimTakenError: One of the claims belongs to another client.
    """
    usage_key = secrets.token_urlsafe(32)
    usage_key_id = stack.apigateway.create_api_key(
        name=f"contact-search-{stack.stage} {name}", value=usage_key, enabled=True
    )["id"]
    item = {
        "id": secrets.token_hex(8),
        "grant": grant.model_dump_json(),
        "revision": secrets.token_hex(8),
        "usage_plan": plan,
        "usage_key": usage_key,
        "usage_key_id": usage_key_id,
        "by_token": int(api_key is None),
        "claims": json.dumps(sorted(claims)),
        "keys": json.dumps([_new_key(api_key)] if api_key is not None else []),
        "added": int(time.time()),
        "revoked": 0,
    }
    try:
        _write(stack, name, item, None)
    except (ChangedMeanwhileError, ClaimTakenError):
        stack.apigateway.delete_api_key(apiKey=usage_key_id)
        if stack.table.get(f"{CLIENT_PREFIX}{name}") is not None:
            raise ClientExistsError(name) from None
        raise
    stack.apigateway.create_usage_plan_key(usagePlanId=stack.usage_plans[plan], keyId=usage_key_id, keyType="API_KEY")
    _write_keys(stack, name, item)


def list_clients(stack: Deployed) -> Iterator[dict[str, Any]]:
    """Describe all clients, sorted by name."""
    return (_describe(name, item) for name, item in sorted(stack.table.items(CLIENT_PREFIX)))


def describe_client(stack: Deployed, name: str) -> dict[str, Any]:
    """Describe a client, without any secret.

    Raises:
        NoSuchClientError: There is no such client.
    """
    return _describe(name, _read(stack, name))


def regrant(stack: Deployed, name: str, changes: dict[str, Any], *, wider: bool) -> Grant:
    """Change what a client is granted, which invalidates its cursors.

    Args:
        changes: The members of the grant that change.
        wider: Whether the new grant may show more than the old one.

    Raises:
        NoSuchClientError: There is no such client.
        ChangedMeanwhileError: Somebody else has changed it.
        WiderGrantError: The new grant shows more, but must not.
    """
    item = _read(stack, name)
    before = Grant.model_validate_json(item["grant"])
    after = Grant.model_validate(before.model_dump() | changes)
    if not wider and (limits := [limit for limit in Grant.model_fields if not _is_within(after, before, limit)]):
        raise WiderGrantError(limits)
    _write(stack, name, item | {"grant": after.model_dump_json(), "revision": secrets.token_hex(8)}, item)
    return after


def set_claims(stack: Deployed, name: str, claims: Collection[str]) -> None:
    """Say which claims belong to a client that uses tokens, in place of those that it has.

    Raises:
        NoSuchClientError: There is no such client.
        NoTokensError: It authenticates with API keys.
        ClaimTakenError: One of the claims belongs to another client.
        ChangedMeanwhileError: Somebody else has changed it.
    """
    item = _read(stack, name)
    if not item["by_token"]:
        raise NoTokensError(name)
    _write(stack, name, item | {"claims": json.dumps(sorted(claims))}, item)


def find_pseudonym(stack: Deployed, name: str, subject: str) -> str:
    """Return the pseudonym that logs have for the user of a client with this subject (`sub`).

    Raises:
        NoSuchClientError: There is no such client.
    """
    client = find_client(stack.table, name)
    if client is None:
        raise NoSuchClientError(name)
    return pseudonym(client, subject)


def rotate(stack: Deployed, name: str, api_key: str, overlap: timedelta) -> None:
    """Give a client another API key. Its present keys end after the overlap.

    Raises:
        NoSuchClientError: There is no such client.
        NoKeysError: It authenticates with tokens.
        ChangedMeanwhileError: Somebody else has changed it.
    """
    item = _read(stack, name)
    if item["by_token"]:
        raise NoKeysError(name)
    now = int(time.time())
    end = now + int(overlap.total_seconds())
    keys = []
    for key in json.loads(item["keys"]):
        if key["valid_until"] <= now:
            stack.table.delete(f"{API_KEY_PREFIX}{key['hash']}")
        else:
            keys.append(key | {"valid_until": min(key["valid_until"], end)})
    changed = item | {"keys": json.dumps([*keys, _new_key(api_key)])}
    _write(stack, name, changed, item)
    _write_keys(stack, name, changed)


def revoke(stack: Deployed, name: str) -> None:
    """Remove a client, all its keys and all its exports with their files.

    Raises:
        NoSuchClientError: There is no such client.
        ChangedMeanwhileError: Somebody else has changed it.
        FilesUnavailableError: The files of its exports cannot be removed.
    """
    item = _read(stack, name)
    _write(stack, name, item | {"revoked": 1, "claims": "[]"}, item)
    for key in json.loads(item["keys"]):
        stack.table.delete(f"{API_KEY_PREFIX}{key['hash']}")
    # It is gone already after a failure, or if somebody has deleted it by hand.
    with suppress(stack.apigateway.exceptions.NotFoundException):
        stack.apigateway.delete_api_key(apiKey=item["usage_key_id"])
    _remove_exports(stack, name)
    stack.table.delete(f"{CLIENT_PREFIX}{name}")


def _remove_exports(stack: Deployed, name: str) -> None:
    """Remove the exports of a client. Nobody may read them any more, and the client can create no others."""
    store = ExportStore(stack.table)
    entries = store.listing(name).entries
    if not entries:
        return
    files = stack.export_files()
    for entry in entries:
        job = store.get(name, entry.id)
        if job is not None:
            files.remove(job)
            store.delete(job)
            # A worker that is still at it has perhaps written one in between. It finds no export now, and ends.
            files.remove(job)
    store.delete_listing(name)


def _new_key(api_key: str) -> dict[str, Any]:
    return {"hash": hash_api_key(api_key), "valid_until": _NO_END}


def _read(stack: Deployed, name: str) -> Item:
    item = stack.table.get(f"{CLIENT_PREFIX}{name}")
    if item is None:
        raise NoSuchClientError(name)
    return item


def _write(stack: Deployed, name: str, item: Item, before: Item | None) -> None:
    """Write a client, and if its claims have changed, the list of all claims with it."""
    client = Replacement(f"{CLIENT_PREFIX}{name}", item | {"version": secrets.token_hex(8)}, before)
    try:
        if _claims(item) == _claims(before):
            stack.table.replace(client.key, client.item, before)
        else:
            stack.table.write_together([client, _replace_claims(stack, name, _claims(item))])
    except ConditionFailedError:
        raise ChangedMeanwhileError(name) from None


def _replace_claims(stack: Deployed, name: str, claims: Collection[str]) -> Replacement:
    before = stack.table.get(CLAIMS_KEY)
    clients = {claim: client for claim, client in _clients_by_claim(before).items() if client != name}
    for claim in claims:
        if claim in clients:
            raise ClaimTakenError(f"{claim} belongs to {clients[claim]}, not to {name}")
        clients[claim] = name
    after: Item = {"clients": json.dumps(clients, sort_keys=True), "version": secrets.token_hex(8)}
    return Replacement(CLAIMS_KEY, after, before)


def _clients_by_claim(item: Item | None) -> dict[str, str]:
    return dict(json.loads(item["clients"])) if item else {}


def _claims(item: Item | None) -> list[str]:
    return list(json.loads(item.get("claims", "[]"))) if item else []


def _write_keys(stack: Deployed, name: str, item: Item) -> None:
    for key in json.loads(item["keys"]):
        owner = {"client": name, "id": item["id"], "valid_until": key["valid_until"]}
        stack.table.put(f"{API_KEY_PREFIX}{key['hash']}", owner)


def _describe(name: str, item: Item) -> dict[str, Any]:
    ends = [key["valid_until"] for key in json.loads(item["keys"])]
    description = {
        "name": name,
        "credential": "token" if item["by_token"] else "API key",
        "usage_plan": item["usage_plan"],
        "added": _format_time(item["added"]),
        "keys_valid_until": [_format_end(end) for end in ends if end > time.time()],
        "grant": Grant.model_validate_json(item["grant"]).model_dump(mode="json", exclude_none=True),
    }
    if claims := _claims(item):
        description["claims"] = claims
    if item["revoked"]:
        description["revoked"] = "incompletely: revoke it again"
    return description


def _is_within(after: Grant, before: Grant, limit: str) -> bool:
    """Tell whether the new grant shows no more than the old one, as far as this limit goes."""
    new, old = getattr(after, limit), getattr(before, limit)
    if old is None or new is None:
        return old is None
    if isinstance(old, dict):
        return all(level in old and set(ids) <= set(old[level]) for level, ids in new.items())
    return set(new) <= set(old) if isinstance(old, list | frozenset) else new <= old


def _format_end(seconds: int) -> str:
    return "it is rotated or revoked" if seconds == _NO_END else _format_time(seconds)


def _format_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
