"""Answer the requests for exports."""

import re
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from contact_search.api import clock
from contact_search.api.accept import require_acceptable
from contact_search.api.export_response import ExportPart, export_list_response, export_response
from contact_search.api.headers import read_header
from contact_search.api.json_body import parse_json
from contact_search.api.page_response import JSON
from contact_search.api.problem import NOT_FOUND, RefusedError
from contact_search.api.problems import problem_for
from contact_search.api.services import Services, require_caller
from contact_search.aws_clients import s3_client, step_functions_client
from contact_search.exports.creation import Creation, NewExport
from contact_search.exports.ending import change, tidy
from contact_search.exports.errors import FilesUnavailableError, GrantChangedError, NotConfiguredError
from contact_search.exports.export_list import ExportListParameters
from contact_search.exports.export_list import list_exports as list_page
from contact_search.exports.files import ExportFiles
from contact_search.exports.job import Format, Job, is_id
from contact_search.exports.state_machine import StateMachine
from contact_search.exports.store import ExportStore
from contact_search.logger import logger
from contact_search.search import body
from contact_search.search.faults import Fault, InvalidSearchError
from contact_search.search.grants import Caller, ForbiddenError, find_caller, restrict
from contact_search.search.model import Search
from contact_search.search.parameters import parse_parameters

_KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,64}")


class _Exports:
    """The exports of this service, for one request.

    Attributes:
        settings: Where they are.
        now: The time of the request.
    """

    def __init__(self, services: Services) -> None:
        """Find everything that exports need.

        Raises:
            NotConfiguredError: The service has no bucket or no state machine for them.
        """
        settings = services.settings
        if not settings.export_bucket_name or not settings.export_state_machine_arn:
            raise NotConfiguredError
        self.now = clock.current_time()
        self.table = services.durable_table
        self.store = ExportStore(self.table)
        self.files = ExportFiles(settings.export_bucket_name, _s3_client())
        machine = StateMachine(settings.export_state_machine_arn, _step_functions_client())
        lifetime = timedelta(days=settings.export_days)
        self.creation = Creation(self.store, machine, settings.exports_per_client, lifetime)

    def find(self, export_id: str, caller: Caller) -> Job:
        """Return an export of this client.

        Raises:
            RefusedError: 404, there is none, or it is another client's.
        """
        job = self.store.get(caller.client, export_id) if is_id(export_id) else None
        if job is None or job.is_expired(self.now):
            raise RefusedError(NOT_FOUND)
        return job

    def current(self, job: Job, caller: Caller) -> Job:
        """Return the export as it is now: withdrawn if the grant has changed, begun again if it has come to a halt."""
        if not self._is_granted(job, caller):
            problem = problem_for(GrantChangedError()).members()
            job = change(self.store, job, lambda job: job.withdrawn(self.now, problem)) or job
        self.remove_files(job)
        self.creation.restart_if_stuck(job, self.now)
        return job

    def remove_files(self, job: Job) -> None:
        """Remove the files of an export that must not have any, or leave that to later."""
        if job.files == "to_remove":
            try:
                tidy(self.store, self.files, job)
            except FilesUnavailableError as error:
                logger.warning("files not removed", extra={"export": job.id, "code": error.code})

    def parts(self, job: Job) -> list[ExportPart]:
        """Return the parts of an export, with new URLs."""
        if job.files != "kept":
            return []
        return [
            ExportPart(url=self.files.url(part.key), contacts=part.contacts, bytes=part.bytes, sha256=part.sha256)
            for part in self.store.parts(job)
        ]

    def _is_granted(self, job: Job, caller: Caller) -> bool:
        if job.revision == caller.revision:
            return True
        # The authorizer may not have seen a change of the last minute, with which the export was created.
        client = find_caller(self.table, caller.client)
        return client is not None and client.revision == job.revision


