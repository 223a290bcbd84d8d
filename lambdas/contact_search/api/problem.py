"""Describe an error as application/problem+json (RFC 9457)."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """Describe one kind of error, or one error.

    Attributes:
        type: The last part of the type's URI: `validation` stands for `/problems/validation`.
        errors: The faults of a request, as the contract has them.
        headers: Response headers that belong to this problem, such as Retry-After.
    """

    status: HTTPStatus
    type: str
    title: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def to_json(self, request_id: str) -> str:
        """Write the body of the response."""
        members = {**self.members(), "request_id": request_id}
        if self.errors:
            members["errors"] = self.errors
        return json.dumps(members, separators=(",", ":"))

    def members(self) -> dict[str, Any]:
        """Return the members that do not depend on the request."""
        status = self.status.value
        return {"type": f"/problems/{self.type}", "title": self.title, "status": status, "detail": self.detail}


class RefusedError(Exception):
    """The way in which a request was sent is wrong. `problem` is the response."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.type)
        self.problem = problem


NOT_FOUND = Problem(HTTPStatus.NOT_FOUND, "not-found", "Not found", "Nothing is at this path.")
UNAUTHENTICATED = Problem(
    HTTPStatus.UNAUTHORIZED,
    "unauthenticated",
    "Unauthenticated",
    "Send one credential: an API key in the header x-api-key, or a bearer token in the header Authorization.",
    headers={"WWW-Authenticate": 'Bearer realm="contact-search", ApiKey realm="contact-search"'},
)
