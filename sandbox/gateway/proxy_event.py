"""Translate requests and answers as API Gateway's Lambda proxy integration does, for REST APIs (event version 1.0).

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
    """Hold an HTTP request.

    Attributes:
        path: Path as in the request line, encoded, without the stage.
        query: Query string as in the request line, encoded.
        headers: Names in lower case, and values.
        client: IP address.
        stage_path: Stage with a slash before it, on API Gateway's own address.
    """

    method: str
    path: bytes
    query: bytes
    headers: list[tuple[str, str]]
    body: bytes
    client: str
    stage_path: bytes = b""

    def has_broken_escape(self) -> bool:
        """Return whether the path or the query has a percent sign without two hexadecimal digits."""
        return bool(_BROKEN_ESCAPE.search(self.path) or _BROKEN_ESCAPE.search(self.query))


@dataclass(frozen=True)
class Response:
    """Hold an HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class MalformedAnswerError(ValueError):
    """Report a function's answer that does not have the shape that the integration expects."""


def _decode_path(request: Request) -> str:
    return unquote_to_bytes(request.path).decode(errors="replace")


def build_event(
    request: Request, request_id: str, resource: str, path_parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Build the event of a request. Absent members are null, as in API Gateway."""
    headers, query = _group(request.headers), _group(_parse_query(request.query))
    now = time.time()
    try:
        body, is_base64 = request.body.decode(), False
    except UnicodeDecodeError:
        body, is_base64 = base64.b64encode(request.body).decode(), True
    return {
        "resource": resource,
        "path": _decode_path(request) or "/",
        "httpMethod": request.method,
        "headers": _last_values(headers),
        "multiValueHeaders": headers or None,
        "queryStringParameters": _last_values(query),
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
            "path": request.stage_path.decode() + _decode_path(request),
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


def build_authorizer_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Build the event for a REQUEST authorizer: the function's event without the body, with the ARN of the method.

    Source: API Gateway developer guide, "Input to an API Gateway Lambda authorizer".
    """
    context = event["requestContext"]
    arn = f"arn:aws:execute-api:eu-west-2:{context['accountId']}:{context['apiId']}/{context['stage']}"
    method_arn = f"{arn}/{event['httpMethod']}{event['path']}"
    rest = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    return {"type": "REQUEST", "methodArn": method_arn, **rest}


def build_response(answer: Any) -> Response:
    """Build the response from a function's answer.

    Raises:
        MalformedAnswerError: The answer does not have the expected shape.
    """
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


def _parse_query(query: bytes) -> Iterable[tuple[str, str]]:
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            yield _unescape(name), _unescape(value)


def _unescape(escaped: bytes) -> str:
    return unquote_to_bytes(escaped.replace(b"+", b" ")).decode(errors="replace")


def _group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _last_values(values: Mapping[str, list[str]]) -> dict[str, str] | None:
    return {name: repeated[-1] for name, repeated in values.items()} or None
