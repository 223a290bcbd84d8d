"""The REST API: which paths and methods exist, and what API Gateway itself answers."""

import json

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

COMPRESSED_FROM = 1024  # bytes

# ANY is for the answer 405, which tells what the path does answer.
_METHODS = {
    "/v1/contacts": ("GET", "HEAD", "ANY"),
    "/v1/contacts/search": ("POST", "ANY"),
    "/health": ("GET", "HEAD", "ANY"),
    "/openapi.json": ("GET", "HEAD", "ANY"),
    "/docs": ("GET", "HEAD", "ANY"),
}

# What API Gateway answers before or instead of the function, as the problem that the contract has for it.
# Source of the names: API Gateway developer guide, "Gateway response types".
_GATEWAY_RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "not-found", "Not found", "Nothing is at this path."),
    "REQUEST_TOO_LARGE": (413, "content-too-large", "Content too large", "A body may have 10 MB at most."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "unsupported-media-type", "Unsupported media type", "This takes JSON."),
    "THROTTLED": (429, "throttled", "Too many requests", "This API takes no more requests for the moment."),
    "QUOTA_EXCEEDED": (429, "throttled", "Too many requests", "This client has used up its quota of requests."),
    "INTEGRATION_TIMEOUT": (504, "upstream-timeout", "Timed out", "There was no answer in time."),
    "DEFAULT_4XX": (None, "malformed", "Bad request", "API Gateway does not accept this request."),
    "DEFAULT_5XX": (None, "internal", "Internal error", "Something went wrong here."),
}


class ContactSearchApi(apigateway.RestApi):
    """One resource a path, with the methods that it answers; ANY of the others goes to the function for its 405."""

    def __init__(self, scope: Construct, name: str, *, search: lambda_.IFunction) -> None:
        super().__init__(
            scope,
            name,
            rest_api_name="contact-search",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            min_compression_size=cdk.Size.bytes(COMPRESSED_FROM),
            cloud_watch_role=False,
            deploy_options=apigateway.StageOptions(stage_name="live"),
        )
        integration = apigateway.LambdaIntegration(search, allow_test_invoke=False)
        for path, methods in _METHODS.items():
            resource = self.root.resource_for_path(path)
            for method in methods:
                resource.add_method(method, integration)
        for response_type, (status, problem, title, detail) in _GATEWAY_RESPONSES.items():
            self._add_problem(response_type, status, problem, title, detail)

    def _add_problem(self, response_type: str, status: int | None, problem: str, title: str, detail: str) -> None:
        members = {"type": f"/problems/{problem}", "title": title, "status": status, "detail": detail}
        body = json.dumps(members | {"request_id": "$context.requestId"})
        if status is None:  # the status that API Gateway would have answered
            body = body.replace("null", "$context.status")
        headers = {
            "Cache-Control": "'no-store'",
            "X-Request-Id": "context.requestId",
            **({"Retry-After": "'1'"} if status == 429 else {}),
        }
        self.add_gateway_response(
            response_type.title().replace("_", ""),
            type=apigateway.ResponseType.of(response_type),
            status_code=None if status is None else str(status),
            response_headers=headers,
            templates={"application/problem+json": body},
        )
