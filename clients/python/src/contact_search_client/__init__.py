"""Search the contacts of an Amazon Connect instance through Contact search."""

from contact_search_client.client import ContactSearch
from contact_search_client.errors import (
    ContactSearchError,
    CursorError,
    ExportError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    ProblemError,
    ThrottledError,
    UnauthenticatedError,
    UnreachableError,
)
from contact_search_client.models import (
    Agent,
    Contact,
    ContactDetails,
    Export,
    ExportRequest,
    Me,
    Page,
    Queue,
    SearchRequest,
    Total,
)
from contact_search_client.parameters import ContactsQuery
from contact_search_client.version import __version__

__all__ = [
    "Agent",
    "Contact",
    "ContactDetails",
    "ContactSearch",
    "ContactSearchError",
    "ContactsQuery",
    "CursorError",
    "Export",
    "ExportError",
    "ExportRequest",
    "ForbiddenError",
    "InvalidRequestError",
    "Me",
    "NotFoundError",
    "Page",
    "ProblemError",
    "Queue",
    "SearchRequest",
    "ThrottledError",
    "Total",
    "UnauthenticatedError",
    "UnreachableError",
    "__version__",
]
