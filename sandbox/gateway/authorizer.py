"""API Gateway's REQUEST authorizers: what a function's answer allows."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


class MalformedPolicyError(ValueError):
    """The authorizer's answer has not the shape that API Gateway wants."""


def is_allowed(answer: Any, method_arn: str) -> bool:
    """Whether the policy allows the method: a Deny is stronger than an Allow. Raises MalformedPolicyError."""
    try:
        statements = answer["policyDocument"]["Statement"]
        effects = {
            statement["Effect"]
            for statement in statements
            if statement["Action"] == "execute-api:Invoke" and fnmatchcase(method_arn, statement["Resource"])
        }
        str(answer["principalId"])
    except (KeyError, TypeError) as error:
        raise MalformedPolicyError from error
    return effects == {"Allow"}


def context_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the function behind the method is told of the caller. Numbers and booleans become text, as there."""
    given = answer.get("context") or {}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return {"principalId": answer["principalId"], "integrationLatency": 0, **texts}
