"""End exports, and remove what must not be left of them."""

from collections.abc import Callable

from contact_search.exports.files import ExportFiles
from contact_search.exports.job import Job
from contact_search.exports.store import ExportStore
from contact_search.log_lines import EXPORT_ENDED
from contact_search.logger import logger
from contact_search.storage.errors import ConditionFailedError, StorageUnavailableError

# Others change the same export at the same time: a worker, its client.
_ATTEMPTS = 10


def change(store: ExportStore, job: Job, to_next: Callable[[Job], Job | None]) -> Job | None:
    """Write the next version of an export, whatever it is when it is written.

    Args:
        store: Where the export is.
        job: The export as it was read.
        to_next: Returns the next version, or None to leave the export as it is.

    Returns:
        The export as it is now, None if it is gone.

    Raises:
        StorageUnavailableError: The table cannot be reached.
    """
    current: Job | None = job
    for _ in range(_ATTEMPTS):
        following = to_next(current) if current else None
        if current is None or following is None:
            return current
        try:
            store.save(following)
        except ConditionFailedError:
            current = store.get(job.client, job.id)
        else:
            if following.has_ended and not current.has_ended:
                log_end(following)
            return following
    raise StorageUnavailableError("TooManyAttempts")


def tidy(store: ExportStore, files: ExportFiles, job: Job) -> None:
    """Remove all files of an export that must not have any, and otherwise those that no part refers to.

    Raises:
        FilesUnavailableError: They cannot be removed now.
        StorageUnavailableError: The table cannot be reached.
    """
    if job.files == "kept":
        files.remove(job, keep={part.key for part in store.parts(job)})
    elif job.files == "to_remove":
        files.remove(job)
        change(store, job, lambda current: current.changed(current.updated_at, files="removed"))


def log_end(job: Job) -> None:
    """Log that an export has ended."""
    problem = job.problem["type"].rpartition("/")[2] if job.problem else None
    seconds = round(((job.ended_at or job.updated_at) - job.created_at).total_seconds())
    result = {"status": job.status, "problem": problem, "contacts": job.contacts, "seconds": seconds}
    extra = EXPORT_ENDED.extra(client=job.client, export=job.id, **result)
    logger.info(EXPORT_ENDED.message, extra=extra)
