"""The Lambda function behind the HTTP API: wires the rooms together."""

import gc

gc.disable()  # until all is imported: of that nothing is garbage, which takes a tenth of a cold start to find out

import base64
from functools import cache, partial
from typing import Any

from access.client import client_of_name
from amazon_connect.client import AmazonConnect
from amazon_connect.page_cache import PageCache
from amazon_connect.quota import Quota
from amazon_connect.shared_search import Demand, SharedSearch
from aws.service import Service as AwsService
from contacts.contact import read_response
from contacts.cursor import Cursors
from contacts.grant import Caller, Grant
from contacts.search import Search
from contacts.walk import Page, next_page
from rest.api import Service, answer
from settings import SearchSettings, of_environment
from snap_start import before_snapshot
from storage.durable import DurableTable
from storage.transient import TransientTable
from telemetry import logger

settings = of_environment(SearchSettings)


@cache
def transient_table() -> TransientTable:
    return TransientTable(settings.transient_table_name)


@cache
def cursors() -> Cursors:
    return Cursors(settings.cursor_key_ids, _cursor_key, transient_table)


def _cursor_key(key_id: str) -> bytes:
    """A key that KMS derives and that its own key never leaves: its MAC of a fixed message."""
    message = base64.b64encode(b"cursor").decode()
    asked = {"KeyId": key_id, "Message": message, "MacAlgorithm": "HMAC_SHA_256"}
    kms = AwsService("kms", read_timeout=2, attempts=3)
    return base64.b64decode(kms.call("TrentService.GenerateMac", asked)["Mac"])


@cache
def quota() -> Quota | None:
    rate = settings.quota_rate
    return Quota(transient_table, rate, settings.quota_burst) if rate else None


@cache
def shared_search() -> SharedSearch:
    pages = PageCache(transient_table) if settings.page_seconds else None
    connect = AmazonConnect(settings.connect_instance_id)
    return SharedSearch(connect, quota(), pages, read_response, settings.page_seconds, settings.closed_page_seconds)


def page_of(search: Search, demand: Demand) -> Page:
    return next_page(search, partial(shared_search().search_contacts, demand=demand), cursors)


def rate_limit() -> dict[str, str]:
    """The headers that tell how much of the quota is left."""
    limiter = quota()
    return {"RateLimit-Policy": limiter.policy(), "RateLimit": limiter.state()} if limiter else {}


@cache
def durable_table() -> DurableTable:
    return DurableTable(settings.durable_table_name, transient_table().dynamodb)


_clients: dict[str, tuple[str, Caller]] = {}


def caller_of(client: str, revision: str) -> Caller | None:
    """The client with its grant, at this revision or a later one; None where there is no such client any more."""
    asked, caller = _clients.get(client, ("", None))
    if caller is None or asked != revision:
        found = client_of_name(durable_table(), client)
        if found is None:
            return None
        caller = Caller(client, found.revision, Grant.model_validate_json(found.grant))
        _clients[client] = (revision, caller)
    return caller


service = Service(
    page_of, rate_limit, caller_of, settings.wait_seconds, settings.now_rounded_to_seconds, settings.cors_origins
)

before_snapshot(lambda: (shared_search(), durable_table(), transient_table()))

# What is there now stays: it need not be looked through again.
gc.freeze()
gc.enable()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - the logger's
    """An API Gateway REST proxy event in, its response out."""
    return answer(service, event)