def list_exports(event: APIGatewayProxyEvent, services: Services) -> Response[str]:
    """List the caller's exports, newest first."""
    caller = _require_grant(_begin(event, services))
    parameters = parse_parameters(ExportListParameters, event.multi_value_query_string_parameters)
    exports = _Exports(services)
    jobs, next_cursor = list_page(parameters, caller, exports.store, services.cursors)
    jobs = [exports.current(job, caller) for job in jobs if not job.is_expired(exports.now)]
    logger.info("listed", extra={"list": "exports", "exports": len(jobs)})
    return export_list_response(jobs, next_cursor, exports.now)


def create_export(event: APIGatewayProxyEvent, services: Services) -> Response[str]:
    """Create an export of all contacts of a search, or return the one with the same Idempotency-Key."""
    caller = _require_grant(_begin(event, services))
    content_type = read_header(event, "content-type")
    content = parse_json(event.body, content_type, is_base64=bool(event.is_base64_encoded))
    logger.append_keys(parameters=body.loggable_members(content))
    exports = _Exports(services)
    key = read_header(event, _KEY_HEADER) if _KEY_HEADER in event.multi_value_headers else None
    job = None
    if key and _KEY.fullmatch(key):
        # What was valid is not judged again: its window may begin too early by now.
        job = exports.creation.repeat(key, content, caller, exports.now)
    if job is None:
        search, file_format = _parse(content, key, exports.now)
        restrict(search, caller)
        new = NewExport(cast("Format", file_format), content, key or "")
        job = exports.creation.create(new, caller, exports.now)
    logger.info("export created", extra={"export": job.id, "format": job.format})
    # The path with whatever stands before it: a stage, the base path of a domain.
    location = f"{event['requestContext']['path'].rstrip('/')}/{job.id}"
    job = exports.current(job, caller)
    return export_response(HTTPStatus.ACCEPTED, job, exports.parts(job), exports.now, location)


def get_export(export_id: str, event: APIGatewayProxyEvent, services: Services) -> Response[str]:
    """Return an export, with URLs of its parts."""
    caller = _begin(event, services)
    exports = _Exports(services)
    job = exports.current(exports.find(export_id, caller), caller)
    logger.info("export shown", extra={"export": job.id})
    return export_response(HTTPStatus.OK, job, exports.parts(job), exports.now)


def delete_export(export_id: str, event: APIGatewayProxyEvent, services: Services) -> Response[str]:
    """End an export and remove its files. What cannot be removed now is removed later."""
    caller = require_caller(event, services)
    exports = _Exports(services)
    job = exports.find(export_id, caller)
    job = change(exports.store, job, lambda job: job.canceled(exports.now)) or job
    logger.info("export deleted", extra={"export": job.id})
    exports.remove_files(job)
    return Response(HTTPStatus.NO_CONTENT, body="", headers={"Cache-Control": "no-store"})


def _begin(event: APIGatewayProxyEvent, services: Services) -> Caller:
    caller = require_caller(event, services)
    require_acceptable(read_header(event, "accept"), JSON)
    return caller


def _require_grant(caller: Caller) -> Caller:
    if not caller.grant.exports:
        raise ForbiddenError([], "parameter")
    return caller


def _parse(content: Any, key: str | None, now: datetime) -> tuple[Search, str]:
    """Parse the body, and check the Idempotency-Key together with it.

    Raises:
        InvalidSearchError: The request is invalid. It has every fault.
    """
    faults = []
    if key is not None and not _KEY.fullmatch(key):
        faults = [Fault(_KEY_HEADER, "invalid_format", "must have 1 to 64 visible ASCII characters", is_in_header=True)]
    try:
        parsed = body.parse_export(content, now)
    except InvalidSearchError as error:
        raise InvalidSearchError([*faults, *error.faults], "pointer") from None
    if faults:
        raise InvalidSearchError(faults, "pointer")
    return parsed


@cache
def _s3_client() -> Any:
    return s3_client(read_timeout=5, attempts=2)


@cache
def _step_functions_client() -> Any:
    return step_functions_client()
