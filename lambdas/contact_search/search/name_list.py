"""List the queues and agents that a caller may see, by name."""

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contact_search.amazon_connect.directory import NameIndex
from contact_search.search import members as m
from contact_search.search.cursor import CursorCodec
from contact_search.search.grants import Caller, ForbiddenError
from contact_search.search.names import QUEUE, Kind, granted_ids

DEFAULT_LIMIT = 100


class NameListParameters(BaseModel):
    """The query parameters of GET /v1/queues and GET /v1/agents."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(max_length=127), m.IsText] | None = Field(
        None, description="Only those whose name contains this text, in any letter case.", examples=["bill"]
    )
    limit: Annotated[int, Field(strict=True, ge=1, le=1000), m.IntegerText] = Field(
        DEFAULT_LIMIT, description="Entries per page. It may change from page to page.", examples=[100]
    )
    cursor: m.Cursor | None = Field(
        None,
        description="The `next_cursor` of the previous page. Repeat all other parameters unchanged, except `limit`.",
        examples=["eyJvcGFxdWUiOiJ0cnVlIn0"],
    )


@dataclass(frozen=True)
class NamePage:
    """Hold a page of ids with their names, and where the next page begins, None on the last page."""

    entries: list[tuple[str, str]]
    next_cursor: str | None


def require_granted(kind: Kind, caller: Caller) -> None:
    """Check that the caller may see queues (or agents) at all.

    Raises:
        ForbiddenError: Its grant does not have the field of contacts that they are in.
    """
    if not caller.grant.has_field(kind.field):
        raise ForbiddenError([], "parameter")


def list_names(
    kind: Kind, parameters: NameListParameters, names: NameIndex, caller: Caller, cursors: CursorCodec
) -> NamePage:
    """Return the page at the cursor, or the first page, of what the caller may see.

    Raises:
        InvalidCursorError: The cursor is not one of this list.
        CursorExpiredError: The cursor is too old.
        StorageUnavailableError: KMS is unavailable.
    """
    granted, text = granted_ids(caller.grant, kind), (parameters.name or "").casefold()
    identity = _identity(kind, text, caller)
    visible = names.in_order
    if granted is not None or text:
        allowed = None if granted is None else set(granted)
        visible = [entry for entry in visible if text in entry[0] and (allowed is None or entry[1] in allowed)]
    start = 0
    if parameters.cursor is not None:
        name, id_ = cursors.read_place(identity, parameters.cursor)
        start = bisect_right(visible, (name, id_), key=lambda entry: entry[:2])
    end = start + parameters.limit
    next_cursor = cursors.write_place(identity, visible[end - 1][:2]) if end < len(visible) else None
    return NamePage([(id_, name) for _, id_, name in visible[start:end]], next_cursor)


def _identity(kind: Kind, text: str, caller: Caller) -> str:
    """Return a digest of all that a caller repeats unchanged from page to page."""
    content = json.dumps(["queues" if kind is QUEUE else "agents", text, caller.owner])
    return hashlib.sha256(content.encode()).hexdigest()[:32]
