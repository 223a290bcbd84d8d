"""Which problem each failure is: the contract's table of errors."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from amazon_connect import errors
from contacts.cursor import CursorExpiredError, InvalidCursorError
from contacts.fault import InvalidSearchError
from contacts.narrowing import ForbiddenError
from rest.problem import Problem, RefusedError
from storage.item import StorageUnavailableError

# Of an outage nobody knows how long it lasts.
_RETRY_AFTER = {"Retry-After": "5"}

_ALWAYS: dict[type[Exception], Problem] = {
    InvalidCursorError: Problem(
        HTTPStatus.BAD_REQUEST,
        "invalid-cursor",
        "Invalid cursor",
        "This is not a cursor of this search. Take the next_cursor of a page, and repeat the parameters unchanged.",
    ),
    CursorExpiredError: Problem(
        HTTPStatus.GONE,
        "cursor-expired",
        "Cursor expired",
        "Cursors live for 24 hours at most. Start again without one.",
    ),
    errors.InstanceNotFoundError: Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "instance-not-found",
        "Instance not found",
        "The Amazon Connect instance of this service does not exist.",
    ),
    errors.MisconfiguredError: Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "misconfigured",
        "Misconfigured",
        "This service is not allowed to search its Amazon Connect instance.",
    ),
    errors.UpstreamError: Problem(
        HTTPStatus.BAD_GATEWAY,
        "upstream-error",
        "Amazon Connect failed",
        "Amazon Connect failed to answer this search.",
    ),
    errors.UnavailableError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "upstream-unavailable",
        "Amazon Connect unavailable",
        "Amazon Connect cannot be reached.",
        headers=_RETRY_AFTER,
    ),
    StorageUnavailableError: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "upstream-unavailable",
        "Storage unavailable",
        "What this walk needs to go on cannot be reached. Send the same request again later.",
        headers=_RETRY_AFTER,
    ),
    errors.TimedOutError: Problem(
        HTTPStatus.GATEWAY_TIMEOUT,
        "upstream-timeout",
        "Amazon Connect timed out",
        "Amazon Connect did not answer in time.",
    ),
}
# More of them would outgrow what Lambda can answer, and whoever reads them.
_MOST_FAULTS = 1_000
_UNFORESEEN = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "internal",
    "Internal error",
    "Something went wrong here. It has been logged under this request_id.",
)


def _invalid(failure: InvalidSearchError) -> Problem:
    faults = [
        {failure.where: fault.where, "code": fault.code, "detail": fault.detail}
        for fault in failure.faults[:_MOST_FAULTS]
    ]
    count = len(failure.faults)
    detail = f"Nothing was searched: the request has {'a fault' if count == 1 else f'{count} faults'}."
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "validation", "Invalid request", detail, faults)


def _forbidden(failure: ForbiddenError) -> Problem:
    where = "pointer" if failure.names[0].startswith("/") else "parameter"
    errors_ = [
        {where: name, "code": "forbidden", "detail": "asks for more than this client is granted"}
        for name in failure.names[:_MOST_FAULTS]
    ]
    detail = (
        f"Nothing was searched: this client is not granted all that is asked for in {', '.join(failure.names[:5])}."
    )
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", "Forbidden", detail, errors_)


def _rejected(failure: errors.RejectedError) -> Problem:
    # What speaks of our own resources is not for the caller to read.
    detail = "Amazon Connect does not accept this search." if "arn:" in failure.reason else failure.reason
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "rejected-by-connect", "Rejected by Amazon Connect", detail)


def _throttled(failure: errors.ThrottledError) -> Problem:
    detail = "Amazon Connect's quota of searches is used up for the moment."
    headers = {"Retry-After": str(failure.retry_after)}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "throttled", "Too many searches", detail, headers=headers)


def _refused(failure: RefusedError) -> Problem:
    return failure.problem


_BY_FAILURE: dict[type[Exception], Callable[[Any], Problem]] = {
    ForbiddenError: _forbidden,
    InvalidSearchError: _invalid,
    errors.RejectedError: _rejected,
    errors.ThrottledError: _throttled,
    RefusedError: _refused,
}


def problem_of(failure: Exception) -> Problem:
    """What the caller is told. Anything unforeseen is `internal`, and nothing is said of its cause."""
    if (of_failure := _BY_FAILURE.get(type(failure))) is not None:
        return of_failure(failure)
    return _ALWAYS.get(type(failure), _UNFORESEEN)
