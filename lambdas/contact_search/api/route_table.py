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
        """The path as Powertools writes it, with path parameters such as {<id>}.

        The braces keep a value from being taken for a path of its own, such as /v1/contacts/search.
        """
        return re.sub(r"\{(\w+)\}", r"{<\1>}", self.path)


CONTACTS = Route("/v1/contacts", ("GET", "HEAD"), needs_credential=True)
CONTACT_SEARCH = Route("/v1/contacts/search", ("POST",), needs_credential=True)
CONTACT = Route("/v1/contacts/{id}", ("GET", "HEAD"), needs_credential=True)
ME = Route("/v1/me", ("GET", "HEAD"), needs_credential=True)
QUEUES = Route("/v1/queues", ("GET", "HEAD"), needs_credential=True)
AGENTS = Route("/v1/agents", ("GET", "HEAD"), needs_credential=True)
EXPORTS = Route("/v1/exports", ("GET", "HEAD", "POST"), needs_credential=True)
EXPORT = Route("/v1/exports/{id}", ("GET", "HEAD", "DELETE"), needs_credential=True)
HEALTH = Route("/health", ("GET", "HEAD"), needs_credential=False)
OPENAPI = Route("/openapi.json", ("GET", "HEAD"), needs_credential=False)
DOCS = Route("/docs", ("GET", "HEAD"), needs_credential=False)
EXPLORER = Route("/", ("GET", "HEAD"), needs_credential=False)
EXPLORER_FILES = Route("/explorer/{version}/{file}", ("GET", "HEAD"), needs_credential=False)
PROBLEMS = Route("/problems/{type}", ("GET", "HEAD"), needs_credential=False)

# All paths that no route has. OPTIONS is answered there too, because scripts could not read the 404 otherwise.
OTHER_PATHS = "/{proxy+}"

ROUTES = (
    *(CONTACTS, CONTACT_SEARCH, CONTACT, ME, QUEUES, AGENTS, EXPORTS, EXPORT),
    *(HEALTH, OPENAPI, DOCS, PROBLEMS, EXPLORER, EXPLORER_FILES),
)
