"""Prepare the snapshot that SnapStart starts environments from, and what must differ between them.

Source: AWS Lambda developer guide, "Lambda SnapStart runtime hooks" and "Handling uniqueness with Lambda SnapStart".
"""

import base64
import io
import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.credentials import Credentials
from urllib3 import HTTPResponse

from contact_search.aws_clients import shared_credentials
from contact_search.logger import logger

# A client that may do everything, as an item of the durable table.
_CLIENT = {
    "key": {"S": "client rehearsal"},
    "id": {"S": "rehearsal"},
    "revision": {"S": "rehearsal"},
    "grant": {"S": "{}"},
    "usage_plan": {"S": "rehearsal"},
    "usage_key": {"S": "rehearsal"},
    "by_token": {"N": "0"},
    "revoked": {"N": "0"},
}
_TIMESTAMP = "2026-11-20T09:15:02.120Z"
_CONTACT = {
    "Arn": "arn:aws:connect:eu-west-2:111122223333:instance/rehearsal/contact/rehearsal",
    "Id": "rehearsal",
    "InitiationMethod": "INBOUND",
    "Channel": "VOICE",
    "QueueInfo": {"Id": "rehearsal", "EnqueueTimestamp": _TIMESTAMP},
    "AgentInfo": {"Id": "rehearsal", "ConnectedToAgentTimestamp": _TIMESTAMP},
    "InitiationTimestamp": _TIMESTAMP,
    "DisconnectTimestamp": _TIMESTAMP,
    "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
    "Tags": {"rehearsal": "rehearsal"},
}

# An event of API Gateway: a search with a next page, by the client above.
REHEARSAL_EVENT: dict[str, Any] = {
    "resource": "/v1/contacts",
    "path": "/v1/contacts",
    "httpMethod": "GET",
    "headers": {"accept": "application/json"},
    "multiValueHeaders": {"accept": ["application/json"]},
    "queryStringParameters": {"last": "P1D", "limit": "1"},
    "multiValueQueryStringParameters": {"last": ["P1D"], "limit": ["1"]},
    "pathParameters": None,
    "stageVariables": None,
    "requestContext": {
        "resourcePath": "/v1/contacts",
        "httpMethod": "GET",
        "path": "/v1/contacts",
        "requestId": "rehearsal",
        "stage": "v1",
        "authorizer": {"client": "rehearsal", "revision": "rehearsal"},
        "identity": {"sourceIp": "127.0.0.1"},
    },
    "body": None,
    "isBase64Encoded": False,
}


def before_snapshot(prepare: Callable[[], object]) -> None:
    """Call `prepare` before the snapshot, if there will be one, and have each environment draw its own random numbers.

    `prepare` must leave nothing secret or unique behind: all environments would share it.
    """
    with suppress(ImportError):  # a part of Lambda's runtime
        from snapshot_restore_py import (  # type: ignore[import-not-found]  # noqa: PLC0415
            register_after_restore,
            register_before_snapshot,
        )

        register_before_snapshot(prepare)
        register_after_restore(random.seed)  # botocore spreads its retries by it


def rehearse(answer: Callable[[], object], *clients: Any) -> None:
    """Do something once with canned responses of AWS: the first real request then takes half the time.

    What fails is logged, and does not matter otherwise. The clients keep no connection, credential or hook. What else
    `answer` uses may keep what it learns from AWS: create it for the rehearsal, and throw it away afterwards.

    Args:
        answer: What to do, such as answering REHEARSAL_EVENT.
        clients: The boto3 clients that it uses. None of them sends anything.
    """
    credentials = shared_credentials()
    credentials.found = Credentials("rehearsal", "rehearsal", "rehearsal")
    for client in clients:
        client.meta.events.register_first("before-send", _canned_response, unique_id="rehearsal")
    try:
        with _no_log():
            answer()
    except Exception:  # noqa: BLE001 - a slow first request is better than none
        logger.exception("rehearsal failed")
    finally:
        for client in clients:
            client.meta.events.unregister("before-send", unique_id="rehearsal")
            client.close()
        credentials.found = None


@contextmanager
def _no_log() -> Iterator[None]:
    """Write log lines nowhere: they would count as searches."""
    handlers = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    streams = [handler.setStream(io.StringIO()) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream)


def _canned_response(event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
    operation = event_name.rpartition(".")[2]
    body = json.dumps(_RESPONSES[operation](json.loads(request.body))).encode()
    return AWSResponse(request.url, 200, {}, HTTPResponse(io.BytesIO(body), preload_content=False))


def _search_contacts(_: dict[str, Any]) -> dict[str, Any]:
    return {"Contacts": [_CONTACT], "NextToken": "rehearsal", "TotalCount": 2}


def _generate_mac(_: dict[str, Any]) -> dict[str, Any]:
    return {"Mac": base64.b64encode(b"rehearsal").decode(), "MacAlgorithm": "HMAC_SHA_256"}


def _get_item(request: dict[str, Any]) -> dict[str, Any]:
    """Return the client from the durable table, and nothing from the other one."""
    return {"Item": _CLIENT} if request["Key"] == {"key": _CLIENT["key"]} else {}


def _put_item(_: dict[str, Any]) -> dict[str, Any]:
    return {}


def _update_item(request: dict[str, Any]) -> dict[str, Any]:
    """Return all attributes of the update as timestamps of now: the limiter then lets the call go at once."""
    now = {"N": f"{time.time_ns() // 1_000_000}"}
    return {"Attributes": dict.fromkeys(request["ExpressionAttributeNames"].values(), now)}


_RESPONSES = {
    "SearchContacts": _search_contacts,
    "GenerateMac": _generate_mac,
    "GetItem": _get_item,
    "PutItem": _put_item,
    "UpdateItem": _update_item,
}
