"""Look up the client that sent a request."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from contact_search.search.grants import Caller, find_caller
from contact_search.storage.durable_table import DurableTable

_MOST_CLIENTS = 1_000


class ClientRegistry:
    """Read clients with their grants from a table, and remember those that were seen last."""

    def __init__(self, table: DurableTable, most: int = _MOST_CLIENTS) -> None:
        """Remember `most` clients at most."""
        self._table = table
        # A change of a grant changes the revision, so an entry is never out of date.
        self._load = lru_cache(maxsize=most)(self._load_uncached)

    def current(self, authorizer_context: Mapping[str, str]) -> Caller | None:
        """Return the client that the authorizer found, at the revision that it saw or a later one, with its user.

        Return None if the authorizer was bypassed or the client no longer exists.

        Raises:
            StorageUnavailableError: The table cannot be reached.
        """
        if "client" not in authorizer_context:
            return None
        try:
            caller = self._load(authorizer_context["client"], authorizer_context["revision"])
        except _ClientGoneError:
            return None
        user = authorizer_context.get("user")
        return replace(caller, user=user) if user else caller

    def _load_uncached(self, name: str, revision: str) -> Caller:  # noqa: ARG002 - a part of the cache's key
        caller = find_caller(self._table, name)
        if caller is None:
            raise _ClientGoneError  # exceptions are not cached
        return caller


class _ClientGoneError(Exception):
    """The client does not exist, or was revoked."""
