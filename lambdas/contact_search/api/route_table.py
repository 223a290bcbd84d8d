"""List the paths of the API. The stack, the app and the OpenAPI document all read this table."""

from typing import NamedTuple


class Route(NamedTuple):
    """A path, the methods it answers besides OPTIONS, and whether these need a credential."""

    path: str
    methods: tuple[str, ...]
    needs_credential: bool


CONTACTS = Route("/v1/contacts", ("GET", "HEAD"), needs_credential=True)
CONTACT_SEARCH = Route("/v1/contacts/search", ("POST",), needs_credential=True)
QUEUES = Route("/v1/queues", ("GET", "HEAD"), needs_credential=True)
AGENTS = Route("/v1/agents", ("GET", "HEAD"), needs_credential=True)
HEALTH = Route("/health", ("GET", "HEAD"), needs_credential=False)
OPENAPI = Route("/openapi.json", ("GET", "HEAD"), needs_credential=False)
DOCS = Route("/docs", ("GET", "HEAD"), needs_credential=False)

ROUTES = (CONTACTS, CONTACT_SEARCH, QUEUES, AGENTS, HEALTH, OPENAPI, DOCS)
