"""API Gateway on the laptop: an ASGI application with the routes and the answers of the synthesized template.

Its limits are API Gateway's: see "Amazon API Gateway quotas and important notes" in its developer guide.
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

from sandbox.gateway.authorizer import MalformedPolicyError, context_of, is_allowed
from sandbox.gateway.lambda_function import FunctionFailedError, LambdaFunction
from sandbox.gateway.proxy_event import (
    MalformedAnswerError,
    Request,
    Response,
    authorizer_event_of,
    event_of,
    response_of,
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
    """Answers HTTP with the functions behind the template's routes."""

    def __init__(
        self,
        template: Template,
        functions: dict[str, LambdaFunction],
        usage_plans: UsagePlans,
        stage_path: str = "",
    ) -> None:
        """`stage_path`, such as /live, begins the paths of requests, as on API Gateway's own address."""
        self._stage_path = stage_path.encode()
        self._routes = template.routes()
        self._responses = template.gateway_responses()
        self._compressed_from = template.compressed_from()
        self._functions = functions
        self._usage_plans = usage_plans

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        request_id = str(uuid.uuid4())
        try:
            request = await _request_of(scope, receive)
        except _TooLargeError:
            response = self._own("REQUEST_TOO_LARGE", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, request_id)
        else:
            response = self._compressed(request, await self.answer(request, request_id))
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    async def answer(self, request: Request, request_id: str) -> Response:
        """The response to a request, before it is compressed."""
        if _head_length(request) > LONGEST_HEAD:
            return _front_end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if request.is_broken():
            return _front_end(HTTPStatus.BAD_REQUEST)
        # The stage alone, without a slash after it, is the root as well.
        if request.path != self._stage_path and not request.path.startswith(self._stage_path + b"/"):
            return _front_end(HTTPStatus.FORBIDDEN)
        request = replace(request, path=request.path.removeprefix(self._stage_path), stage_path=self._stage_path)
        found = find_resource(self._routes, request.path.decode(errors="replace") or "/")
        methods = self._routes[found[0]] if found else {}
        route = methods.get(request.method) or methods.get("ANY")
        if found is None or route is None:
            return self._own("MISSING_AUTHENTICATION_TOKEN", HTTPStatus.FORBIDDEN, request_id)
        return await self._routed(route, event_of(request, request_id, *found))

    async def _routed(self, route: Route, event: dict[str, Any]) -> Response:
        request_id = event["requestContext"]["requestId"]
        try:
            if route.authorizer is not None:
                event["requestContext"]["authorizer"] = await self._authorized(route, route.authorizer, event)
            # From when there is an environment: on a laptop it may take long until then.
            answer = await self._functions[route.function].invoke(event, INTEGRATION_TIMEOUT)
            return response_of(answer)
        except _RefusedError as refused:
            return self._own(refused.response_type, refused.status, request_id)
        except TimeoutError:
            return self._own("INTEGRATION_TIMEOUT", HTTPStatus.GATEWAY_TIMEOUT, request_id)
        except (FunctionFailedError, MalformedAnswerError):
            return self._own("INTEGRATION_FAILURE", HTTPStatus.BAD_GATEWAY, request_id)

    async def _authorized(self, route: Route, authorizer: str, event: dict[str, Any]) -> dict[str, Any]:
        """What the function is told of the caller; raises _RefusedError where it may not ask, or not now."""
        asked = authorizer_event_of(event)
        try:
            answer = await self._functions[authorizer].invoke(asked)
            if not is_allowed(answer, asked["methodArn"]):
                raise _RefusedError("ACCESS_DENIED", HTTPStatus.FORBIDDEN)
            key = answer.get("usageIdentifierKey", "")
            if route.wants_usage_plan and not await asyncio.to_thread(self._usage_plans.admits, key):
                raise _RefusedError("THROTTLED", HTTPStatus.TOO_MANY_REQUESTS)
        except FunctionFailedError as error:
            if str(error) == "Unauthorized":  # to API Gateway this one message is no failure
                raise _RefusedError("UNAUTHORIZED", HTTPStatus.UNAUTHORIZED) from None
            raise _RefusedError("AUTHORIZER_FAILURE", HTTPStatus.INTERNAL_SERVER_ERROR) from error
        except MalformedPolicyError as error:
            raise _RefusedError("AUTHORIZER_CONFIGURATION_ERROR", HTTPStatus.INTERNAL_SERVER_ERROR) from error
        except UnknownKeyError as error:
            raise _RefusedError("INVALID_API_KEY", HTTPStatus.FORBIDDEN) from error
        return context_of(answer)

    def _own(self, response_type: str, default: HTTPStatus, request_id: str) -> Response:
        """A response of API Gateway's own, as the template customizes it."""
        kind = response_type if response_type in self._responses else f"DEFAULT_{default // 100}XX"
        custom = self._responses[kind]
        status = custom.status or default
        variables = {"requestId": request_id, "error.messageString": json.dumps(default.phrase)}
        body = re.sub(r"\$context\.([\w.]+)", lambda found: variables[found[1]], custom.body)
        headers = [
            (name.lower(), value[1:-1] if value.startswith("'") else variables[value.removeprefix("context.")])
            for name, value in custom.headers.items()
        ]
        return Response(status, [("content-type", custom.media_type), *headers], body.encode())

    def _compressed(self, request: Request, response: Response) -> Response:
        """As API Gateway compresses: from the minimum size on, in the first coding the client accepts of the two."""
        if len(response.body) < self._compressed_from or "content-encoding" in dict(response.headers):
            return response
        accepted = _accepted_codings(dict(request.headers).get("accept-encoding", ""))
        for coding, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
            if coding in accepted:
                return Response(
                    response.status, [*response.headers, ("content-encoding", coding)], compress(response.body)
                )
        return response


class _TooLargeError(Exception):
    pass


class _RefusedError(Exception):
    """A gateway response of this type, by default with this status, in place of the function's answer."""

    def __init__(self, response_type: str, status: HTTPStatus) -> None:
        super().__init__(response_type)
        self.response_type, self.status = response_type, status


async def _request_of(scope: MutableMapping[str, Any], receive: _Receive) -> Request:
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


def _front_end(status: HTTPStatus) -> Response:
    """A refusal of API Gateway's front end, which no template customizes."""
    return Response(status, [("content-type", "application/json")], json.dumps({"message": status.phrase}).encode())


def _accepted_codings(accept_encoding: str) -> set[str]:
    accepted: set[str] = set()
    for element in accept_encoding.lower().split(","):
        coding, _, quality = element.partition(";")
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.update(("gzip", "deflate") if coding.strip() == "*" else (coding.strip(),))
    return accepted
