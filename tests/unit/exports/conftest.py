"""Fixtures of the exports' unit tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contact_search.exports.job import Job, new_id
from contact_search.exports.store import ExportStore
from contact_search.storage.durable_table import DurableTable

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def job(**members: Any) -> Job:
    """Return an export that was created now."""
    defaults: dict[str, Any] = {
        "client": "acme",
        "id": new_id(NOW),
        "revision": "1",
        "format": "ndjson",
        "body": {},
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "updated_at": NOW,
    }
    return Job(**(defaults | members))


@pytest.fixture
def table(dynamodb: Any) -> DurableTable:
    return DurableTable("table", dynamodb)


@pytest.fixture
def store(table: DurableTable) -> ExportStore:
    return ExportStore(table)
