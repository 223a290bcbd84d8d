"""Parse the bodies of POST /v1/contacts/search and POST /v1/exports into a search."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from pydantic_core import ErrorDetails

from contact_search.search import follow_rules
from contact_search.search.faults import Fault, InvalidSearchError, from_pydantic, suggest
from contact_search.search.model import DEFAULT_LIMIT, Search, default_sort, sort_faults
from contact_search.search.search_request import (
    ExportRequest,
    SearchBody,
    SearchContactsTimeRange,
    SearchCriteria,
    SearchRequest,
    SearchWindow,
    Sort,
    Structure,
)
from contact_search.search.window import RequestedWindow, Window

__all__ = ["ExportRequest", "SearchRequest", "loggable_members", "parse", "parse_export"]

B = TypeVar("B", bound=SearchBody)

_NESTED_NAMES = {name for structure in Structure.__subclasses__() for name in structure.model_fields}
# Where the body asks for members that are not in search_criteria.
_SOURCES_BY_MEMBER = {
    "TimeRange.Type": ("/time_range/type",),
    "TimeRange.StartTime": ("/time_range/start_time",),
    "Sort": ("/sort/field_name",),
    "fields": ("/fields",),
}
_FOLLOW_SOURCES = follow_rules.Sources(limit="/limit", time_field="/time_range/type", sort="/sort/field_name")


def parse(body: Any, now: datetime) -> Search:
    """Turn a JSON value into a search.

    Raises:
        InvalidSearchError: The body is invalid. It has every fault.
    """
    request = _validate(body, SearchRequest, now)
    search = _to_search(request, now)
    return replace(
        search,
        sort=search.sort if request.sort else default_sort(search.time_field, is_followed=request.follow),
        limit=request.limit,
        cursor=request.cursor,
        settle=follow_rules.settle(request.settle, is_followed=request.follow),
    )


def parse_export(body: Any, now: datetime) -> tuple[Search, str]:
    """Turn a JSON value into a search, and the format of the files in which its contacts are exported.

    Raises:
        InvalidSearchError: The body is invalid. It has every fault.
    """
    request = _validate(body, ExportRequest, now)
    return _to_search(request, now), request.format


def _validate(body: Any, model: type[B], now: datetime) -> B:
    faults: list[Fault] = []
    request = None
    try:
        request = model.model_validate(body)
    except ValidationError as error:
        faults += [_to_fault(details, model) for details in error.errors(include_url=False, include_input=False)]
    faults += _conflicts(body, now)
    if model is SearchRequest:
        faults += _page_faults(body, now)
    if request is None or faults:
        raise InvalidSearchError(faults, "pointer")
    return request


def _to_search(request: SearchBody, now: datetime) -> Search:
    criteria = request.search_criteria.model_dump(by_alias=True, exclude_unset=True) if request.search_criteria else {}
    time_range = request.time_range
    return Search(
        time_field=time_range.type,
        window=RequestedWindow(time_range.start_time, time_range.end_time),
        requested_at=now,
        criteria=criteria,
        sort=request.sort.model_dump(by_alias=True) if request.sort else default_sort(time_range.type),
        limit=DEFAULT_LIMIT,
        max_items=request.max_items,
        fields=frozenset(request.fields),
        expand=frozenset(request.expand),
        sources=_SOURCES_BY_MEMBER | {member: (f"/search_criteria/{to_snake(member)}",) for member in criteria},
        source_type="pointer",
    )


def loggable_members(body: Any) -> list[str]:
    """Return the names of the members of any JSON value, valid or not, and of its `search_criteria`.

    A name that is not ours may be data: it becomes "unknown".
    """
    names = _loggable(body, SearchRequest.model_fields | ExportRequest.model_fields)
    criteria = _loggable(_get(body, "search_criteria"), SearchCriteria.model_fields)
    return sorted(names | criteria)


def _loggable(value: Any, known: Mapping[str, Any]) -> set[str]:
    return {name if name in known else "unknown" for name in value} if isinstance(value, dict) else set()


def _to_fault(details: ErrorDetails, model: type[SearchBody]) -> Fault:
    fault = from_pydantic(details, _pointer(details["loc"]))
    if fault.code != "unknown":
        return fault
    suggestion = suggest(str(details["loc"][-1]), sorted({*_NESTED_NAMES, *model.model_fields}))
    return Fault(fault.where, fault.code, f"is not a member{suggestion}")


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return the JSON pointer (RFC 6901) to this place."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _conflicts(body: Any, now: datetime) -> Iterator[Fault]:
    """Yield the faults of members that are valid alone, even if the body has invalid ones besides."""
    has_cursor = isinstance(body, dict) and "cursor" in body
    for pointer, value in _time_ranges(body):
        time_range = _valid_time_range(value)
        if time_range is None:
            continue
        if pointer == "/time_range" and not has_cursor:  # later pages keep the window of the first
            yield from _window_faults(time_range, _get(body, "sort"), now)
        elif time_range.start_time > time_range.end_time:
            yield Fault(f"{pointer}/start_time", "out_of_range", "is after `end_time`")


def _page_faults(body: Any, now: datetime) -> Iterator[Fault]:
    """Yield the faults of members that only a search has, which returns pages."""
    limit = _get(body, "limit")
    if isinstance(body, dict) and "cursor" in body and limit == 0 and not isinstance(limit, bool):
        yield Fault("/limit", "conflict", "must not be 0 with `cursor`: only a search as a whole can be counted")
    yield from _follow_faults(body, now) if _get(body, "follow") is True else _faults_without_follow(body)


def _faults_without_follow(body: Any) -> Iterator[Fault]:
    """Yield the faults of a search that ends."""
    time_range = _get(body, "time_range")
    if isinstance(time_range, dict) and "end_time" not in time_range:
        yield Fault("/time_range/end_time", "required", "is required, unless `follow` is true")
    if _get(body, "settle") is not None:
        yield Fault("/settle", "conflict", "has no effect unless `follow` is true")


def _follow_faults(body: Any, now: datetime) -> Iterator[Fault]:
    """Yield the faults of a search without an end."""
    window, sort = None, None
    with suppress(ValidationError):  # reported with the other invalid members
        window = SearchWindow.model_validate(_get(body, "time_range"))
    with suppress(ValidationError):
        sort = Sort.model_validate(_get(body, "sort")).model_dump(by_alias=True)
    ends = [name for name in ("time_range/end_time", "max_items") if _get_at(body, name) is not None]
    limit = _get(body, "limit")
    yield from follow_rules.faults(
        [f"/{name}" for name in ends],
        window.type if window else None,
        sort,
        None if isinstance(limit, bool) else limit,
        _FOLLOW_SOURCES,
    )
    if window and window.end_time is None and "cursor" not in body:
        window_faults = RequestedWindow(window.start_time, None).faults(now, start="start_time", end="end_time")
        for fault in follow_rules.without_end(window_faults):
            yield Fault(f"/time_range/{fault.where}", fault.code, fault.detail)


def _time_ranges(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield the window and the additional time ranges of any JSON value, each with its JSON pointer."""
    yield "/time_range", _get(body, "time_range")
    criteria = _get(_get(_get(body, "search_criteria"), "additional_time_range"), "criteria")
    for index, criterion in enumerate(criteria if isinstance(criteria, list) else ()):
        pointer = f"/search_criteria/additional_time_range/criteria/{index}/time_range"
        yield pointer, _get(criterion, "time_range")


def _window_faults(time_range: SearchContactsTimeRange, sort: Any, now: datetime) -> Iterator[Fault]:
    start, end = time_range.start_time, time_range.end_time
    for fault in RequestedWindow(start, end).faults(now, start="start_time", end="end_time"):
        yield Fault(f"/time_range/{fault.where}", fault.code, fault.detail)
    with suppress(ValidationError):  # reported with the other invalid members
        valid_sort = Sort.model_validate(sort).model_dump(by_alias=True)
        yield from sort_faults(valid_sort, time_range.type, Window(start, end), "/sort/field_name")


def _valid_time_range(value: Any) -> SearchContactsTimeRange | None:
    with suppress(ValidationError):  # reported with the other invalid members
        return SearchContactsTimeRange.model_validate(value)
    return None


def _get_at(value: Any, path: str) -> Any:
    for name in path.split("/"):
        value = _get(value, name)
    return value


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
