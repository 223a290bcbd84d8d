"""The calls of Amazon Connect."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from amazon_connect import errors
from aws_client import aws_client

# With the 20 s that a caller may wait for its turn, this is within the 29 s that API Gateway waits. botocore does not
# try again: each attempt takes a turn of its own.
_CONFIG = Config(connect_timeout=1, read_timeout=6, retries={"mode": "standard", "total_max_attempts": 1})

_MEANS: dict[str, type[errors.ConnectError]] = {
    "ThrottlingException": errors.ThrottledError,
    "TooManyRequestsException": errors.ThrottledError,
    "ResourceNotFoundException": errors.InstanceNotFoundError,
    **dict.fromkeys(
        (
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
    "ServiceUnavailable": errors.UnavailableError,
    "ServiceUnavailableException": errors.UnavailableError,
}


class AmazonConnect:
    """One Amazon Connect instance, called through botocore."""

    def __init__(self, instance_id: str) -> None:
        self.instance_id = instance_id
        self._client = aws_client("connect", _CONFIG)
        self._client.meta.events.register("before-send.connect.SearchContacts", lambda **_: self._before_sending())

    def search_contacts(self, request: Mapping[str, Any], before_sending: Callable[[], None]) -> bytes:
        """SearchContacts: the request less InstanceId in, as boto3 has it; the body of the response out, JSON.

        `before_sending` is called when all is done but to send it. Raises a ConnectError for whatever goes wrong.
        """
        self._before_sending = before_sending
        try:
            return bytes(self._client.search_contacts(InstanceId=self.instance_id, **request)["Body"])
        except ClientError as error:
            raise _meaning_of(error) from error
        except ReadTimeoutError as error:
            raise errors.TimedOutError(type(error).__name__) from error
        except (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, TokenRetrievalError) as error:
            raise errors.MisconfiguredError(type(error).__name__) from error
        except (ConnectTimeoutError, EndpointConnectionError, HTTPClientError) as error:
            raise errors.UnavailableError(type(error).__name__) from error
        except (ResponseParserError, BotoCoreError) as error:
            raise errors.UpstreamError(type(error).__name__) from error


def _meaning_of(error: ClientError) -> errors.ConnectError:
    code = error.response["Error"]["Code"]
    if code in ("InvalidRequestException", "InvalidParameterException"):
        return errors.RejectedError(code, error.response["Error"].get("Message", ""))
    return _MEANS.get(code, errors.UpstreamError)(code)
