"""Map exceptions to problems: the contract's table of errors."""

import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from contact_search.amazon_connect import errors
from contact_search.amazon_connect.directory import SECONDS_AFTER_FAILURE, DirectoryUnavailableError
from contact_search.api.problem import Problem, RefusedError
from contact_search.exports import errors as export_errors
from contact_search.log_lines import FAILED, REFUSED
from contact_search.logger import logger
from contact_search.search.cursor import CursorExpiredError, InvalidCursorError
from contact_search.search.faults import InvalidSearchError
from contact_search.search.grants import ForbiddenError
from contact_search.storage.errors import StorageUnavailableError

# Nobody knows how long an outage lasts.
_RETRY_AFTER_OUTAGE = {"Retry-After": "5"}
# Nor how long an export takes, but most take minutes at least.
_RETRY_AFTER_EXPORT = {"Retry-After": "60"}
# More errors than this would not fit into Lambda's response, and nobody would read them.
_MOST_ERRORS = 1_000


def problem_for(error: Exception) -> Problem:
    """Return the problem for an exception, or for its nearest base class that has one."""
    entry = next(_PROBLEM_BY_ERROR[cls] for cls in type(error).__mro__ if cls in _PROBLEM_BY_ERROR)
    return entry if isinstance(entry, Problem) else entry(error)


def log_problem(error: Exception, problem: Problem, resource: str) -> None:
    """Log what failed and where, without the exception's message: it may quote what the caller searched for.

    Args:
        resource: The path that was asked for, such as /v1/contacts/{id}, without the values of its parameters.
    """
    is_failure = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    line, log = (FAILED, logger.error) if is_failure else (REFUSED, logger.info)
    code = getattr(error, "code", None)
    extra = line.extra(problem=problem.type, failure=type(error).__name__, code=code, resource=resource)
    if problem.type == "internal":
        extra["at"] = traceback.format_tb(error.__traceback__)
    log(line.message, extra=extra)


def _validation(error: InvalidSearchError) -> Problem:
    faults = [
        {
            "parameter" if fault.is_in_header else error.source_type: fault.where,
            "code": fault.code,
            "detail": fault.detail,
        }
        for fault in error.faults[:_MOST_ERRORS]
    ]
    count = len(error.faults)
    detail = f"The request has {'1 fault' if count == 1 else f'{count} faults'}."
    return Problem("validation", detail, faults)


def _forbidden(error: ForbiddenError) -> Problem:
    faults = [
        {error.source_type: source, "code": "forbidden", "detail": _more_than_granted(error.granted.get(source))}
        for source in error.sources[:_MOST_ERRORS]
    ]
    sources = ", ".join(error.sources[:5]) or "this path"
    detail = f"This client is not granted everything that is asked for in {sources}."
    return Problem("forbidden", detail, faults)


def _more_than_granted(granted: str | None) -> str:
    return f"asks for more than this client is granted{f': {granted}' if granted else ''}"


def _rejected_by_connect(error: errors.RejectedError) -> Problem:
    # A message with an ARN is about our own resources, which callers must not see.
    detail = "Amazon Connect does not accept this request." if "arn:" in error.reason else error.reason
    return Problem("rejected-by-connect", detail)


def _throttled(error: errors.ThrottledError) -> Problem:
    detail = "Amazon Connect's quota is used up at the moment."
    headers = {"Retry-After": str(error.retry_after)}
    return Problem("throttled", detail, headers=headers)


def _too_many_exports(error: export_errors.TooManyExportsError) -> Problem:
    which, way_out = ("unfinished", "Wait until one has ended, or end") if error.are_unfinished else ("kept", "Delete")
    detail = f"This client has {error.most} {which} exports, and may not have more. {way_out} one with DELETE."
    return Problem("too-many-exports", detail, headers=_RETRY_AFTER_EXPORT)


def _search_too_large(error: export_errors.SearchTooLargeError) -> Problem:
    detail = f"The search of an export may have {error.most} bytes at most, compressed."
    return Problem("content-too-large", detail)


def _refused(error: RefusedError) -> Problem:
    return error.problem


_PROBLEM_BY_ERROR: Mapping[type, Problem | Callable[[Any], Problem]] = {
    RefusedError: _refused,
    InvalidSearchError: _validation,
    ForbiddenError: _forbidden,
    InvalidCursorError: Problem(
        "invalid-cursor",
        "This is not a cursor of this search. Send the next_cursor of a page, and repeat the parameters unchanged.",
    ),
    CursorExpiredError: Problem(
        "cursor-expired",
        "A cursor is valid for 24 hours, with `follow` for 30 days. Start again without a cursor.",
    ),
    errors.RejectedError: _rejected_by_connect,
    errors.ThrottledError: _throttled,
    errors.ContactNotFoundError: Problem(
        "not-found",
        "There is no contact with this id, or it is one that this client may not see.",
    ),
    errors.InstanceNotFoundError: Problem(
        "instance-not-found",
        "The Amazon Connect instance of this service does not exist.",
    ),
    errors.MisconfiguredError: Problem(
        "misconfigured",
        "This service is not allowed to use its Amazon Connect instance.",
    ),
    errors.UpstreamError: Problem(
        "upstream-error",
        "Amazon Connect failed to answer this request.",
    ),
    errors.UnavailableError: Problem(
        "upstream-unavailable",
        "Amazon Connect cannot be reached.",
        headers=_RETRY_AFTER_OUTAGE,
    ),
    errors.TimedOutError: Problem(
        "upstream-timeout",
        "Amazon Connect did not answer in time.",
    ),
    DirectoryUnavailableError: Problem(
        "upstream-unavailable",
        "The names of queues and agents cannot be read at the moment. Ids work.",
        headers={"Retry-After": str(SECONDS_AFTER_FAILURE)},
    ),
    StorageUnavailableError: Problem(
        "upstream-unavailable",
        "What this search needs to continue cannot be reached. Send the same request again later.",
        headers=_RETRY_AFTER_OUTAGE,
    ),
    export_errors.TooManyExportsError: _too_many_exports,
    export_errors.SearchTooLargeError: _search_too_large,
    export_errors.KeyReusedError: Problem(
        "idempotency-key-reused",
        "An export with another body was created with this Idempotency-Key within the last 24 hours.",
    ),
    export_errors.GrantChangedError: Problem(
        "forbidden",
        "What this client is granted has changed since the export was created.",
    ),
    export_errors.NotConfiguredError: Problem(
        "misconfigured",
        "This service has no place for exports.",
    ),
    export_errors.NotStartedError: Problem(
        "upstream-unavailable",
        "No export can be started at the moment. Send the same request again later.",
        headers=_RETRY_AFTER_OUTAGE,
    ),
    export_errors.FilesUnavailableError: Problem(
        "upstream-unavailable",
        "The files of exports cannot be written at the moment.",
        headers=_RETRY_AFTER_OUTAGE,
    ),
    Exception: Problem(
        "internal",
        "Something went wrong here. It has been logged under this request_id.",
    ),
}
