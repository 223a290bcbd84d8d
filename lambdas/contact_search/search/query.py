"""Parse the query string of GET /v1/contacts into a search."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import prod
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from contact_search.search import cursor, follow_rules
from contact_search.search import members as m
from contact_search.search.faults import Fault, InvalidSearchError, from_pydantic, suggest
from contact_search.search.model import Search, default_sort, sort_faults
from contact_search.search.query_criteria import build_criteria
from contact_search.search.query_parameters import QueryParameters, examples
from contact_search.search.window import RequestedWindow, two_years_before

__all__ = ["QueryParameters", "examples", "loggable_parameter", "parse"]

# API Gateway takes 10,240 characters of request line and headers.
MAX_URL_LENGTH = 8_192
MAX_TAG_CONDITIONS = 100

_FIELDS = {field.alias or name: field for name, field in QueryParameters.model_fields.items()}
_LISTS = {name for name, field in _FIELDS.items() if field.default_factory is list}
# Parameters that are followed by a key: `attribute.KEY`, or `attribute[KEY]`.
_KEYED = {name for name, field in _FIELDS.items() if field.default_factory is dict}
_IN_BRACKETS = re.compile(r"(attribute|segment|tag)\[(.+)\]", re.DOTALL)
_KNOWN_NAMES = [f"{name}KEY" if name in _KEYED else name for name in _FIELDS]
# Stems (see _stem) of lists whose values may have commas in them. All other lists are split at commas.
_FREE_TEXT = {"transcript", "transcript.", "name", "queue", "agent", *_KEYED}

_TIMESTAMPS = [field.lower() for field in m.TIME_FIELDS]
_HIERARCHY = {f"agent_hierarchy_l{level}_id": f"L{level}Ids" for level in range(1, 6)}
# The member of SearchContacts that the parameters of each stem ask for.
_MEMBER_BY_STEM = {
    "from": "TimeRange.StartTime",
    "last": "TimeRange.StartTime",
    "time_field": "TimeRange.Type",
    "name": "Name",
    "agent_id": "AgentIds",
    "agent": "AgentIds",
    **dict.fromkeys(_HIERARCHY, "AgentHierarchyGroups"),
    "channel": "Channels",
    "transcript": "ContactAnalysis",
    "transcript.": "ContactAnalysis",
    "initiation_method": "InitiationMethods",
    "queue_id": "QueueIds",
    "queue": "QueueIds",
    "routing_agent_id": "RoutingCriteria",
    **{f"{field.lower()}.": f"AdditionalTimeRange.{field}" for field in m.TIME_FIELDS},
    "attribute.": "SearchableContactAttributes",
    "segment.": "SearchableSegmentAttributes",
    "active_region": "ActiveRegions",
    "tag.": "ContactTags",
    **dict.fromkeys(("ai_agent_id", "ai_agent_version", "ai_agent_escalated", "ai_use_case"), "AiAgents"),
    "sort": "Sort",
    "fields": "fields",
}
# The parameters that decide about members which every search has.
_FOLLOW_SOURCES = follow_rules.Sources(limit="limit", time_field="time_field", sort="sort")
_DEFAULT_SOURCES = {"TimeRange.Type": ("time_field",), "Sort": ("sort",), "fields": ("fields",)}
# Parameters that mean nothing without a parameter of one of these stems.
_REQUIRED_STEMS = {
    "transcript_match": ("transcript", "transcript."),
    "attribute_match": ("attribute.",),
    "segment_match": ("segment.",),
    "name_match": ("name",),
    "routing_match": ("routing_agent_id",),
    "additional_time_match": tuple(f"{timestamp}." for timestamp in _TIMESTAMPS),
    "ai_agent_version": ("ai_agent_id",),
    "settle": ("follow",),
}
# Parameters that cannot be combined with those of a stem, and why.
_EXCLUDED_STEMS = {"transcript": ("transcript.", "is about every participant")}


def parse(parameters: Mapping[str, Sequence[str]], now: datetime) -> Search:
    """Turn the parameters, each with its decoded values, into a search.

    Raises:
        InvalidSearchError: Some parameters are invalid. It has every fault.
    """
    query = _without_brackets(parameters)
    faults: list[Fault] = []
    values = _collect_values(query, faults)
    valid = _validate(values, faults)
    window = RequestedWindow(valid.from_, valid.to, valid.last)
    sort = _sort(valid)
    faults += _conflicts(query, valid)
    if "cursor" not in query:  # later pages keep the window of the first
        faults += _window_faults(query, valid, now)
        faults += _additional_time_faults(query, valid, now)
        if {"from", "to", "last", "time_field", "sort", "follow"}.isdisjoint(fault.where for fault in faults):
            faults += sort_faults(sort, valid.time_field, window.at(now), "sort")
    faults += _length_faults(parameters)
    if faults:
        raise InvalidSearchError(faults, "parameter")
    return Search(
        time_field=valid.time_field,
        window=window,
        requested_at=now,
        criteria=build_criteria(valid),
        sort=sort,
        limit=valid.limit,
        max_items=valid.max_items,
        cursor=valid.cursor,
        fields=frozenset(valid.fields),
        queue_names=tuple(valid.queue),
        agent_names=tuple(valid.agent),
        expand=frozenset(valid.expand),
        settle=follow_rules.settle(valid.settle, is_followed=valid.follow),
        sources=_sources_by_member(query),
        source_type="parameter",
    )


def loggable_parameter(name: str) -> str:
    """Return the parameter's name without its KEY, or "unknown" if there is no such parameter: both may be data."""
    stem = _stem(_without_bracket(name))
    if stem in _KEYED:
        return f"{stem}KEY"
    return name if name in _FIELDS else "unknown"


