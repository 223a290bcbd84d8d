"""The calls of Amazon Connect."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from amazon_connect import errors
from aws.errors import NO_CREDENTIALS, TIMED_OUT, UNREACHABLE, AwsError
from aws.service import Service

# With the 20 s that a caller may wait for its turn, this is within the 29 s that API Gateway waits.
_READ_TIMEOUT = 6  # seconds

_MEANS: dict[str, type[errors.ConnectError]] = {
    TIMED_OUT: errors.TimedOutError,
    UNREACHABLE: errors.UnavailableError,
    "ServiceUnavailable": errors.UnavailableError,
    "ServiceUnavailableException": errors.UnavailableError,
    "ThrottlingException": errors.ThrottledError,
    "TooManyRequestsException": errors.ThrottledError,
    "ResourceNotFoundException": errors.InstanceNotFoundError,
    **dict.fromkeys(
        (
            NO_CREDENTIALS,
            "AccessDenied",
            "AccessDeniedException",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "OptInRequired",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ),
        errors.MisconfiguredError,
    ),
}


class AmazonConnect:
    """One Amazon Connect instance."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        # Each attempt takes a turn of its own, so there is one here.
        self._service = Service("connect", read_timeout=_READ_TIMEOUT, attempts=1)

    def search_contacts(self, request: Mapping[str, Any], before_sending: Callable[[], None]) -> bytes:
        """SearchContacts: the request less InstanceId in, as boto3 has it; the body of the response out, JSON.

        `before_sending` is called when all is done but to send it. Raises a ConnectError for whatever goes wrong.
        """
        body = json.dumps({"InstanceId": self.instance_id, **request}, default=datetime.timestamp).encode()
        headers = {"Content-Type": "application/json"}
        try:
            return self._service.post("/search-contacts", body, headers, before_sending)
        except AwsError as error:
            raise _meaning_of(error) from error


def _meaning_of(error: AwsError) -> errors.ConnectError:
    if error.code in ("InvalidRequestException", "InvalidParameterException"):
        return errors.RejectedError(error.code, error.message)
    return _MEANS.get(error.code, errors.UpstreamError)(error.code)
