"""Answer the events of the state machine that runs exports: export a slice, or give up."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from contact_search.amazon_connect.errors import InstanceNotFoundError, RejectedError
from contact_search.api.problem import Problem
from contact_search.api.problems import log_problem, problem_for
from contact_search.api.route_table import EXPORT
from contact_search.exports.ending import change, tidy
from contact_search.exports.errors import GrantChangedError
from contact_search.exports.store import ExportStore
from contact_search.exports.worker import Tools, export_slice
from contact_search.logger import logger
from contact_search.search.cursor import CursorExpiredError
from contact_search.search.faults import InvalidSearchError
from contact_search.search.grants import ForbiddenError

# No further attempt would end in another way.
_FINAL_ERRORS = (
    *(CursorExpiredError, ForbiddenError, GrantChangedError),
    *(InstanceNotFoundError, InvalidSearchError, RejectedError),
)


class SliceFailedError(Exception):
    """The slice failed and can be tried again. The message is the problem as JSON, without anything sensitive."""


def answer_event(event: Mapping[str, Any], tools: Tools) -> dict[str, bool]:
    """Export the next slice of the export that the event names.

    Args:
        event: `client` and `export_id`. With `error`, the state machine has given up the export, and this is the Error
            and the Cause of its last attempt.
        tools: What slices are exported with.

    Returns:
        `is_done`: whether the export has ended.

    Raises:
        SliceFailedError: Something failed that may work later. What is written is written.
    """
    client, export_id = event["client"], event["export_id"]
    logger.append_keys(client=client, export=export_id)
    try:
        if "error" in event:
            _fail(tools, client, export_id, _problem_of(event["error"]))
            return {"is_done": True}
        try:
            return {"is_done": export_slice(tools, client, export_id)}
        except _FINAL_ERRORS as error:
            problem = problem_for(error)
            log_problem(error, problem, EXPORT.path)
            _fail(tools, client, export_id, problem.members(), is_withdrawn=isinstance(error, GrantChangedError))
            return {"is_done": True}
    except Exception as error:  # noqa: BLE001 - none may leave the function with its message
        problem = problem_for(error)
        log_problem(error, problem, EXPORT.path)
        # Lambda logs what leaves the function, and the message of the cause may quote contacts.
        raise SliceFailedError(json.dumps(_members(problem))) from None


def _fail(tools: Tools, client: str, export_id: str, problem: dict[str, Any], *, is_withdrawn: bool = False) -> None:
    """End the export with this problem, if it has not ended."""
    store, now = ExportStore(tools.table), datetime.now(UTC)
    job = store.get(client, export_id)
    if job is not None:
        job = change(store, job, lambda job: job.withdrawn(now, problem) if is_withdrawn else job.failed(now, problem))
    if job is None:  # its client was revoked, or it has expired
        tools.files.remove_all(client, export_id)
    else:
        tidy(store, tools.files, job)


def _problem_of(error: Any) -> dict[str, Any]:
    """Return the problem of the attempt that ended with this Error and Cause."""
    try:
        problem = json.loads(json.loads(error["Cause"])["errorMessage"])
        return {name: problem[name] for name in ("type", "title", "status", "detail")}
    except (KeyError, TypeError, ValueError):  # it ran out of time or memory, or was never invoked
        return _members(problem_for(RuntimeError()))


def _members(problem: Problem) -> dict[str, Any]:
    if problem.type == "internal":
        problem = replace(problem, detail="Something went wrong here. It has been logged under the id of the export.")
    return problem.members()