def _without_brackets(parameters: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Join the values of `attribute[KEY]` to those of `attribute.KEY`."""
    query: dict[str, list[str]] = {}
    for name, texts in parameters.items():
        query.setdefault(_without_bracket(name), []).extend(texts)
    return query


def _without_bracket(name: str) -> str:
    match = _IN_BRACKETS.fullmatch(name)
    return f"{match[1]}.{match[2]}" if match else name


def _stem(name: str) -> str:
    """Return the parameter's name up to and with its first dot, such as `attribute.`, or the whole name."""
    head, dot, _ = name.partition(".")
    return head + dot


def _collect_values(query: Mapping[str, Sequence[str]], faults: list[Fault]) -> dict[str, Any]:
    """Return the values by alias: a text, a list (with comma lists split), or lists by KEY.

    They are sorted, so that searches are equal whatever the order of their parameters. Parameters that cannot be read
    are left out, and added to `faults`.
    """
    collected: dict[str, Any] = {}
    for name, texts in sorted(query.items()):
        stem = _stem(name)
        is_keyed = stem in _KEYED
        is_list = is_keyed or name in _LISTS
        values = _split_at_commas(texts) if is_list and stem not in _FREE_TEXT else texts
        is_known = name != stem if is_keyed else name in _FIELDS
        if not is_known:
            faults.append(Fault(name, "unknown", f"is not a parameter{suggest(name, _KNOWN_NAMES)}"))
        elif not all(value.strip() for value in values):
            faults.append(Fault(name, "empty", "must not be empty or have an empty element"))
        elif not is_list and len(values) > 1:
            faults.append(Fault(name, "repeated", "must not be repeated"))
        elif is_keyed:
            collected.setdefault(stem, {})[name.removeprefix(stem)] = sorted(set(values))
        else:
            collected[name] = sorted(set(values)) if is_list else values[0]
    return collected


def _split_at_commas(texts: Sequence[str]) -> list[str]:
    return [element.strip() for text in texts for element in text.split(",")]


def _validate(values: dict[str, Any], faults: list[Fault]) -> QueryParameters:
    """Validate the values. Those with a fault, which is added to `faults`, are treated as absent."""
    try:
        return QueryParameters.model_validate(values)
    except ValidationError as error:
        invalid = set()
        for details in error.errors(include_url=False, include_input=False):
            alias, *rest = map(str, details["loc"])
            invalid.add(alias)
            key = (rest[0] if rest else "*") if alias in _KEYED else ""
            fault = from_pydantic(details, alias + key)
            if fault not in faults:  # several elements of a list may have the same
                faults.append(fault)
        return QueryParameters.model_validate({name: value for name, value in values.items() if name not in invalid})


def _conflicts(query: Mapping[str, Any], valid: QueryParameters) -> Iterator[Fault]:
    """Yield the faults of parameters that are valid alone. A parameter counts as present even if it is invalid."""
    if "last" in query and ("from" in query or "to" in query):
        yield Fault("last", "conflict", "replaces `from` and `to`, so it cannot be combined with them")
    elif "last" not in query and "from" not in query:
        yield Fault("from", "required", "is required, unless `last` is given")
    yield from _combination_faults(query)
    yield from _follow_faults(query, valid)
    if "cursor" in query and valid.limit == 0:
        yield Fault("limit", "conflict", "must not be 0 with `cursor`: only a search as a whole can be counted")
    for timestamp in _TIMESTAMPS:
        start, end = getattr(valid, f"{timestamp}_from"), getattr(valid, f"{timestamp}_to")
        if start and end and start > end:
            yield Fault(f"{timestamp}.from", "out_of_range", f"is after `{timestamp}.to`")
    if prod(map(len, valid.tag.values())) > MAX_TAG_CONDITIONS:
        key = max(valid.tag, key=lambda key: len(valid.tag[key]))
        detail = f"has too many values: the tags combine to more than {MAX_TAG_CONDITIONS} conditions"
        yield Fault(f"tag.{key}", "too_many", detail)


def _combination_faults(query: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each parameter that is not to be combined with another, or that needs one which is missing."""
    first_by_stem: dict[str, str] = {}
    for name in query:
        first_by_stem.setdefault(_stem(name), name)
    for name, (excluded, reason) in _EXCLUDED_STEMS.items():
        if name in query and excluded in first_by_stem:
            yield Fault(name, "conflict", f"{reason}, so it cannot be combined with `{first_by_stem[excluded]}`")
    for name, required in _REQUIRED_STEMS.items():
        if name in query and first_by_stem.keys().isdisjoint(required):
            yield Fault(name, "conflict", f"has no effect without `{required[0]}`")


def _follow_faults(query: Mapping[str, Any], valid: QueryParameters) -> Iterator[Fault]:
    if valid.follow:
        ends = query.keys() & {"to", "max_items"}
        yield from follow_rules.faults(ends, valid.time_field, _sort(valid), valid.limit, _FOLLOW_SOURCES)
    elif valid.settle is not None and "follow" in query:
        yield Fault("settle", "conflict", "has no effect unless `follow` is true")


def _window_faults(query: Mapping[str, Any], valid: QueryParameters, now: datetime) -> Iterator[Fault]:
    if valid.last is not None:
        yield from RequestedWindow(None, None, valid.last).faults(now, start="last", end="to")
    if valid.from_ is not None:
        has_invalid_end = "to" in query and valid.to is None
        end = valid.from_ if has_invalid_end else valid.to  # says nothing about the order of the two
        window_faults = RequestedWindow(valid.from_, end).faults(now, start="from", end="to")
        yield from follow_rules.without_end(window_faults) if valid.follow else window_faults


def _additional_time_faults(query: Mapping[str, Any], valid: QueryParameters, now: datetime) -> Iterator[Fault]:
    for timestamp in _TIMESTAMPS:
        start_name, end_name = f"{timestamp}.from", f"{timestamp}.to"
        start, end = getattr(valid, f"{timestamp}_from"), getattr(valid, f"{timestamp}_to")
        if start and end_name not in query and start > now:
            yield Fault(start_name, "out_of_range", f"is in the future, so it needs `{end_name}`")
        if end and start_name not in query and end < two_years_before(now):
            yield Fault(end_name, "out_of_range", f"is more than 2 years ago, so it needs `{start_name}`")


def _length_faults(parameters: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    """Yield a fault if the URL of the next page, with a cursor, could be too long."""
    pairs = [(name, value) for name, values in parameters.items() if name != "cursor" for value in values]
    # A character takes at most 12 in a URL, and a parameter 2 more: so short a query need not be encoded to know.
    room = MAX_URL_LENGTH - cursor.MAX_LENGTH - len("/v1/contacts?cursor=&")
    if sum(len(name) + len(value) for name, value in pairs) < room // 14:
        return
    length_by_name: dict[str, int] = {}
    for pair in pairs:
        length_by_name[pair[0]] = length_by_name.get(pair[0], 0) + len(urlencode([pair], errors="surrogatepass")) + 1
    if sum(length_by_name.values()) - 1 > room:
        longest = max(length_by_name, key=lambda name: length_by_name[name])
        detail = (
            f"makes the URL too long: with a cursor, it would have more than {MAX_URL_LENGTH} characters."
            " Use POST /v1/contacts/search"
        )
        yield Fault(_without_bracket(longest), "too_long", detail)


def _sources_by_member(query: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the parameters that ask for each member of SearchContacts."""
    sources: dict[str, tuple[str, ...]] = {}
    for name in query:
        stem = _stem(name)
        member = _MEMBER_BY_STEM.get(stem)
        if member is None:
            continue
        members = [member]
        if name in _HIERARCHY:
            members.append(f"{member}.{_HIERARCHY[name]}")
        elif stem == "attribute.":
            members.append(f"{member}.{name.removeprefix(stem)}")
        for key in members:
            sources[key] = (*sources.get(key, ()), name)
    return _DEFAULT_SOURCES | sources


def _sort(valid: QueryParameters) -> dict[str, str] | None:
    if valid.sort is None:
        return default_sort(valid.time_field, is_followed=valid.follow)
    order = "DESCENDING" if valid.sort.startswith("-") else "ASCENDING"
    return {"FieldName": valid.sort.removeprefix("-"), "Order": order}
