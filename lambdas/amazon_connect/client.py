"""The calls of Amazon Connect."""

from collections.abc import Mapping
from typing import Any

import boto3
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

# Twice (2 + 10) s and a pause between stay within the 29 s that API Gateway waits.
_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})

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
    """One Amazon Connect instance, called through boto3."""

    def __init__(self, instance_id: str) -> None:
        self._instance_id = instance_id
        self._client = boto3.client("connect", config=_CONFIG)

    def search_contacts(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """SearchContacts: the request less InstanceId in, the response out, both as boto3 has them.

        Raises a ConnectError for whatever goes wrong.
        """
        try:
            return self._client.search_contacts(InstanceId=self._instance_id, **request)  # type: ignore[no-any-return]
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
