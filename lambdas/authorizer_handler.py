"""The Lambda authorizer in front of the API: whose credential a request has.

Source: API Gateway developer guide, "Use API Gateway Lambda authorizers".
"""

import gc

gc.disable()  # until all is imported: of that nothing is garbage, which takes a tenth of a cold start to find out

import time
from functools import cache
from typing import Any

from access.client import API_KEY, CLIENT, Client, client_of_api_key, client_of_name
from access.credential import Credential, UnauthenticatedError, credential_of, hash_of
from aws.service import Service
from settings import AuthorizerSettings, of_environment
from snap_start import before_snapshot
from storage.durable import DurableTable
from telemetry import logger

settings = of_environment(AuthorizerSettings)

# Seconds after which a change of a client is seen by all. API Gateway's own cache is off: it cannot serve a choice of
# headers.
LONGEST_KEPT = 60
_MOST_KEPT = 1_000


class _UnauthorizedError(Exception):
    """API Gateway answers 401 to this very word, and 500 to any other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@cache
def table() -> DurableTable:
    # A request waits for it: it is prompt, or it is tried again.
    return DurableTable(settings.durable_table_name, Service("dynamodb", read_timeout=2, attempts=3))


@cache
def issuer() -> Any:
    """The issuer, whose cryptography callers with API keys need not wait for; None where tokens are not accepted."""
    if not settings.oidc_issuer:
        return None
    from access.issuer import Issuer  # noqa: PLC0415 - see above

    return Issuer(
        settings.oidc_issuer,
        settings.oidc_audience,
        settings.oidc_algorithms,
        settings.oidc_client_claims,
        settings.oidc_jwks_uri,
    )


# By key of the item that led to it: the client, and until when it is kept.
_kept: dict[str, tuple[Client, float]] = {}

before_snapshot(table)

# What is there now stays: it need not be looked through again.
gc.freeze()
gc.enable()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - the logger's
    """An event of a REQUEST authorizer in, its decision out: a good token without a client is a 403."""
    try:
        credential = credential_of(event)
        client = _client_of_token(credential.text) if credential.is_token else _client_of_api_key(credential)
    except UnauthenticatedError as refusal:
        logger.info("unauthenticated", extra={"reason": refusal.reason})
        raise _UnauthorizedError from None
    statement = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    if client is None:
        logger.info("denied", extra={"reason": "no grant"})
        return {"principalId": "unknown", "policyDocument": policy}
    statement["Effect"] = "Allow"
    return {
        "principalId": client.name,
        "policyDocument": policy,
        "context": {"client": client.name, "revision": client.revision},
        "usageIdentifierKey": client.usage_key,
    }


def _client_of_api_key(credential: Credential) -> Client:
    hashed = hash_of(credential.text)
    if (client := _still_kept(f"{API_KEY}{hashed}")) is None:
        if (found := client_of_api_key(table(), hashed)) is None:
            raise UnauthenticatedError("unknown key")
        client, valid_until = found
        _keep(f"{API_KEY}{hashed}", client, valid_until)
    return client


def _client_of_token(token: str) -> Client | None:
    if issuer() is None:
        raise UnauthenticatedError("no issuer")
    name = issuer().client_of(token)
    if (client := _still_kept(f"{CLIENT}{name}")) is None:
        client = client_of_name(table(), name)
        if client is None or not client.by_token:
            return None
        _keep(f"{CLIENT}{name}", client, float("inf"))
    return client


def _still_kept(key: str) -> Client | None:
    client, until = _kept.get(key, (None, 0.0))
    return client if until > time.time() else None


def _keep(key: str, client: Client, valid_until: float) -> None:
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[key] = client, min(time.time() + LONGEST_KEPT, valid_until)
