"""API Gateway's Lambda proxy integration of REST APIs: a request as an event (version 1.0), and the answer to it.

Source: API Gateway developer guide, "Lambda proxy integrations in API Gateway".
"""

import base64
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Request:
    """A request as it arrived: header names in lower case, path and query as they stood in the request line.

    `stage_path` is what stood before the path: the stage, on API Gateway's own address.
    """

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[str, str]]
    body: bytes
    client: str
    stage_path: bytes = b""

    def is_broken(self) -> bool:
        """Whether a percent sign in it stands for nothing."""
        return bool(_BROKEN_ESCAPE.search(self.path) or _BROKEN_ESCAPE.search(self.query))


@dataclass(frozen=True)
class Response:
    """A response as it is sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class MalformedAnswerError(ValueError):
    """The function's answer has not the shape that the integration wants."""


def path_of(request: Request) -> str:
    return unquote_to_bytes(request.path).decode(errors="replace")


def event_of(
    request: Request, request_id: str, resource: str, path_parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The event; what is not there is null, as in API Gateway."""
    headers, query = _collected(request.headers), _collected(_pairs(request.query))
    now = time.time()
    try:
        body, is_base64 = request.body.decode(), False
    except UnicodeDecodeError:
        body, is_base64 = base64.b64encode(request.body).decode(), True
    return {
        "resource": resource,
        "path": path_of(request) or "/",
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers or None,
        "queryStringParameters": _last(query),
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(path_parameters) if path_parameters else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "sandbox",
            "domainName": dict(request.headers).get("host", ""),
            "extendedRequestId": uuid.uuid4().hex,
            "httpMethod": request.method,
            "identity": {"sourceIp": request.client, "userAgent": dict(request.headers).get("user-agent")},
            "path": request.stage_path.decode() + path_of(request),
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "requestTimeEpoch": round(now * 1000),
            "resourceId": "sandbox",
            "resourcePath": resource,
            "stage": "live",
        },
        "body": body or None,
        "isBase64Encoded": is_base64,
    }


def authorizer_event_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a REQUEST authorizer for this one: without the body, with the ARN of the method.

    Source: API Gateway developer guide, "Input to an API Gateway Lambda authorizer".
    """
    context = event["requestContext"]
    arn = f"arn:aws:execute-api:eu-west-2:{context['accountId']}:{context['apiId']}/{context['stage']}"
    method_arn = f"{arn}/{event['httpMethod']}{event['path']}"
    rest = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    return {"type": "REQUEST", "methodArn": method_arn, **rest}


def response_of(answer: Any) -> Response:
    """The response that a function's answer asks for; raises MalformedAnswerError."""
    try:
        body = answer.get("body") or ""
        multi: Mapping[str, list[str]] = answer.get("multiValueHeaders") or {}
        single: Mapping[str, str] = answer.get("headers") or {}
        pairs = [(name.lower(), str(value)) for name, values in multi.items() for value in values]
        pairs += [(name.lower(), str(value)) for name, value in single.items() if name not in multi]
        content = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
        return Response(int(answer["statusCode"]), pairs, content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedAnswerError from error


def _pairs(query: bytes) -> Iterable[tuple[str, str]]:
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            yield _text(name), _text(value)


def _text(escaped: bytes) -> str:
    return unquote_to_bytes(escaped.replace(b"+", b" ")).decode(errors="replace")


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _last(values: Mapping[str, list[str]]) -> dict[str, str] | None:
    return {name: given[-1] for name, given in values.items()} or None
