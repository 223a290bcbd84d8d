"""The register of clients: who there is, with which keys, and what each is granted.

A client's item changes only from the version that was read, so that of two operators at once one has to begin again.
What is done in several steps can be done again after a failure.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from access.client import API_KEY, CLIENT
from access.credential import hash_of
from contacts.grant import Grant
from operations.deployed import Deployed
from storage.item import ConditionFailedError, Item

_FOR_EVER = 2**53  # seconds since the epoch: a key without an end


class NoSuchClientError(Exception):
    """No client has this name."""


class ClientExistsError(Exception):
    """A client has this name already."""


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the client at the same time."""


class NoKeysError(Exception):
    """The client shows tokens, and has no API keys."""


class WiderGrantError(Exception):
    """The grant lets more be seen than the one before, in these respects."""

    def __init__(self, respects: list[str]) -> None:
        super().__init__(", ".join(respects))


def add(stack: Deployed, name: str, plan: str, grant: Grant, api_key: str | None) -> None:
    """Registers a client; without an API key it is one that shows tokens of the issuer. Raises ClientExistsError.

    The usage plan knows it by a key of API Gateway's own, whose value is no credential.
    """
    usage_key = secrets.token_urlsafe(32)
    made = stack.apigateway.create_api_key(name=f"contact-search {name}", value=usage_key, enabled=True)
    item = {
        "id": secrets.token_hex(8),
        "grant": grant.model_dump_json(),
        "revision": secrets.token_hex(8),
        "usage_plan": plan,
        "usage_key": usage_key,
        "usage_key_id": made["id"],
        "by_token": int(api_key is None),
        "keys": json.dumps([_key(api_key)] if api_key is not None else []),
        "added": int(time.time()),
        "revoked": 0,
    }
    try:
        _write(stack, name, item, None)
    except ChangedMeanwhileError:
        stack.apigateway.delete_api_key(apiKey=made["id"])
        raise ClientExistsError(name) from None
    stack.apigateway.create_usage_plan_key(usagePlanId=stack.usage_plans[plan], keyId=made["id"], keyType="API_KEY")
    _write_keys(stack, name, item)


def clients(stack: Deployed) -> Iterator[dict[str, Any]]:
    """All clients, by name."""
    return (_described(name, item) for name, item in sorted(stack.table.items(CLIENT)))


def client(stack: Deployed, name: str) -> dict[str, Any]:
    """What is known of a client, without any secret. Raises NoSuchClientError."""
    return _described(name, _item(stack, name))


def regrant(stack: Deployed, name: str, changes: dict[str, Any], *, wider: bool) -> Grant:
    """Changes what a client is granted, which makes its cursors invalid.

    Raises NoSuchClientError, ChangedMeanwhileError, and WiderGrantError where the grant becomes wider but must not.
    """
    item = _item(stack, name)
    before = Grant.model_validate_json(item["grant"])
    after = Grant.model_validate(before.model_dump() | changes)
    if not wider and (respects := [name for name in Grant.model_fields if not _is_within(after, before, name)]):
        raise WiderGrantError(respects)
    _write(stack, name, item | {"grant": after.model_dump_json(), "revision": secrets.token_hex(8)}, item)
    return after


def rotate(stack: Deployed, name: str, api_key: str, overlap: timedelta) -> None:
    """Gives a client another API key; those it has end after the overlap.

    Raises NoSuchClientError, NoKeysError, ChangedMeanwhileError.
    """
    item = _item(stack, name)
    if item["by_token"]:
        raise NoKeysError(name)
    now = int(time.time())
    end = now + int(overlap.total_seconds())
    keys = []
    for key in json.loads(item["keys"]):
        if key["valid_until"] <= now:
            stack.table.delete(f"{API_KEY}{key['hash']}")
        else:
            keys.append(key | {"valid_until": min(key["valid_until"], end)})
    changed = item | {"keys": json.dumps([*keys, _key(api_key)])}
    _write(stack, name, changed, item)
    _write_keys(stack, name, changed)


def revoke(stack: Deployed, name: str) -> None:
    """Ends a client and all its keys. Raises NoSuchClientError, ChangedMeanwhileError."""
    item = _item(stack, name)
    _write(stack, name, item | {"revoked": 1}, item)
    for key in json.loads(item["keys"]):
        stack.table.delete(f"{API_KEY}{key['hash']}")
    with suppress(stack.apigateway.exceptions.NotFoundException):  # after a failure, or a deletion by hand
        stack.apigateway.delete_api_key(apiKey=item["usage_key_id"])
    stack.table.delete(f"{CLIENT}{name}")


def _key(api_key: str) -> dict[str, Any]:
    return {"hash": hash_of(api_key), "valid_until": _FOR_EVER}


def _write(stack: Deployed, name: str, item: Item, before: Item | None) -> None:
    try:
        stack.table.replace(f"{CLIENT}{name}", item | {"version": secrets.token_hex(8)}, before)
    except ConditionFailedError:
        raise ChangedMeanwhileError(name) from None


def _write_keys(stack: Deployed, name: str, item: Item) -> None:
    for key in json.loads(item["keys"]):
        owner = {"client": name, "id": item["id"], "valid_until": key["valid_until"]}
        stack.table.put(f"{API_KEY}{key['hash']}", owner)


def _item(stack: Deployed, name: str) -> Item:
    item = stack.table.get(f"{CLIENT}{name}")
    if item is None:
        raise NoSuchClientError(name)
    return item


def _described(name: str, item: Item) -> dict[str, Any]:
    ends = [key["valid_until"] for key in json.loads(item["keys"])]
    return {
        "name": name,
        "credential": "token" if item["by_token"] else "API key",
        "usage_plan": item["usage_plan"],
        "added": _text(item["added"]),
        "keys_valid_until": ["revoked" if end == _FOR_EVER else _text(end) for end in ends if end > time.time()],
        "grant": Grant.model_validate_json(item["grant"]).model_dump(mode="json", exclude_none=True),
        **({"revoked": "not yet wholly: revoke it again"} if item["revoked"] else {}),
    }


def _is_within(after: Grant, before: Grant, name: str) -> bool:
    """Whether the grant lets no more be seen than before, in this respect."""
    new, old = getattr(after, name), getattr(before, name)
    if old is None or new is None:
        return old is None
    if isinstance(old, dict):
        return all(level in old and set(ids) <= set(old[level]) for level, ids in new.items())
    return set(new) <= set(old) if isinstance(old, list | frozenset) else new <= old


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
