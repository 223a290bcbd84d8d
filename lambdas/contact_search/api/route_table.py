"""List the paths of the API. The stack, the app and the OpenAPI document all read this table."""

import re
from typing import NamedTuple

# The methods that read: HEAD works wherever GET does.
READ = ("GET", "HEAD")


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


CONTACTS = Route("/v1/contacts", READ, needs_credential=True)
CONTACT_SEARCH = Route("/v1/contacts/search", ("POST",), needs_credential=True)
CONTACT = Route("/v1/contacts/{id}", READ, needs_credential=True)
ME = Route("/v1/me", READ, needs_credential=True)
QUEUES = Route("/v1/queues", READ, needs_credential=True)
AGENTS = Route("/v1/agents", READ, needs_credential=True)
EXPORTS = Route("/v1/exports", (*READ, "POST"), needs_credential=True)
EXPORT = Route("/v1/exports/{id}", (*READ, "DELETE"), needs_credential=True)
HEALTH = Route("/health", READ, needs_credential=False)
OPENAPI = Route("/openapi.json", READ, needs_credential=False)
DOCS = Route("/docs", READ, needs_credential=False)
EXPLORER = Route("/", READ, needs_credential=False)
EXPLORER_FILES = Route("/explorer/{version}/{file}", READ, needs_credential=False)
PROBLEMS = Route("/problems/{type}", READ, needs_credential=False)

# All paths that no route has. OPTIONS is answered there too, because scripts could not read the 404 otherwise.
OTHER_PATHS = "/{proxy+}"

ROUTES = (
    *(CONTACTS, CONTACT_SEARCH, CONTACT, ME, QUEUES, AGENTS, EXPORTS, EXPORT),
    *(HEALTH, OPENAPI, DOCS, PROBLEMS, EXPLORER, EXPLORER_FILES),
)
