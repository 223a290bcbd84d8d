"""The Lambda function behind the HTTP API: wires the rooms together."""

from functools import cache, partial
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from amazon_connect.client import AmazonConnect
from amazon_connect.page_cache import PageCache
from amazon_connect.quota import Quota
from amazon_connect.shared_search import Demand, SharedSearch
from contacts.contact import read_response
from contacts.cursor import Cursors
from contacts.search import Search
from contacts.walk import Page, next_page
from rest.api import api_of
from settings import settings_of_environment
from storage.transient import TransientTable
from telemetry import logger

settings = settings_of_environment()


@cache
def transient_table() -> TransientTable:
    return TransientTable(settings.transient_table_name)


@cache
def cursors() -> Cursors:
    """With a key that never leaves KMS: what signs is KMS's own MAC of a fixed message."""
    kms = boto3.client("kms")
    mac = kms.generate_mac(KeyId=settings.cursor_key_id, Message=b"cursor", MacAlgorithm="HMAC_SHA_256")
    return Cursors(mac["Mac"], transient_table)


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


api = api_of(page_of, rate_limit, settings.wait_seconds, settings.now_rounded_to_seconds)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An API Gateway REST proxy event in, its response out."""
    return api.resolve(event, context)
