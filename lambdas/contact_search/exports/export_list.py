"""List the exports of a client, newest first."""

import hashlib
import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contact_search.exports.job import Job
from contact_search.exports.store import ExportStore
from contact_search.search import members as m
from contact_search.search.cursor import CursorCodec
from contact_search.search.grants import Caller

DEFAULT_LIMIT = 20


class ExportListParameters(BaseModel):
    """The query parameters of GET /v1/exports."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    limit: Annotated[int, Field(strict=True, ge=1, le=100), m.IntegerText] = Field(
        DEFAULT_LIMIT, description="Exports per page. It may change from page to page.", examples=[20]
    )
    cursor: m.Cursor | None = Field(
        None, description="The `next_cursor` of the previous page.", examples=["eyJvcGFxdWUiOiJ0cnVlIn0"]
    )


def list_exports(
    parameters: ExportListParameters, caller: Caller, store: ExportStore, cursors: CursorCodec
) -> tuple[list[Job], str | None]:
    """Return the page at the cursor, or the first page, and the cursor of the next one. Some may have expired.

    Raises:
        InvalidCursorError: The cursor is not one of this list.
        CursorExpiredError: The cursor is too old.
        StorageUnavailableError: KMS or the table is unavailable.
    """
    identity = hashlib.sha256(json.dumps(["exports", caller.owner]).encode()).hexdigest()[:32]
    ids = sorted((entry.id for entry in store.listing(caller.client).entries), reverse=True)
    if parameters.cursor is not None:
        [last] = cursors.read_place(identity, parameters.cursor)
        ids = [id_ for id_ in ids if id_ < last]  # the order of ids is that of time
    page = ids[: parameters.limit]
    has_more = len(ids) > len(page)
    jobs = store.get_many(caller.client, page)
    return [jobs[id_] for id_ in page if id_ in jobs], cursors.write_place(identity, [page[-1]]) if has_more else None
