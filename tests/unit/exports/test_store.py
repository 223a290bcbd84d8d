"""Test that exports are written atomically, and never overwrite a version that was not read."""

from typing import Any

import pytest

from contact_search.exports.job import Job, Part, Total
from contact_search.exports.listing import Entry, Listing
from contact_search.exports.store import PARTS_PER_BLOCK, ExportStore
from contact_search.storage.durable_table import DurableTable
from contact_search.storage.errors import ConditionFailedError
from tests.unit.exports.conftest import NOW, job


def listed(export: Job, listing: Listing) -> Listing:
    seconds = int(NOW.timestamp())
    return listing.with_new(Entry(export.id, seconds, seconds + 1, may_be_unfinished=True), NOW)


def part(number: int) -> Part:
    return Part(key=f"key-{number}", contacts=number + 1, bytes=20, sha256="0" * 64)


def test_an_export_and_its_list_are_created_together(store: ExportStore) -> None:
    first, second = job(), job()
    store.create(first, listed(first, store.listing("acme")))
    stale = Listing()
    with pytest.raises(ConditionFailedError):
        store.create(second, listed(second, stale))
    assert store.get("acme", second.id) is None
    store.create(second, listed(second, store.listing("acme")))
    assert [entry.id for entry in store.listing("acme").entries] == [second.id, first.id]
    assert store.get_many("acme", [first.id, second.id, job().id]) == {first.id: first, second.id: second}
    assert store.get("other", first.id) is None


def test_an_export_is_read_as_it_was_written(store: ExportStore) -> None:
    export = job(
        body={"fields": ["channel"]},
        total=Total(value=3, relation="gte"),
        started_at=NOW,
        problem={"type": "/problems/internal"},
        position="[1]",
    )
    store.create(export, listed(export, Listing()))
    assert store.get("acme", export.id) == export


def test_only_the_version_that_was_read_is_replaced(store: ExportStore) -> None:
    export = job()
    with pytest.raises(ConditionFailedError):
        store.save(export.changed(NOW))  # there is none
    store.create(export, listed(export, Listing()))
    changed = export.changed(NOW, status="running")
    store.save(changed)
    with pytest.raises(ConditionFailedError):
        store.save(export.changed(NOW, status="canceled"))
    with pytest.raises(ConditionFailedError):
        store.save_with_part(export.changed(NOW, parts=1), part(0))
    assert store.get("acme", export.id) == changed
    assert store.parts(changed.changed(NOW, parts=1)) == []


def test_parts_are_in_order_over_all_items(store: ExportStore, table: DurableTable, dynamodb: Any) -> None:
    export = job()
    store.create(export, listed(export, Listing()))
    parts = [part(number) for number in range(2 * PARTS_PER_BLOCK + 1)]
    for block in range(2):  # as fast as the table allows
        numbers = range(block * PARTS_PER_BLOCK, (block + 1) * PARTS_PER_BLOCK)
        item = {f"{number:06}": parts[number].model_dump_json() for number in numbers}
        table.put(f"export acme {export.id} {block}", item)
    export = export.changed(NOW, parts=2 * PARTS_PER_BLOCK)
    store.save(export)
    export = export.changed(NOW, parts=2 * PARTS_PER_BLOCK + 1)
    store.save_with_part(export, parts[-1])
    assert store.parts(export) == parts
    store.delete(export)
    left = [item["key"]["S"] for item in dynamodb.scan(TableName="table")["Items"]]
    assert left == ["exports acme"]


def test_a_part_beyond_the_count_is_left_out(store: ExportStore) -> None:
    export = job()
    store.create(export, listed(export, Listing()))
    following = export.changed(NOW, parts=1)
    store.save_with_part(following, part(0))
    assert store.parts(export) == []
    assert store.parts(following) == [part(0)]
