"""Describe an error as application/problem+json (RFC 9457)."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from contact_search.api.problem_types import PROBLEM_TYPES

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """Describe one error.

    Attributes:
        type: One of PROBLEM_TYPES.
        errors: The faults of a request, as the contract has them.
        headers: Response headers that belong to this problem, such as Retry-After.
    """

    type: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> HTTPStatus:
        """The status of the response."""
        return PROBLEM_TYPES[self.type].status

    def to_json(self, request_id: str) -> str:
        """Write the body of the response."""
        members = {**self.members(), "request_id": request_id}
        if self.errors:
            members["errors"] = self.errors
        return json.dumps(members, separators=(",", ":"))

    def members(self) -> dict[str, Any]:
        """Return the members that do not depend on the request."""
        status, title, *_ = PROBLEM_TYPES[self.type]
        return {"type": f"/problems/{self.type}", "title": title, "status": status.value, "detail": self.detail}


class RefusedError(Exception):
    """The way in which a request was sent is wrong. `problem` is the response."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.type)
        self.problem = problem


NOT_FOUND = Problem("not-found", "Nothing is at this path.")
UNAUTHENTICATED = Problem(
    "unauthenticated",
    "Send one credential: an API key in the header x-api-key, or a bearer token in the header Authorization.",
    headers={"WWW-Authenticate": 'Bearer realm="contact-search", ApiKey realm="contact-search"'},
)
