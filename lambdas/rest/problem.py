"""Problems: every error that the service answers, as application/problem+json (RFC 9457)."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """`type` is the last part of the type URI: `validation` stands for `/problems/validation`."""

    status: HTTPStatus
    type: str
    title: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self, request_id: str) -> dict[str, Any]:
        """The members of the problem, as the contract has them."""
        members: dict[str, Any] = {
            "type": f"/problems/{self.type}",
            "title": self.title,
            "status": self.status.value,
            "detail": self.detail,
            "request_id": request_id,
        }
        return members | ({"errors": self.errors} if self.errors else {})


class RefusedError(Exception):
    """A request that is refused for how it is sent; `problem` is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.type)
        self.problem = problem


UNAUTHENTICATED = Problem(
    HTTPStatus.UNAUTHORIZED,
    "unauthenticated",
    "Unauthenticated",
    "Send one credential: an API key in the header x-api-key, or a bearer token in the header Authorization.",
    headers={"WWW-Authenticate": 'Bearer realm="contact-search", ApiKey realm="contact-search"'},
)
