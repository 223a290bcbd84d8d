"""The responses that API Gateway sends before or instead of the function, as the contract's problems.

Source of the names: API Gateway developer guide, "Gateway response types".
"""

import json

from aws_cdk import aws_apigateway as apigateway

from contact_search.api.cors import EXPOSED_HEADERS
from contact_search.api.problem import NOT_FOUND, UNAUTHENTICATED
from contact_search.api.problem_types import PROBLEM_TYPES

_AT_NO_PATH = (NOT_FOUND.type, NOT_FOUND.detail)
_FAILED = ("internal", "Something went wrong here.")
# The type of problem and its detail.
_GATEWAY_RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": _AT_NO_PATH,
    "UNAUTHORIZED": (UNAUTHENTICATED.type, UNAUTHENTICATED.detail),
    "ACCESS_DENIED": ("forbidden", "This client is not granted anything here."),
    "INVALID_API_KEY": ("forbidden", "This client has no usage plan here."),
    "AUTHORIZER_FAILURE": ("upstream-unavailable", "Credentials cannot be checked at the moment."),
    # API Gateway takes a bearer token for one of its own signatures where the path does not exist.
    "INVALID_SIGNATURE": _AT_NO_PATH,
    "RESOURCE_NOT_FOUND": _AT_NO_PATH,
    "BAD_REQUEST_BODY": ("malformed", "API Gateway does not accept this body."),
    "BAD_REQUEST_PARAMETERS": ("malformed", "API Gateway does not accept these parameters."),
    "API_CONFIGURATION_ERROR": _FAILED,
    "AUTHORIZER_CONFIGURATION_ERROR": _FAILED,
    "INTEGRATION_FAILURE": _FAILED,
    "WAF_FILTERED": ("forbidden", "The firewall does not let this request in."),
    "REQUEST_TOO_LARGE": ("content-too-large", "A body may have 10 MB at most."),
    "UNSUPPORTED_MEDIA_TYPE": ("unsupported-media-type", "This takes JSON."),
    "THROTTLED": ("throttled", "This client may send no more requests for the moment."),
    "QUOTA_EXCEEDED": ("throttled", "This client has used up its quota of requests."),
    "INTEGRATION_TIMEOUT": ("upstream-timeout", "There was no answer in time."),
    "DEFAULT_4XX": ("malformed", "API Gateway does not accept this request."),
    "DEFAULT_5XX": _FAILED,
}
# Where the status is not the one of the problem's type. A default response has the status of its cause.
_STATUS_BY_RESPONSE = {"INTEGRATION_FAILURE": 502, "DEFAULT_4XX": None, "DEFAULT_5XX": None}
_HEADERS_BY_STATUS = {
    401: {"WWW-Authenticate": f"'{UNAUTHENTICATED.headers['WWW-Authenticate']}'"},
    429: {"Retry-After": "'1'"},
    503: {"Retry-After": "'5'"},
}


def add_gateway_responses(api: apigateway.RestApi, cors_origins: list[str]) -> None:
    """Add the responses to the API, readable by scripts of these origins."""
    for response_type, (problem, detail) in _GATEWAY_RESPONSES.items():
        problem_type = PROBLEM_TYPES[problem]
        status = _STATUS_BY_RESPONSE.get(response_type, problem_type.status.value)
        status_member = {} if status is None else {"status": status}  # templates cannot name the status of the cause
        members = {"type": f"/problems/{problem}", "title": problem_type.title, **status_member, "detail": detail}
        body = json.dumps(members | {"request_id": "$context.requestId"})
        headers = {
            "Cache-Control": "'no-store'",
            "X-Request-Id": "context.requestId",
            **_HEADERS_BY_STATUS.get(status or 0, {}),
            **_cors_headers(cors_origins),
        }
        api.add_gateway_response(
            response_type.title().replace("_", ""),
            type=apigateway.ResponseType.of(response_type),
            status_code=None if status is None else str(status),
            response_headers=headers,
            templates={"application/problem+json": body},
        )


def _cors_headers(cors_origins: list[str]) -> dict[str, str]:
    """Return the CORS headers. API Gateway cannot choose among several origins, so then any origin may read them."""
    if not cors_origins:
        return {}
    return {
        "Access-Control-Allow-Origin": f"'{cors_origins[0] if len(cors_origins) == 1 else '*'}'",
        "Access-Control-Expose-Headers": f"'{EXPOSED_HEADERS}'",
    }
