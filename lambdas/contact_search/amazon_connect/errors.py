"""Errors of a call of Amazon Connect, as far as the service tells them apart."""


class ConnectError(Exception):
    """A call failed. `code` is the code of AWS, or the name of botocore's exception; it may be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RejectedError(ConnectError):
    """Connect does not accept the request (InvalidRequestException, InvalidParameterException).

    `reason` is Connect's own message about the request.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.reason = reason


class ThrottledError(ConnectError):
    """The account's quota is used up. A slot is expected to be free in `retry_after` whole seconds."""

    def __init__(self, code: str, retry_after: int = 2) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class InstanceNotFoundError(ConnectError):
    """The instance does not exist (ResourceNotFoundException: SearchContacts names no other resource)."""


class ContactNotFoundError(ConnectError):
    """The contact does not exist (ResourceNotFoundException of an operation about one contact)."""


class MisconfiguredError(ConnectError):
    """Credentials or permissions are missing or wrong: the operator has to act."""


class UpstreamError(ConnectError):
    """Connect failed (InternalServiceException), or its response cannot be read."""


class UnavailableError(ConnectError):
    """Connect cannot be reached, or says that it is unavailable."""


class TimedOutError(ConnectError):
    """Connect did not respond in time."""


# What Connect says about the request itself: it stays so for a while, and can be cached as a response can.
REFUSALS = (RejectedError, ContactNotFoundError)
