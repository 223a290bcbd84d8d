"""Run API Gateway on a laptop: an ASGI application with the routes and gateway responses of the synthesized template.

The limits are API Gateway's: see "Amazon API Gateway quotas and important notes" in its developer guide.
"""

import asyncio
import gzip
import json
import re
import uuid
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from sandbox.gateway.authorizer import MalformedPolicyError, build_context, is_allowed
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import (
    MalformedAnswerError,
    Request,
    Response,
    build_authorizer_event,
    build_event,
    build_response,
)
from sandbox.gateway.resource_paths import find_resource
from sandbox.gateway.template import Route, Template
from sandbox.gateway.usage_plans import UnknownKeyError, UsagePlans

LONGEST_BODY = 10 << 20  # bytes
LONGEST_HEAD = 10_240  # bytes of request line and headers
INTEGRATION_TIMEOUT = 29  # seconds

_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ApiGateway:
    """Answer HTTP requests with the functions behind the template's routes.

    Args:
        template: The synthesized template.
        functions: The functions by logical id.
        usage_plans: The usage plans and keys of the stand-in.
        stage_path: The first part of every path, such as /live, as in API Gateway's own address.
    """

    def __init__(
        self,
        template: Template,
        functions: dict[str, LambdaFunction],
        usage_plans: UsagePlans,
        stage_path: str = "",
    ) -> None:
        self._stage_path = stage_path.encode()
        self._routes = template.routes()
        self._responses = template.gateway_responses()
        self._minimum_compression_size = template.minimum_compression_size()
        self._functions = functions
        self._usage_plans = usage_plans

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        request_id = str(uuid.uuid4())
        try:
            request = await _receive_request(scope, receive)
        except _TooLargeError:
            response = self._gateway_response("REQUEST_TOO_LARGE", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, request_id)
        else:
            response = self._compress(request, await self.answer(request, request_id))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def answer(self, request: Request, request_id: str) -> Response:
        """Return the response to a request, before compression."""
        if _head_length(request) > LONGEST_HEAD:
            return _refuse_early(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if request.has_broken_escape():
            return _refuse_early(HTTPStatus.BAD_REQUEST)
        # The stage without a slash after it is the root, too.
        if request.path != self._stage_path and not request.path.startswith(self._stage_path + b"/"):
            return _refuse_early(HTTPStatus.FORBIDDEN)
        request = replace(request, path=request.path.removeprefix(self._stage_path), stage_path=self._stage_path)
        match = find_resource(self._routes, request.path.decode(errors="replace") or "/")
        methods = self._routes[match[0]] if match else {}
        route = methods.get(request.method) or methods.get("ANY")
        if match is None or route is None:
            return self._gateway_response("MISSING_AUTHENTICATION_TOKEN", HTTPStatus.FORBIDDEN, request_id)
        return await self._invoke_route(route, build_event(request, request_id, *match))

    async def _invoke_route(self, route: Route, event: dict[str, Any]) -> Response:
        """Authorize the request and invoke the function of its route."""
        request_id = event["requestContext"]["requestId"]
        try:
            if route.authorizer is not None:
                event["requestContext"]["authorizer"] = await self._authorize(route, route.authorizer, event)
            # The timeout starts when an environment is free, which may take long on a laptop.
            answer = await self._functions[route.function].invoke(event, INTEGRATION_TIMEOUT)
            return build_response(answer)
        except _RefusedError as refused:
            return self._gateway_response(refused.response_type, refused.status, request_id)
        except TimeoutError:
            return self._gateway_response("INTEGRATION_TIMEOUT", HTTPStatus.GATEWAY_TIMEOUT, request_id)
        except (FunctionFailedError, MalformedAnswerError):
            return self._gateway_response("INTEGRATION_FAILURE", HTTPStatus.BAD_GATEWAY, request_id)

    async def _authorize(self, route: Route, authorizer: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke the authorizer and return the request context that it adds for the function.

        Raises:
            _RefusedError: The caller has no access, or is over the rate of its usage plan.
        """
        authorizer_event = build_authorizer_event(event)
        try:
            answer = await self._functions[authorizer].invoke(authorizer_event)
            if not is_allowed(answer, authorizer_event["methodArn"]):
                raise _RefusedError("ACCESS_DENIED", HTTPStatus.FORBIDDEN)
            key = answer.get("usageIdentifierKey", "")
            if route.needs_api_key and not await asyncio.to_thread(self._usage_plans.admits, key):
                raise _RefusedError("THROTTLED", HTTPStatus.TOO_MANY_REQUESTS)
        except FunctionFailedError as error:
            if str(error) == "Unauthorized":  # API Gateway answers 401 to this message alone
                raise _RefusedError("UNAUTHORIZED", HTTPStatus.UNAUTHORIZED) from None
            raise _RefusedError("AUTHORIZER_FAILURE", HTTPStatus.INTERNAL_SERVER_ERROR) from error
        except MalformedPolicyError as error:
            raise _RefusedError("AUTHORIZER_CONFIGURATION_ERROR", HTTPStatus.INTERNAL_SERVER_ERROR) from error
        except UnknownKeyError as error:
            raise _RefusedError("INVALID_API_KEY", HTTPStatus.FORBIDDEN) from error
        return build_context(answer)

    def _gateway_response(self, response_type: str, default: HTTPStatus, request_id: str) -> Response:
        """Build a response of API Gateway itself, as the template customizes it."""
        custom_type = response_type if response_type in self._responses else f"DEFAULT_{default // 100}XX"
        custom = self._responses[custom_type]
        status = custom.status or default
        variables = {"requestId": request_id, "error.messageString": json.dumps(default.phrase)}
        body = re.sub(r"\$context\.([\w.]+)", lambda match: variables[match[1]], custom.body)
        headers = [
            (name.lower(), value[1:-1] if value.startswith("'") else variables[value.removeprefix("context.")])
            for name, value in custom.headers.items()
        ]
        return Response(status, [("content-type", custom.media_type), *headers], body.encode())

    def _compress(self, request: Request, response: Response) -> Response:
        """Compress a body of the minimum size or more, with gzip or else deflate if the client accepts it."""
        if len(response.body) < self._minimum_compression_size or "content-encoding" in dict(response.headers):
            return response
        accepted = _accepted_codings(dict(request.headers).get("accept-encoding", ""))
        for coding, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
            if coding in accepted:
                return Response(
                    response.status, [*response.headers, ("content-encoding", coding)], compress(response.body)
                )
        return response


class _TooLargeError(Exception):
    """Refuse a request whose body is longer than LONGEST_BODY."""


class _RefusedError(Exception):
    """Answer with a gateway response of this type, by default with this status, instead of the function's answer."""

    def __init__(self, response_type: str, status: HTTPStatus) -> None:
        super().__init__(response_type)
        self.response_type, self.status = response_type, status


async def _receive_request(scope: MutableMapping[str, Any], receive: _Receive) -> Request:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LONGEST_BODY:
            raise _TooLargeError
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    client = scope["client"][0] if scope["client"] else ""
    return Request(scope["method"], scope["raw_path"], scope["query_string"], headers, body, client)


def _head_length(request: Request) -> int:
    line = len(request.method) + len(request.path) + len(request.query) + len(" ? HTTP/1.1\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in request.headers)


def _refuse_early(status: HTTPStatus) -> Response:
    """Build a refusal of API Gateway's front end, which templates cannot customize."""
    return Response(status, [("content-type", "application/json")], json.dumps({"message": status.phrase}).encode())


def _accepted_codings(accept_encoding: str) -> set[str]:
    accepted: set[str] = set()
    for element in accept_encoding.lower().split(","):
        coding, _, quality = element.partition(";")
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.update(("gzip", "deflate") if coding.strip() == "*" else (coding.strip(),))
    return accepted
