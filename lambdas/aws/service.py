"""Calls of an AWS service: signed, timed, tried again, and their failures by name.

In place of botocore's clients, which take a third of a cold start and half of a call to be ready for all of AWS
(see benchmarks/README.md), where the functions make five calls of three services, all of them a POST of JSON.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aws.connection import Answer, Connections
from aws.credentials import Credentials, current_credentials
from aws.errors import TIMED_OUT, UNREACHABLE, UNREADABLE, AwsError
from aws.signature import signed

# What may go well at once if it is tried again; AWS SDKs and tools reference guide, "Retry behavior".
_TRANSIENT = {
    UNREACHABLE,
    TIMED_OUT,
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
}
_TRANSIENT_STATUS = {429, 500, 502, 503, 504}
_LONGEST_PAUSE = 0.2  # seconds, from attempt to attempt


class Place(NamedTuple):
    """Where a service is, and whose credentials it is called with."""

    region: str
    endpoint: str
    credentials: Callable[[], Credentials] = current_credentials


def place_of(service: str) -> Place:
    """As the environment has it, by the variables of the AWS SDKs."""
    of = os.environ.get
    region = of("AWS_REGION") or os.environ["AWS_DEFAULT_REGION"]
    endpoint = of(f"AWS_ENDPOINT_URL_{service.upper()}") or of("AWS_ENDPOINT_URL")
    # Amazon Connect is in two partitions, commercial and GovCloud, and both have this domain.
    return Place(region, endpoint or f"https://{service}.{region}.amazonaws.com")


class Service:
    """One service; `read_timeout` is in seconds, `attempts` are all that are made, the first among them."""

    def __init__(self, name: str, *, read_timeout: float, attempts: int, place: Place | None = None) -> None:
        region, endpoint, self._credentials = place or place_of(name)
        self._scope, self._attempts = (region, name), attempts
        _, self._host, path, *_ = urlsplit(endpoint)
        self._path = path.rstrip("/")
        self._connections = Connections(endpoint, read_timeout)

    def call(self, target: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """An operation of a service that speaks AWS's JSON protocol, by its X-Amz-Target. Raises AwsError."""
        version = "1.0" if target.startswith("DynamoDB") else "1.1"
        headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
        return _object(self.post("/", json.dumps(parameters).encode(), headers))

    def post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        before_sending: Callable[[], None] = lambda: None,
    ) -> bytes:
        """The body of the answer to this one. Raises AwsError.

        `before_sending` is called when all is done but to send it.
        """
        attempts_left = self._attempts
        while True:
            try:
                return self._attempt(path, body, headers, before_sending)
            except AwsError as failure:
                attempts_left -= 1
                is_transient = failure.code in _TRANSIENT or failure.status in _TRANSIENT_STATUS
                if not attempts_left or not is_transient:
                    raise
            time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - who fails together is not to come together

    def _attempt(self, path: str, body: bytes, headers: Mapping[str, str], before_sending: Callable[[], None]) -> bytes:
        path = f"{self._path}{path}"
        headers = {**headers, "Host": self._host, "X-Amz-Date": f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"}
        headers = signed(headers, path, body, self._scope, self._credentials())
        before_sending()
        answer = self._connections.post(path, headers, body)
        if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise _failure(answer)
        return answer.body


def _failure(answer: Answer) -> AwsError:
    """The code is in a header or in the body, perhaps with a namespace before it and a URL after it; or the status."""
    try:
        told = _object(answer.body)
    except AwsError:
        told = {}
    code = answer.error or str(told.get("__type") or told.get("code") or told.get("Code") or answer.status)
    return AwsError(code.partition(":")[0].rpartition("#")[2], answer.status, told)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise AwsError(UNREADABLE) from error
    if not isinstance(value, dict):
        raise AwsError(UNREADABLE)
    return value
