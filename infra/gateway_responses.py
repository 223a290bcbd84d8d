"""The responses that API Gateway sends before or instead of the function, as the contract's problems.

Source of the names: API Gateway developer guide, "Gateway response types".
"""

import json

from aws_cdk import aws_apigateway as apigateway

_UNAUTHENTICATED = (
    "Send one credential: an API key in the header x-api-key, or a bearer token in the header Authorization."
)
_GATEWAY_RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "not-found", "Not found", "Nothing is at this path."),
    "UNAUTHORIZED": (401, "unauthenticated", "Unauthenticated", _UNAUTHENTICATED),
    "ACCESS_DENIED": (403, "forbidden", "Forbidden", "This client is not granted anything here."),
    "INVALID_API_KEY": (403, "forbidden", "Forbidden", "This client has no usage plan here."),
    "AUTHORIZER_FAILURE": (503, "upstream-unavailable", "Unavailable", "Credentials cannot be checked at the moment."),
    # API Gateway takes a bearer token for one of its own signatures where the path does not exist.
    "INVALID_SIGNATURE": (404, "not-found", "Not found", "Nothing is at this path."),
    "RESOURCE_NOT_FOUND": (404, "not-found", "Not found", "Nothing is at this path."),
    "BAD_REQUEST_BODY": (400, "malformed", "Bad request", "API Gateway does not accept this body."),
    "BAD_REQUEST_PARAMETERS": (400, "malformed", "Bad request", "API Gateway does not accept these parameters."),
    "API_CONFIGURATION_ERROR": (500, "internal", "Internal error", "Something went wrong here."),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "internal", "Internal error", "Something went wrong here."),
    "INTEGRATION_FAILURE": (502, "internal", "Internal error", "Something went wrong here."),
    "WAF_FILTERED": (403, "forbidden", "Forbidden", "The firewall does not let this request in."),
    "REQUEST_TOO_LARGE": (413, "content-too-large", "Content too large", "A body may have 10 MB at most."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "unsupported-media-type", "Unsupported media type", "This takes JSON."),
    "THROTTLED": (429, "throttled", "Too many requests", "This client may send no more requests for the moment."),
    "QUOTA_EXCEEDED": (429, "throttled", "Too many requests", "This client has used up its quota of requests."),
    "INTEGRATION_TIMEOUT": (504, "upstream-timeout", "Timed out", "There was no answer in time."),
    "DEFAULT_4XX": (None, "malformed", "Bad request", "API Gateway does not accept this request."),
    "DEFAULT_5XX": (None, "internal", "Internal error", "Something went wrong here."),
}
_HEADERS_BY_STATUS = {
    401: {"WWW-Authenticate": '\'Bearer realm="contact-search", ApiKey realm="contact-search"\''},
    429: {"Retry-After": "'1'"},
    503: {"Retry-After": "'5'"},
}


def add_gateway_responses(api: apigateway.RestApi, cors_origins: list[str]) -> None:
    """Add the responses to the API, readable by scripts of these origins."""
    for response_type, (status, problem, title, detail) in _GATEWAY_RESPONSES.items():
        # A default response has the status of its cause, which templates cannot name.
        status_member = {} if status is None else {"status": status}
        members = {"type": f"/problems/{problem}", "title": title, **status_member, "detail": detail}
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
        "Access-Control-Expose-Headers": "'Retry-After, WWW-Authenticate, X-Request-Id'",
    }
