"""List the types of problems: what each means, and what to do about it.

Problems, the gateway responses of the stack, the pages under /problems and the OpenAPI document all read this table.
"""

from http import HTTPStatus
from typing import NamedTuple


class ProblemType(NamedTuple):
    """Describe a type of problem.

    Attributes:
        status: The status of its responses. API Gateway gives some types another status of the same class.
        title: A short summary, the same in each response (RFC 9457, section 3.1.3).
        meaning: Why a request gets it.
        remedy: What its sender can do.
    """

    status: HTTPStatus
    title: str
    meaning: str
    remedy: str


_REPORT = "Report the request_id to whoever runs this service: the log has the cause under it."

# By the last part of the type's URI: `validation` stands for /problems/validation.
PROBLEM_TYPES: dict[str, ProblemType] = {
    "malformed": ProblemType(
        HTTPStatus.BAD_REQUEST,
        "Malformed request",
        "The body is not JSON, or API Gateway does not accept the request as HTTP.",
        "Send the body as UTF-8 JSON, without repeated names, NaN or Infinity. The detail says what is wrong.",
    ),
    "invalid-cursor": ProblemType(
        HTTPStatus.BAD_REQUEST,
        "Invalid cursor",
        "The cursor was changed, belongs to another search or another client, or is older than a change of what the"
        " client is granted.",
        "Send the next_cursor of a page unchanged, and repeat all parameters of the search but limit, fields and"
        " expand as they were. If you did, start again without a cursor.",
    ),
    "unauthenticated": ProblemType(
        HTTPStatus.UNAUTHORIZED,
        "Unauthenticated",
        "The request has no credential, more than one, or one that is not valid.",
        "Send one credential: an API key in the header x-api-key, or a bearer token in the header Authorization. If the"
        " key was replaced or the token has expired, get a new one.",
    ),
    "forbidden": ProblemType(
        HTTPStatus.FORBIDDEN,
        "Forbidden",
        "The credential is valid, but the client is not granted what the request asks for.",
        "Leave out what `errors` names, or ask whoever runs this service for a wider grant. GET /v1/me shows it.",
    ),
    "not-found": ProblemType(
        HTTPStatus.NOT_FOUND,
        "Not found",
        "Nothing is at this path, or the client may not see what is there.",
        "Check the path and the id in it. GET /openapi.json lists all paths.",
    ),
    "method-not-allowed": ProblemType(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The path exists, but not with this method.",
        "Use one of the methods in the header Allow.",
    ),
    "not-acceptable": ProblemType(
        HTTPStatus.NOT_ACCEPTABLE,
        "Not acceptable",
        "The header Accept allows no media type in which this resource is available.",
        "Add the media type that the detail names to Accept, or leave the header out.",
    ),
    "cursor-expired": ProblemType(
        HTTPStatus.GONE,
        "Cursor expired",
        "The cursor is too old, or Amazon Connect has forgotten its place in a search whose order does not let the"
        " service find it again.",
        "Start again without a cursor. Fetch the pages of a search within 24 hours. If you follow it, begin at the last"
        " complete_until that you have, and drop contacts that you have already: there you have 30 days.",
    ),
    "content-too-large": ProblemType(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Content too large",
        "The body has more than 1 MiB.",
        "Split the search into several smaller ones.",
    ),
    "unsupported-media-type": ProblemType(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "The header Content-Type says that the body is not JSON.",
        "Send the body as application/json.",
    ),
    "validation": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid request",
        "The request breaks a rule of this API. Amazon Connect was not asked.",
        "Correct everything that `errors` lists: each entry names the parameter, or the place in the body (pointer),"
        " and what it must be. The list is complete.",
    ),
    "rejected-by-connect": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Rejected by Amazon Connect",
        "The request follows the rules of this API, but Amazon Connect does not accept the search.",
        "Change the search as the detail says. The same search will be rejected again.",
    ),
    "idempotency-key-reused": ProblemType(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Idempotency key reused",
        "Another request with this Idempotency-Key and another body was sent in the last 24 hours.",
        "Send each new request with a new key. Use a key again only to repeat the very same request.",
    ),
    "too-many-exports": ProblemType(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many exports",
        "The client has as many unfinished exports as it may have.",
        "Wait until one has ended, or end one with DELETE /v1/exports/{id}.",
    ),
    "throttled": ProblemType(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "Amazon Connect's quota of searches is used up at the moment, or the client sends more requests than its usage"
        " plan allows.",
        "Send the same request again after the seconds in the header Retry-After. To wait within the request, send"
        " Prefer: wait=20.",
    ),
    "internal": ProblemType(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "Something went wrong in this service.",
        _REPORT,
    ),
    "instance-not-found": ProblemType(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Instance not found",
        "The Amazon Connect instance that this service is configured for does not exist.",
        _REPORT,
    ),
    "misconfigured": ProblemType(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Misconfigured",
        "This service lacks a permission to use its Amazon Connect instance.",
        _REPORT,
    ),
    "upstream-error": ProblemType(
        HTTPStatus.BAD_GATEWAY,
        "Amazon Connect failed",
        "Amazon Connect failed to answer, or its answer cannot be read.",
        "Send the same request again. If it fails for long, see the AWS Health Dashboard.",
    ),
    "upstream-unavailable": ProblemType(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Temporarily unavailable",
        "Amazon Connect, or something else that this request needs, cannot be reached at the moment.",
        "Send the same request again after the seconds in the header Retry-After.",
    ),
    "upstream-timeout": ProblemType(
        HTTPStatus.GATEWAY_TIMEOUT,
        "Timed out",
        "Amazon Connect did not answer in time.",
        "Send the same request again. A shorter window or fewer criteria are answered sooner.",
    ),
}
