"""Evaluate the answers of REQUEST authorizers as API Gateway does."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


class MalformedPolicyError(ValueError):
    """Report an authorizer's answer that does not have the shape that API Gateway expects."""


def is_allowed(answer: Any, method_arn: str) -> bool:
    """Return whether the policy allows the method. A Deny overrides an Allow.

    Raises:
        MalformedPolicyError: The answer does not have the expected shape.
    """
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


def build_context(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Build the event's `requestContext.authorizer`. As in API Gateway, numbers and booleans become text."""
    context = answer.get("context") or {}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in context.items()}
    return {"principalId": answer["principalId"], "integrationLatency": 0, **texts}
