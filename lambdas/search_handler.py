"""The Lambda function behind the HTTP API: wires the rooms together."""

from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from amazon_connect.client import AmazonConnect
from contacts.cursor import Cursors
from contacts.search import Search
from contacts.walk import Page, next_page
from rest.api import api_of, logger
from settings import settings_of_environment
from storage.transient import TransientTable

settings = settings_of_environment()


@cache
def connect() -> AmazonConnect:
    return AmazonConnect(settings.connect_instance_id)


@cache
def cursors() -> Cursors:
    """With a key that never leaves KMS: what signs is KMS's own MAC of a fixed message."""
    kms = boto3.client("kms")
    mac = kms.generate_mac(KeyId=settings.cursor_key_id, Message=b"cursor", MacAlgorithm="HMAC_SHA_256")
    return Cursors(mac["Mac"], transient_table)


@cache
def transient_table() -> TransientTable:
    return TransientTable(settings.transient_table_name)


def page_of(search: Search) -> Page:
    return next_page(search, connect().search_contacts, cursors)


api = api_of(page_of)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An API Gateway REST proxy event in, its response out."""
    return api.resolve(event, context)
