"""Keep exports in the durable table.

    exports <client>               the client's list
    export <client> <id>           an export
    export <client> <id> <block>   the parts of an export, PARTS_PER_BLOCK in each item

Every change of a list or of an export replaces the version that was read.
"""

import zlib
from collections.abc import Sequence

from contact_search.exports.job import Job, Part
from contact_search.exports.listing import Listing
from contact_search.storage.durable_table import Addition, DurableTable, Replacement
from contact_search.storage.items import Item

# A part takes 300 bytes, and an item has 400 KB at most.
PARTS_PER_BLOCK = 500


class ExportStore:
    """Read and write exports. All methods raise StorageUnavailableError."""

    def __init__(self, table: DurableTable) -> None:
        self._table = table

    def listing(self, client: str) -> Listing:
        """Return the client's list."""
        return Listing.from_item(self._table.get(_listing_key(client)))

    def get(self, client: str, export_id: str) -> Job | None:
        """Return an export."""
        item = self._table.get(_job_key(client, export_id))
        return None if item is None else _from_item(item)

    def get_many(self, client: str, export_ids: Sequence[str]) -> dict[str, Job]:
        """Return those exports that exist, by id."""
        jobs = map(_from_item, self._table.get_many([_job_key(client, one) for one in export_ids]).values())
        return {job.id: job for job in jobs}

    def create(self, job: Job, listing: Listing) -> None:
        """Write a new export and the list that has it.

        Raises:
            ConditionFailedError: The list has changed since it was read.
        """
        before = {"version": listing.version - 1} if listing.version > 1 else None
        self._table.write_together(
            [
                Replacement(_listing_key(job.client), listing.to_item(), before),
                Replacement(_job_key(job.client, job.id), _to_item(job), None),
            ]
        )

    def save(self, job: Job) -> None:
        """Write the next version of an export.

        Raises:
            ConditionFailedError: The export has changed since it was read, or is gone.
        """
        self._table.replace(_job_key(job.client, job.id), _to_item(job), {"version": job.version - 1})

    def save_with_part(self, job: Job, part: Part) -> None:
        """Write the next version of an export together with its last part.

        Raises:
            ConditionFailedError: The export has changed since it was read, or is gone.
        """
        number = job.parts - 1
        self._table.write_together(
            [
                Replacement(_job_key(job.client, job.id), _to_item(job), {"version": job.version - 1}),
                Addition(_block_key(job, number // PARTS_PER_BLOCK), {f"{number:06}": part.model_dump_json()}),
            ]
        )

    def parts(self, job: Job) -> list[Part]:
        """Return the parts of an export, in order."""
        items = self._table.get_many(_block_keys(job))
        parts = [
            Part.model_validate_json(text) for key in _block_keys(job) for _, text in sorted(items.get(key, {}).items())
        ]
        return parts[: job.parts]

    def delete(self, job: Job) -> None:
        """Forget an export and its parts."""
        for key in (*_block_keys(job), _job_key(job.client, job.id)):
            self._table.delete(key)

    def delete_listing(self, client: str) -> None:
        """Forget a client's list."""
        self._table.delete(_listing_key(client))


def _listing_key(client: str) -> str:
    return f"exports {client}"


def _job_key(client: str, export_id: str) -> str:
    return f"export {client} {export_id}"


def _block_key(job: Job, block: int) -> str:
    return f"export {job.client} {job.id} {block}"


def _block_keys(job: Job) -> list[str]:
    return [_block_key(job, block) for block in range(-(-job.parts // PARTS_PER_BLOCK))]


def _to_item(job: Job) -> Item:
    """Write an export, with its status and version for whoever looks at the table."""
    return {"version": job.version, "status": job.status, "job": zlib.compress(job.model_dump_json().encode())}


def _from_item(item: Item) -> Job:
    return Job.model_validate_json(zlib.decompress(item["job"]))
