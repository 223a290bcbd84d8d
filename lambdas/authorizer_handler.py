"""Authorize requests: the Lambda function that API Gateway calls with a credential before it calls the API.

Source: API Gateway developer guide, "Use API Gateway Lambda authorizers".
"""

import gc

gc.disable()  # Imports create no garbage, and collecting would take 10 % of a cold start.

from contextlib import suppress
from typing import Any

from contact_search.access.authenticator import Authenticator
from contact_search.access.credentials import Credential, UnauthenticatedError, read_credential
from contact_search.access.token_clients import NoGrantError
from contact_search.aws_clients import dynamodb_client
from contact_search.log_lines import UNAUTHENTICATED
from contact_search.logger import logger
from contact_search.settings import AuthorizerSettings
from contact_search.snap_start import before_snapshot, rehearse
from contact_search.storage.durable_table import DurableTable

settings = AuthorizerSettings.from_environment()
dynamodb = dynamodb_client(read_timeout=2, attempts=3)
authenticator = Authenticator(DurableTable(settings.durable_table_name, dynamodb), settings)


def look_up_unknown_key() -> None:
    """Authenticate an API key that does not exist."""
    with suppress(UnauthenticatedError):
        authenticator.authenticate(Credential("rehearsal", is_token=False))


before_snapshot(lambda: rehearse(look_up_unknown_key, dynamodb))

# What has been created until now stays, so the collector need not look through it again.
gc.freeze()
gc.enable()


class UnauthorizedError(Exception):
    """Make API Gateway answer 401. It does so for exactly this message, and answers 500 to any other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Decide about the event of a REQUEST authorizer.

    Raises:
        UnauthorizedError: The credential is not good.
    """
    try:
        identity = authenticator.authenticate(read_credential(event))
    except UnauthenticatedError as error:
        logger.info(UNAUTHENTICATED.message, extra=UNAUTHENTICATED.extra(reason=error.reason))
        raise UnauthorizedError from None
    except NoGrantError as error:
        logger.info("denied", extra={"reason": error.reason, "clients": error.clients})
        return {"principalId": "unknown", "policyDocument": _policy("Deny", event)}
    client = identity.client
    user = {"user": identity.user} if identity.user else {}
    return {
        "principalId": client.name,
        "policyDocument": _policy("Allow", event),
        "context": {"client": client.name, "revision": client.revision, **user},
        "usageIdentifierKey": client.usage_key,
    }


def _policy(effect: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return a policy about the whole API: the decision is about the client, and is not used for another request.

    The ARN of the method ends with the path as it was sent, which could be read as a pattern.
    """
    api_arn = event["methodArn"].partition("/")[0]
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{api_arn}/*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
