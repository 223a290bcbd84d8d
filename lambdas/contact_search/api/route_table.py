"""List the paths of the API. The stack, the app and the OpenAPI document all read this table."""

import re
from typing import NamedTuple


class Route(NamedTuple):
    """A path, the methods it answers besides OPTIONS, and whether these need a credential.

    Path parameters are in braces, as in API Gateway and OpenAPI.
    """

    path: str
    methods: tuple[str, ...]
    needs_credential: bool

    @property
    def rule(self) -> str:
        """The path as Powertools writes it, with path parameters such as <id>."""
        return re.sub(r"\{(\w+)\}", r"<\1>", self.path)


CONTACTS = Route("/v1/contacts", ("GET", "HEAD"), needs_credential=True)
CONTACT_SEARCH = Route("/v1/contacts/search", ("POST",), needs_credential=True)
QUEUES = Route("/v1/queues", ("GET", "HEAD"), needs_credential=True)
AGENTS = Route("/v1/agents", ("GET", "HEAD"), needs_credential=True)
HEALTH = Route("/health", ("GET", "HEAD"), needs_credential=False)
OPENAPI = Route("/openapi.json", ("GET", "HEAD"), needs_credential=False)
DOCS = Route("/docs", ("GET", "HEAD"), needs_credential=False)
PROBLEMS = Route("/problems/{type}", ("GET", "HEAD"), needs_credential=False)

# All paths that no route has. OPTIONS is answered there too, because scripts could not read the 404 otherwise.
OTHER_PATHS = "/{proxy+}"

ROUTES = (CONTACTS, CONTACT_SEARCH, QUEUES, AGENTS, HEALTH, OPENAPI, DOCS, PROBLEMS)
