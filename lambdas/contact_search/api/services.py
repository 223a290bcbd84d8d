"""Name what the routes work with."""

from dataclasses import dataclass

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.contact_reader import ContactReader
from contact_search.amazon_connect.directory import Directory
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.api.callers import ClientRegistry
from contact_search.api.problem import UNAUTHENTICATED, RefusedError
from contact_search.api.route_table import CONTACT, Route
from contact_search.logger import logger
from contact_search.search.cursor import CursorCodec
from contact_search.search.grants import Caller
from contact_search.settings import SearchSettings
from contact_search.storage.durable_table import DurableTable


@dataclass(frozen=True)
class Services:
    """Hold what is created once per environment.

    Attributes:
        limiter: That of searches, None if their quota is not limited.
        contacts: What reads single contacts.
        contact_limiter: That of single contacts, None if their quota is not limited.
    """

    settings: SearchSettings
    connect: AmazonConnect
    cursors: CursorCodec
    limiter: RateLimiter | None
    clients: ClientRegistry
    directory: Directory
    durable_table: DurableTable
    contacts: ContactReader
    contact_limiter: RateLimiter | None

    def rate_limit_headers(self, route: Route | None = None) -> dict[str, str]:
        """Return RateLimit and RateLimit-Policy (IETF httpapi draft) of the quota that the route uses."""
        limiter = self.contact_limiter if route is CONTACT else self.limiter
        if limiter is None:
            return {}
        return {"RateLimit-Policy": limiter.policy_header(), "RateLimit": limiter.state_header()}


def require_caller(event: APIGatewayProxyEvent, services: Services) -> Caller:
    """Return the client that the authorizer found.

    Raises:
        RefusedError: 401, the authorizer was bypassed or the client has been revoked since.
    """
    caller = services.clients.current(event["requestContext"].get("authorizer") or {})
    if caller is None:
        raise RefusedError(UNAUTHENTICATED)
    logger.append_keys(client=caller.client, **({"user": caller.user} if caller.user else {}))
    return caller
