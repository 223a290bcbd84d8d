"""Write exports as JSON."""

import json
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, Field

from contact_search.amazon_connect.contact import Timestamp
from contact_search.api.page_response import JSON, VARY
from contact_search.exports.job import Job

# The URLs of parts are credentials.
_HEADERS = {"Cache-Control": "private, no-store", "Vary": VARY}
_ABSENT_UNLESS_SET = ("truncated", "problem", "parts")


class ExportPart(BaseModel):
    """A file with some of the contacts, compressed with gzip."""

    url: str = Field(
        description="Where the file can be downloaded without any other credential. It works for 15 minutes.",
        examples=["https://example-bucket.s3.eu-west-2.amazonaws.com/exports/000001.ndjson.gz?X-Amz-Signature=0123"],
    )
    contacts: int = Field(ge=1, le=10_000, description="How many contacts the file has.", examples=[10000])
    bytes: int = Field(ge=1, description="The size of the file, compressed.", examples=[912345])
    sha256: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="The SHA-256 digest of the file, as it is downloaded.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )


class ExportTotal(BaseModel):
    """How many contacts match the search."""

    value: int = Field(ge=0, description="The number of contacts.", examples=[412345])
    relation: Literal["eq", "gte"] = Field(description="`eq`: exactly this many; `gte`: at least this many.")


class ExportProblem(BaseModel):
    """Why the export failed: a problem (RFC 9457)."""

    type: str = Field(description="The type of the problem.", examples=["/problems/forbidden"])
    title: str = Field(description="What kind of problem it is.", examples=["Forbidden"])
    status: int = Field(ge=400, le=599, description="The HTTP status of such problems.", examples=[403])
    detail: str = Field(description="What happened to this export.", examples=["The client's grant has changed."])


class Export(BaseModel):
    """An export of all contacts of a search."""

    id: str = Field(description="Identifies the export.", examples=["019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"])
    status: Literal["queued", "running", "succeeded", "failed", "canceled"] = Field(
        description="`queued`: not begun; `running`: some parts may be there; `succeeded`: all parts are there;"
        " `failed`: `problem` says why, and the parts until then stay; `canceled`: deleted."
    )
    format: Literal["ndjson", "csv"] = Field(description="The format of the files.")
    created_at: Timestamp = Field(description="When it was created.")
    started_at: Timestamp | None = Field(description="When it began.")
    ended_at: Timestamp | None = Field(description="When it ended.")
    expires_at: Timestamp = Field(description="When the export and its files are gone.")
    contacts: int = Field(ge=0, description="How many contacts all parts have until now.", examples=[120000])
    total: ExportTotal | None = Field(description="How many contacts match, as far as is known.")
    estimated_end_at: Timestamp | None = Field(description="When it will have ended, at its rate until now.")
    truncated: bool | None = Field(
        None, description="True if more contacts match than a walk in this order reaches. Otherwise left out."
    )
    problem: ExportProblem | None = Field(None, description="Why it failed. Left out if it did not.")
    parts: list[ExportPart] | None = Field(
        None, max_length=10_000, description="The files, in order. They are there as soon as they are written."
    )


def export_response(
    status: HTTPStatus, job: Job, parts: Sequence[ExportPart], now: datetime, location: str | None = None
) -> Response[str]:
    """Write an export."""
    headers = _HEADERS if location is None else _HEADERS | {"Location": location}
    return Response(status, JSON, _to_json(_describe(job, now, list(parts))), headers)


def export_list_response(jobs: Sequence[Job], next_cursor: str | None, now: datetime) -> Response[str]:
    """Write a page of a list of exports."""
    exports = ",".join(_to_json(_describe(job, now, None)) for job in jobs)
    body = f'{{"exports":[{exports}],"next_cursor":{json.dumps(next_cursor)}}}'
    return Response(HTTPStatus.OK, JSON, body, _HEADERS)


def _describe(job: Job, now: datetime, parts: list[ExportPart] | None) -> Export:
    return Export(
        id=job.id,
        status=job.status,
        format=job.format,
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        expires_at=job.expires_at,
        contacts=job.contacts,
        total=None if job.total is None else ExportTotal(value=job.total.value, relation=job.total.relation),
        estimated_end_at=job.estimate_end(now),
        truncated=True if job.is_truncated else None,
        problem=None if job.problem is None else ExportProblem(**job.problem),
        parts=parts,
    )


def _to_json(export: Export) -> str:
    return export.model_dump_json(exclude={name for name in _ABSENT_UNLESS_SET if getattr(export, name) is None})
