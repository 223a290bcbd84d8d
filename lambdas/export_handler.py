"""Export slices of contacts: the entry point of the Lambda function that the state machine of exports invokes."""

import gc

gc.disable()  # Imports create no garbage, and collecting would take 10 % of a cold start.

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.directory import Directory
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.api.export_events import answer_event
from contact_search.aws_clients import connect_client, dynamodb_client, s3_client
from contact_search.exports.files import ExportFiles
from contact_search.exports.worker import Tools
from contact_search.logger import logger
from contact_search.settings import ExportSettings
from contact_search.snap_start import before_snapshot
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.transient_table import TransientTable


def create_tools() -> Tools:
    """Create what slices are exported with."""
    settings = ExportSettings.from_environment()
    dynamodb = dynamodb_client(read_timeout=5, attempts=3)
    table = TransientTable(settings.transient_table_name, dynamodb)
    instance = ConnectClient(settings.connect_instance_id, connect_client())
    limiter = None
    if settings.quota_rate:
        limiter = RateLimiter(table, settings.quota_rate, settings.quota_burst, settings.waiting_per_caller)
    return Tools(
        DurableTable(settings.durable_table_name, dynamodb),
        ExportFiles(settings.export_bucket_name, s3_client(read_timeout=20, attempts=3)),
        AmazonConnect(instance, limiter, cache=None, lifetime=0, closed_lifetime=0),
        Directory(instance, table),
        settings.export_slice_contacts,
        settings.export_slice_seconds,
    )


tools = create_tools()
before_snapshot(lambda: None)  # each environment draws its own random numbers

# What has been created until now stays, so the collector need not look through it again.
gc.freeze()
gc.enable()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, bool]:
    """Answer an event of the state machine."""
    return answer_event(event, tools)
