"""Handle the requests of the API: the Lambda function's entry point, which creates what the routes work with."""

import gc

gc.disable()  # Imports create no garbage, and collecting would take 10 % of a cold start.

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contact_search.amazon_connect import contact_reader
from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.contact_reader import ContactReader
from contact_search.amazon_connect.directory import Directory
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.amazon_connect.result_cache import ResultCache
from contact_search.api.app import respond
from contact_search.api.callers import ClientRegistry
from contact_search.api.services import Services
from contact_search.aws_clients import connect_client, dynamodb_client, kms_client
from contact_search.logger import logger
from contact_search.search.cursor import CursorCodec
from contact_search.settings import SearchSettings
from contact_search.snap_start import REHEARSAL_EVENT, before_snapshot, rehearse
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.transient_table import TransientTable

settings = SearchSettings.from_environment()
connect, dynamodb, kms = connect_client(), dynamodb_client(read_timeout=2, attempts=2), kms_client()
connect_instance = ConnectClient(settings.connect_instance_id, connect)


def create_services() -> Services:
    """Create what the routes work with."""
    table = TransientTable(settings.transient_table_name, dynamodb)
    durable_table = DurableTable(settings.durable_table_name, dynamodb)
    limiter = None
    if settings.quota_rate:
        limiter = RateLimiter(table, settings.quota_rate, settings.quota_burst, settings.waiting_per_caller)
    contact_limiter = None
    if settings.describe_rate:
        rate, burst = settings.describe_rate, settings.describe_burst
        # Slots are so close that all may wait who can be served in time.
        waiting = max(settings.waiting_per_caller, round(rate * settings.wait_seconds))
        contact_limiter = RateLimiter(table, rate, burst, waiting, name=contact_reader.QUOTA)
    cache = ResultCache(table) if settings.page_seconds else None
    contact_cache = ResultCache(table, contact_reader.KEPT) if settings.page_seconds else None
    return Services(
        settings,
        AmazonConnect(connect_instance, limiter, cache, settings.page_seconds, settings.closed_page_seconds),
        CursorCodec(settings.cursor_key_ids, kms, table),
        limiter,
        ClientRegistry(durable_table),
        Directory(connect_instance, table),
        durable_table,
        ContactReader(connect_instance, contact_limiter, contact_cache),
        contact_limiter,
    )


def prepare_snapshot() -> None:
    """Answer a search with canned responses of AWS, by services of its own: they keep what they learn from it."""
    import contact_search.search.body  # noqa: F401, PLC0415 - without a snapshot only a POST waits for it

    rehearse(lambda: respond(REHEARSAL_EVENT, LambdaContext(), create_services()), connect, dynamodb, kms)


services = create_services()
before_snapshot(prepare_snapshot)

# What has been created until now stays, so the collector need not look through it again.
gc.freeze()
gc.enable()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an event of API Gateway's Lambda proxy integration."""
    return respond(event, context, services)
