"""Turn query parameters of GET /v1/contacts, which are options of scripts/export, into the body of an export."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic.alias_generators import to_snake

from contact_search.search import query
from contact_search.search.model import Search

# Parameters of a page, which an export has not.
NOT_EXPORTED = {"limit", "cursor", "follow", "settle"}

# The path of a list of names, the members of its answer, and where ids of them go.
_NAMES = (
    ("queue_names", "/v1/queues", "queues", "name", "QueueIds"),
    ("agent_names", "/v1/agents", "agents", "username", "AgentIds"),
)
FindIds = Callable[[str, str, str, str], list[str]]


class UnknownNameError(Exception):
    """There is no queue or agent of this name that the client may see."""


def build_body(
    parameters: Mapping[str, Sequence[str]], export_format: str, now: datetime, find_ids: FindIds
) -> dict[str, Any]:
    """Return the body of POST /v1/exports. Its window does not move: what is relative to now is resolved.

    Args:
        parameters: Query parameters, each with its values.
        export_format: "ndjson" or "csv".
        now: The time that `last`, or a missing end, is about.
        find_ids: Finds the ids with a name: by path, list, member and name.

    Raises:
        InvalidSearchError: Some parameters are invalid. It has every fault.
        UnknownNameError: A name is unknown.
    """
    search = _with_ids(query.parse(parameters, now), find_ids)
    window, asked = search.window.at(now), search.request_at(now)
    body: dict[str, Any] = {
        "format": export_format,
        "time_range": {"type": search.time_field, "start_time": _text(window.start), "end_time": _text(window.end)},
        "search_criteria": _to_json(asked["SearchCriteria"]),
        "sort": _to_json(asked["Sort"]) if "sort" in parameters else None,
        "max_items": search.max_items,
        "fields": sorted(search.fields),
        "expand": sorted(search.expand),
    }
    return {name: value for name, value in body.items() if value}


def _with_ids(search: Search, find_ids: FindIds) -> Search:
    criteria = dict(search.criteria)
    for attribute, path, list_name, member, ids_member in _NAMES:
        for name in getattr(search, attribute):
            ids = find_ids(path, list_name, member, name)
            if not ids:
                raise UnknownNameError(f"There is no {list_name[:-1]} with the {member} {name!r}")
            criteria[ids_member] = sorted({*criteria.get(ids_member, ()), *ids})
    return replace(search, criteria=criteria)


def _to_json(value: Any) -> Any:
    """Name members as in the API, and write times as text."""
    if isinstance(value, dict):
        return {to_snake(name): _to_json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_to_json(part) for part in value]
    return _text(value) if isinstance(value, datetime) else value


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
