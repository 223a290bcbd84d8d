"""What a caller asks for, whichever door it came through."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contacts.window import AskedWindow


@dataclass(frozen=True)
class Search:
    """One search, checked. `criteria` and `sort` are SearchContacts' SearchCriteria and Sort as boto3 takes them.

    `asked_at` is when; on the pages after the first, the cursor knows what the window meant on the first.
    """

    time_field: str
    window: AskedWindow
    asked_at: datetime
    criteria: dict[str, Any]
    sort: dict[str, str]
    limit: int
    max_items: int | None = None
    cursor: str | None = None
    fields: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        """A digest of all that a caller repeats unchanged from page to page: everything but limit and fields."""
        window = [self.time_field, self.window.start, self.window.end, self.window.last]
        text = json.dumps([window, self.criteria, self.sort, self.max_items], default=str, sort_keys=True)
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
