"""Call Amazon Connect."""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from contact_search.amazon_connect.errors import (
    ConnectError,
    ContactNotFoundError,
    InstanceNotFoundError,
    MisconfiguredError,
    RejectedError,
    ThrottledError,
    TimedOutError,
    UnavailableError,
    UpstreamError,
)

_MOST_NAMES = 1_000  # MaxResults of ListQueues and ListUsers
_REJECTIONS = {"InvalidRequestException", "InvalidParameterException"}

_ERROR_BY_CODE: dict[str, type[ConnectError]] = {
    "ServiceUnavailable": UnavailableError,
    "ServiceUnavailableException": UnavailableError,
    "ThrottlingException": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "ResourceNotFoundException": InstanceNotFoundError,
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
        MisconfiguredError,
    ),
}

# The first class that fits counts.
_ERROR_BY_EXCEPTION: dict[type[BotoCoreError], type[ConnectError]] = {
    ReadTimeoutError: TimedOutError,
    NoConnectionError: UnavailableError,
    HTTPClientError: UnavailableError,
    CredentialRetrievalError: MisconfiguredError,
    NoCredentialsError: MisconfiguredError,
    PartialCredentialsError: MisconfiguredError,
    TokenRetrievalError: MisconfiguredError,
}


class ConnectClient:
    """Call one Amazon Connect instance through a boto3 client. All methods raise ConnectError.

    Those about contacts return the body of the response. It has not been parsed, and may be no JSON.
    """

    def __init__(self, instance_id: str, boto3_client: Any) -> None:
        self.instance_id = instance_id
        self._client = boto3_client
        for operation in ("SearchContacts", "DescribeContact", "GetContactAttributes"):
            # With an id the hook is registered once, however many objects share the client.
            event, unique_id = f"before-parse.connect.{operation}", f"keep-body {operation}"
            boto3_client.meta.events.register(event, _keep_body, unique_id=unique_id)

    def search_contacts(self, request: Mapping[str, Any]) -> bytes:
        """Call SearchContacts with a request as boto3 takes it, without InstanceId."""
        return self._call(self._client.search_contacts, request)

    def describe_contact(self, contact_id: str) -> bytes:
        """Call DescribeContact.

        Raises:
            ContactNotFoundError: The contact does not exist.
        """
        return self._call_about_contact(self._client.describe_contact, {"ContactId": contact_id})

    def get_contact_attributes(self, initial_contact_id: str) -> bytes:
        """Call GetContactAttributes for the first contact of a conversation.

        Raises:
            ContactNotFoundError: The contact does not exist.
        """
        return self._call_about_contact(self._client.get_contact_attributes, {"InitialContactId": initial_contact_id})

    def _call_about_contact(self, operation: Callable[..., dict[str, Any]], request: Mapping[str, Any]) -> bytes:
        try:
            return self._call(operation, request)
        except InstanceNotFoundError as error:
            # An instance that does not exist has the same code. Searches tell about that.
            raise ContactNotFoundError(error.code) from error

    def _call(self, operation: Callable[..., dict[str, Any]], request: Mapping[str, Any]) -> bytes:
        try:
            body: bytes = operation(InstanceId=self.instance_id, **request)["Body"]
        except ClientError as error:
            raise _from_client_error(error) from error
        except BotoCoreError as error:
            raise _from_botocore_error(error) from error
        return body

    def queue_names(self) -> Iterator[dict[str, str]]:
        """Yield the names of standard queues by id, those of one call of ListQueues at a time.

        Raises:
            ConnectError: A call failed.
        """
        yield from self._names_by_id("list_queues", "QueueSummaryList", "Name", QueueTypes=["STANDARD"])

    def agent_names(self) -> Iterator[dict[str, str]]:
        """Yield the usernames of agents by id, those of one call of ListUsers at a time.

        Raises:
            ConnectError: A call failed.
        """
        yield from self._names_by_id("list_users", "UserSummaryList", "Username")

    def _names_by_id(self, operation: str, member: str, name: str, **parameters: Any) -> Iterator[dict[str, str]]:
        paginator = self._client.get_paginator(operation)
        largest = {"PageSize": _MOST_NAMES}
        try:
            for result in paginator.paginate(InstanceId=self.instance_id, PaginationConfig=largest, **parameters):
                yield {summary["Id"]: summary[name] for summary in result[member] if summary.get(name)}
        except ClientError as error:
            raise _from_client_error(error) from error
        except BotoCoreError as error:
            raise _from_botocore_error(error) from error


def _keep_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Return the body as it came, so that pydantic can parse it straight into contacts. Leave errors to botocore.

    botocore would take 6 ms to parse 100 contacts, mostly for timestamps.
    """
    if response_dict["status_code"] < HTTPStatus.MULTIPLE_CHOICES:
        customized_response_dict["Body"] = response_dict["body"]
        response_dict["body"] = b""


def _from_client_error(error: ClientError) -> ConnectError:
    code = error.response["Error"]["Code"]
    if code in _REJECTIONS:
        return RejectedError(code, error.response["Error"].get("Message", ""))
    return _ERROR_BY_CODE.get(code, UpstreamError)(code)


def _from_botocore_error(error: BotoCoreError) -> ConnectError:
    fitting = (kind for exception, kind in _ERROR_BY_EXCEPTION.items() if isinstance(error, exception))
    return next(fitting, UpstreamError)(type(error).__name__)
