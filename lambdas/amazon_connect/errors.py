"""How a call of Amazon Connect can fail, as far as the service tells failures apart."""


class ConnectError(Exception):
    """Any failure of a call. `code` is AwsError's, and can be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class RejectedError(ConnectError):
    """InvalidRequestException, InvalidParameterException: `reason` is Connect's own sentence on the request."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code)
        self.reason = reason


class ThrottledError(ConnectError):
    """The quota of the account is used up; in `retry_after` whole seconds there is expected to be room for a search."""

    def __init__(self, code: str, retry_after: int = 2) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class InstanceNotFoundError(ConnectError):
    """ResourceNotFoundException: SearchContacts names only one resource, the instance."""


class MisconfiguredError(ConnectError):
    """The operator's fault: credentials or permissions."""


class UpstreamError(ConnectError):
    """InternalServiceException, or an answer that cannot be read."""


class UnavailableError(ConnectError):
    """No connection to Amazon Connect, or it says that it is unavailable."""


class TimedOutError(ConnectError):
    """No answer from Amazon Connect in time."""
