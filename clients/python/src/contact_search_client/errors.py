"""Define what can go wrong, as exceptions."""

import httpx
from pydantic import ValidationError

from contact_search_client.models import Export, Fault, Problem


class ContactSearchError(Exception):
    """The base of all errors of this client."""


class UnreachableError(ContactSearchError):
    """The service cannot be reached, or what answers is not the service."""


class ExportError(ContactSearchError):
    """An export has ended without all its contacts, or its files are damaged.

    Attributes:
        export: The export as the service described it last.
    """

    def __init__(self, message: str, export: Export) -> None:
        super().__init__(message)
        self.export = export


class ProblemError(ContactSearchError):
    """The service refused a request with a problem (RFC 9457).

    Attributes:
        status: The HTTP status.
        type: The type of the problem, such as "validation". GET /problems/{type} explains it.
        detail: What is wrong with this request.
        faults: Each invalid parameter or member, if that is the problem.
        request_id: The id of the request. The operator of the service finds it in the log.
        retry_after: Seconds after which the same request may succeed, if the service says so.
    """

    def __init__(self, problem: Problem, retry_after: float | None) -> None:
        self.status = problem.status
        self.type = problem.type.rpartition("/")[2]
        self.title = problem.title
        self.detail = problem.detail
        self.faults: list[Fault] = problem.errors or []
        self.request_id = problem.request_id
        self.retry_after = retry_after
        lines = [f"{self.title}: {self.detail} (status {self.status}, request {self.request_id})"]
        lines += [f"{fault.parameter or fault.pointer}: {fault.detail}" for fault in self.faults]
        super().__init__("\n".join(lines))


class CursorError(ProblemError):
    """The cursor has expired, or belongs to another search or an earlier grant. Begin again without it."""


class UnauthenticatedError(ProblemError):
    """The credential is missing or not valid."""


class ForbiddenError(ProblemError):
    """The client's grant does not cover what was asked."""


class NotFoundError(ProblemError):
    """It does not exist, or the client may not see it."""


class InvalidRequestError(ProblemError):
    """The request breaks a rule. `faults` has every one that is broken."""


class ThrottledError(ProblemError):
    """Too many requests, for longer than the client is willing to wait."""


_ERROR_BY_STATUS = {
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    410: CursorError,
    422: InvalidRequestError,
    429: ThrottledError,
}


def error_from(response: httpx.Response) -> ContactSearchError:
    """Return the error that a response is."""
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return UnreachableError(f"{response.url.host} answers {response.status_code}, and not as this service does")
    is_cursor = problem.type.endswith("/invalid-cursor")
    error = CursorError if is_cursor else _ERROR_BY_STATUS.get(response.status_code, ProblemError)
    return error(problem, seconds_to_wait(response))


def seconds_to_wait(response: httpx.Response) -> float | None:
    """Return what Retry-After says. This service always says it in seconds."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None
