"""A response, as API Gateway's Lambda proxy integration wants it.

Source: API Gateway developer guide, "Output format of a Lambda function for proxy integration".
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Response:
    """`body` is text of this media type."""

    status: HTTPStatus
    headers: dict[str, str]
    body: str = ""
    media_type: str = ""

    def as_answer(self, further_headers: dict[str, str]) -> dict[str, Any]:
        """What the function returns."""
        content_type = {"Content-Type": self.media_type} if self.media_type else {}
        return {
            "statusCode": self.status.value,
            "multiValueHeaders": {
                name: [value] for name, value in (content_type | self.headers | further_headers).items()
            },
            "body": self.body,
            "isBase64Encoded": False,
        }


def json_response(status: HTTPStatus, value: Any, headers: dict[str, str], media_type: str = JSON) -> Response:
    """With the value as JSON."""
    return Response(status, headers, json.dumps(value, separators=(",", ":")), media_type)
