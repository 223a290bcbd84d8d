"""The query parameters of GET /v1/contacts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product
from math import prod
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from contacts import members as m
from contacts.cursor import LONGEST_CURSOR
from contacts.fault import Fault, InvalidSearchError, fault_of, nearest
from contacts.search import DEFAULT_LIMIT, Search, default_sort, sort_faults
from contacts.window import AskedWindow, two_years_before

LONGEST_GET = 8_192
MOST_TAG_CONDITIONS = 100

_TIMESTAMPS = get_args(get_args(m.SearchContactsTimeRangeType)[0])
_SORTS = [sign + field.lower() for field in get_args(get_args(m.SortableFieldName)[0]) for sign in ("", "-")]


def _digits(value: Any) -> Any:
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise PydanticCustomError("not_an_integer", "must be an integer")
    return int(value)


def _sort(value: str) -> str:
    if value.lower() not in _SORTS:
        detail = f'must be one of {", ".join(_SORTS[::2])}, after a "-" for descending'
        raise PydanticCustomError("unknown_value", "{detail}", {"detail": detail})
    return value.upper()


def _boolean(value: str) -> Any:
    return {"true": True, "false": False}.get(value.lower(), value)


_Digits = BeforeValidator(_digits)
_Lower = BeforeValidator(str.lower)
_Sort = Annotated[str, BeforeValidator(_sort), WithJsonSchema({"type": "string", "enum": _SORTS})]
_Match = Annotated[Literal["any", "all"], _Lower]
_SetMatch = Annotated[Literal["any", "all", "exact", "none"], _Lower]
_False = Annotated[Literal["false"], _Lower]


# A list or dict itself would be copied for each search, deeply.
_SEVERAL: Any = Field(default_factory=list)


class Parameters(BaseModel):
    """One field a parameter; where the names differ, the alias is the parameter's. KEY stands for any key."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    from_: m.Moment | None = Field(None, alias="from")
    to: m.Moment | None = None
    last: m.Duration | None = None
    time_field: m.SearchContactsTimeRangeType = "INITIATION_TIMESTAMP"
    channel: m.ChannelList = _SEVERAL
    queue_id: m.QueueIdList = _SEVERAL
    agent_id: m.AgentResourceIdList = _SEVERAL
    initiation_method: m.InitiationMethodList = _SEVERAL
    active_region: m.ActiveRegionList = _SEVERAL
    agent_hierarchy_l1_id: m.HierarchyGroupIdList = _SEVERAL
    agent_hierarchy_l2_id: m.HierarchyGroupIdList = _SEVERAL
    agent_hierarchy_l3_id: m.HierarchyGroupIdList = _SEVERAL
    agent_hierarchy_l4_id: m.HierarchyGroupIdList = _SEVERAL
    agent_hierarchy_l5_id: m.HierarchyGroupIdList = _SEVERAL
    transcript: m.SearchTextList = _SEVERAL
    transcript_agent: m.SearchTextList = Field(default_factory=list, alias="transcript.agent")
    transcript_customer: m.SearchTextList = Field(default_factory=list, alias="transcript.customer")
    transcript_system: m.SearchTextList = Field(default_factory=list, alias="transcript.system")
    transcript_custom_bot: m.SearchTextList = Field(default_factory=list, alias="transcript.custom_bot")
    transcript_supervisor: m.SearchTextList = Field(default_factory=list, alias="transcript.supervisor")
    transcript_match: _Match | None = None
    attribute: dict[m.SearchableContactAttributeKey, m.SearchableContactAttributeValueList] = Field(
        default_factory=dict, alias="attribute.", max_length=15
    )
    attribute_match: _Match | None = None
    segment: dict[m.SearchableSegmentAttributeKey, m.SearchableSegmentAttributeValueList] = Field(
        default_factory=dict, alias="segment.", max_length=15
    )
    segment_match: _Match | None = None
    tag: dict[m.Text, list[m.Text]] = Field(default_factory=dict, alias="tag.")
    name: m.SearchTextList = _SEVERAL
    name_match: _SetMatch | None = None
    routing_agent_id: m.AgentResourceIdList = _SEVERAL
    routing_match: _SetMatch | None = None
    ai_agent_id: m.AiAgentId | None = None
    ai_agent_version: Annotated[m.AiAgentVersionNumber, _Digits] | None = None
    ai_agent_escalated: Annotated[m.Boolean, BeforeValidator(_boolean)] | None = None
    ai_use_case: m.AiUseCase | None = None
    initiation_timestamp_from: m.Moment | None = Field(None, alias="initiation_timestamp.from")
    initiation_timestamp_to: m.Moment | None = Field(None, alias="initiation_timestamp.to")
    initiation_timestamp_exists: _False | None = Field(None, alias="initiation_timestamp.exists")
    scheduled_timestamp_from: m.Moment | None = Field(None, alias="scheduled_timestamp.from")
    scheduled_timestamp_to: m.Moment | None = Field(None, alias="scheduled_timestamp.to")
    scheduled_timestamp_exists: _False | None = Field(None, alias="scheduled_timestamp.exists")
    connected_to_agent_timestamp_from: m.Moment | None = Field(None, alias="connected_to_agent_timestamp.from")
    connected_to_agent_timestamp_to: m.Moment | None = Field(None, alias="connected_to_agent_timestamp.to")
    connected_to_agent_timestamp_exists: _False | None = Field(None, alias="connected_to_agent_timestamp.exists")
    disconnect_timestamp_from: m.Moment | None = Field(None, alias="disconnect_timestamp.from")
    disconnect_timestamp_to: m.Moment | None = Field(None, alias="disconnect_timestamp.to")
    disconnect_timestamp_exists: _False | None = Field(None, alias="disconnect_timestamp.exists")
    enqueue_timestamp_from: m.Moment | None = Field(None, alias="enqueue_timestamp.from")
    enqueue_timestamp_to: m.Moment | None = Field(None, alias="enqueue_timestamp.to")
    enqueue_timestamp_exists: _False | None = Field(None, alias="enqueue_timestamp.exists")
    additional_time_match: _Match | None = None
    sort: _Sort | None = None
    limit: Annotated[m.MaxResult100, _Digits] = DEFAULT_LIMIT
    max_items: Annotated[m.MaxItems, _Digits] | None = None
    cursor: m.Cursor | None = None
    fields: list[m.ContactField] = _SEVERAL


_FIELDS = {field.alias or name: field for name, field in Parameters.model_fields.items()}
_PREFIXES = [name for name in _FIELDS if name.endswith(".")]
_KNOWN = [f"{name}KEY" if name in _PREFIXES else name for name in _FIELDS]
_FREE_TEXT = ("transcript", "transcript.", "name", *_PREFIXES)


def search_of(query: Mapping[str, Sequence[str]], now: datetime) -> Search:
    """The search that these query parameters mean.

    `query` has the decoded values of each parameter. Raises InvalidSearchError with every fault at once.
    """
    faults: list[Fault] = []
    given = _gather(query, faults)
    parameters = _validate(given, faults)
    window = AskedWindow(parameters.from_, parameters.to, parameters.last)
    faults.extend(_conflicts(query, parameters))
    if "cursor" not in query:  # what now was, and so the window, is known to the cursor
        faults.extend(_window_faults(query, parameters, now))
        if {"from", "to", "last", "time_field", "sort"}.isdisjoint(fault.where for fault in faults):
            faults.extend(sort_faults(_sort_of(parameters), parameters.time_field, window.at(now), "sort"))
    if (fault := _too_long_for_a_cursor(query)) is not None:
        faults.append(fault)
    if faults:
        raise InvalidSearchError(faults, "parameter")
    return Search(
        time_field=parameters.time_field,
        window=window,
        asked_at=now,
        criteria=_criteria(parameters),
        sort=_sort_of(parameters),
        limit=parameters.limit,
        max_items=parameters.max_items,
        cursor=parameters.cursor,
        fields=frozenset(parameters.fields),
    )


def kind_of(name: str) -> str:
    """The parameter's name as it may be logged: neither the KEY of `attribute.KEY` nor what is no parameter of ours."""
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
    return f"{prefix}KEY" if prefix else name if name in _FIELDS else "unknown"


# By which parameters a member of SearchContacts is asked for.
_PARAMETERS_OF = {
    "Name": ("name",),
    "AgentIds": ("agent_id",),
    "AgentHierarchyGroups": tuple(f"agent_hierarchy_l{level}_id" for level in range(1, 6)),
    **{f"AgentHierarchyGroups.L{level}Ids": (f"agent_hierarchy_l{level}_id",) for level in range(1, 6)},
    "Channels": ("channel",),
    "ContactAnalysis": ("transcript", "transcript."),
    "InitiationMethods": ("initiation_method",),
    "QueueIds": ("queue_id",),
    "RoutingCriteria": ("routing_agent_id",),
    "SearchableSegmentAttributes": ("segment.",),
    "ActiveRegions": ("active_region",),
    "ContactTags": ("tag.",),
    "AiAgents": ("ai_agent_id", "ai_agent_version", "ai_agent_escalated", "ai_use_case"),
    **{f"AdditionalTimeRange.{timestamp}": (f"{timestamp.lower()}.",) for timestamp in _TIMESTAMPS},
    "TimeRange.Type": ("time_field",),
    "TimeRange.StartTime": ("from", "last"),
    "Sort": ("sort",),
    "fields": ("fields",),
}


def parameters_of(query: Mapping[str, Any], member: str) -> list[str]:
    """The parameters of the query that ask for a member of SearchContacts; the one that would, if none does."""
    if member.startswith("SearchableContactAttributes."):
        return [f"attribute.{member.partition('.')[2]}"]
    names = _PARAMETERS_OF[member]
    return [name for name in query if _is_one_of(name, names)] or [names[0]]


def _gather(query: Mapping[str, Sequence[str]], faults: list[Fault]) -> dict[str, Any]:
    """The values by alias: one, or a list with comma lists split, or for a prefix such as `attribute.` a dict of lists.

    In an order of its own, so that a search is the same in whatever order its parameters are given. What cannot even be
    gathered is added to `faults` and left out.
    """
    given: dict[str, Any] = {}
    for name, texts in sorted(query.items()):
        prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), "")
        alias = prefix or name
        if alias not in _FIELDS or name == prefix:
            faults.append(Fault(name, "unknown", f"is not a parameter{nearest(name, _KNOWN)}"))
            continue
        several = bool(prefix) or _FIELDS[alias].default_factory is list
        values = list(texts) if not several or _is_free_text(name) else _split(texts)
        if any(not value.strip() for value in values):
            faults.append(Fault(name, "empty", "must not be empty, nor have an empty element"))
        elif not several and len(values) > 1:
            faults.append(Fault(name, "repeated", "may be given only once"))
        elif prefix:
            given.setdefault(prefix, {})[name.removeprefix(prefix)] = sorted(set(values))
        else:
            given[name] = sorted(set(values)) if several else values[0]
    return given


def _validate(given: dict[str, Any], faults: list[Fault]) -> Parameters:
    """The parameters; those with a fault, which is added to `faults`, are as if they had not been given."""
    try:
        return Parameters.model_validate(given)
    except ValidationError as invalid:
        bad = set()
        for error in invalid.errors(include_url=False, include_context=False, include_input=False):
            alias, *rest = map(str, error["loc"])
            bad.add(alias)
            name = alias + (rest[0] if rest else "*") if alias in _PREFIXES else alias
            fault = fault_of(error, name)
            if fault not in faults:
                faults.append(fault)
        return Parameters.model_validate({name: value for name, value in given.items() if name not in bad})


_MATCHES = {
    "transcript_match": ("transcript", "transcript."),
    "attribute_match": ("attribute.",),
    "segment_match": ("segment.",),
    "name_match": ("name",),
    "routing_match": ("routing_agent_id",),
    "additional_time_match": tuple(f"{timestamp.lower()}." for timestamp in _TIMESTAMPS),
    "ai_agent_version": ("ai_agent_id",),
}


def _conflicts(query: Mapping[str, Any], parameters: Parameters) -> Iterator[Fault]:
    """Faults of parameters that are fine alone. What was given at all counts, even where it has a fault itself."""
    transcripts = [name for name in query if name.startswith("transcript.")]
    if "last" in query and ("from" in query or "to" in query):
        yield Fault("last", "conflict", "stands in place of `from` and `to`, not beside them")
    elif "last" not in query and "from" not in query:
        yield Fault("from", "required", "is required, or `last` in its place")
    if "transcript" in query and transcripts:
        yield Fault("transcript", "conflict", f"means every participant, so it cannot stand beside {transcripts[0]}")
    for name, needed in _MATCHES.items():
        if name in query and not any(_is_one_of(other, needed) for other in query):
            yield Fault(name, "conflict", f"says more of `{needed[0]}`, which is not given")
    for timestamp in map(str.lower, _TIMESTAMPS):
        start, end = getattr(parameters, f"{timestamp}_from"), getattr(parameters, f"{timestamp}_to")
        if start and end and start > end:
            yield Fault(f"{timestamp}.from", "out_of_range", f"lies after `{timestamp}.to`")
    if prod(map(len, parameters.tag.values())) > MOST_TAG_CONDITIONS:
        name = f"tag.{max(parameters.tag, key=lambda key: len(parameters.tag[key]))}"
        yield Fault(name, "too_many", f"the values of all tags combine to more than {MOST_TAG_CONDITIONS} conditions")


def _window_faults(query: Mapping[str, Any], parameters: Parameters, now: datetime) -> Iterator[Fault]:
    """Faults of the window and of the additional time ranges at this time, as far as their ends are valid."""
    windows = []
    if parameters.last is not None:
        windows.append(AskedWindow(None, None, parameters.last))
    if (start := parameters.from_) is not None:
        # Where `to` has a fault of its own, nothing is said of the order.
        end = start if "to" in query and parameters.to is None else parameters.to
        windows.append(AskedWindow(start, end, None))
    for window in windows:
        yield from window.faults(now)
    for timestamp in map(str.lower, _TIMESTAMPS):
        start, end = getattr(parameters, f"{timestamp}_from"), getattr(parameters, f"{timestamp}_to")
        if start and f"{timestamp}.to" not in query and start > now:
            yield Fault(f"{timestamp}.from", "out_of_range", f"lies in the future, so it needs `{timestamp}.to`")
        if end and f"{timestamp}.from" not in query and end < two_years_before(now):
            yield Fault(
                f"{timestamp}.to", "out_of_range", f"lies more than 2 years back, so it needs `{timestamp}.from`"
            )


# A character becomes 12 at most, and each parameter has a "=" and a "&": up to so many there is nothing to count.
_SURELY_SHORT = (LONGEST_GET - LONGEST_CURSOR - 100) // 14


def _too_long_for_a_cursor(query: Mapping[str, Sequence[str]]) -> Fault | None:
    """API Gateway takes 10,240 characters of request line and headers: a first page must leave room for the next."""
    pairs = [(name, value) for name, values in query.items() if name != "cursor" for value in values]
    if sum(len(name) + len(value) for name, value in pairs) < _SURELY_SHORT:
        return None
    length = len("/v1/contacts?cursor=") + LONGEST_CURSOR + len(urlencode(pairs, errors="surrogatepass")) + 1
    if length <= LONGEST_GET:
        return None
    encoded = {name: len(urlencode([(name, value)], errors="surrogatepass")) + 1 for name, value in pairs}
    longest = max(encoded, key=lambda name: sum(encoded[name] for other, _ in pairs if other == name))
    detail = f"the URL leaves no room for a cursor within {LONGEST_GET} characters; use POST /v1/contacts/search"
    return Fault(longest, "too_long", detail)


def _criteria(parameters: Parameters) -> dict[str, Any]:
    """SearchCriteria, with those members alone that were asked for."""
    p = parameters
    hierarchy = {
        "L1Ids": p.agent_hierarchy_l1_id,
        "L2Ids": p.agent_hierarchy_l2_id,
        "L3Ids": p.agent_hierarchy_l3_id,
        "L4Ids": p.agent_hierarchy_l4_id,
        "L5Ids": p.agent_hierarchy_l5_id,
    }
    criteria: dict[str, Any] = {
        "Name": p.name and {"SearchText": p.name, "MatchType": _match(p.name_match or "any")},
        "AgentIds": p.agent_id,
        "AgentHierarchyGroups": {level: ids for level, ids in hierarchy.items() if ids},
        "Channels": p.channel,
        "ContactAnalysis": _contact_analysis(parameters),
        "InitiationMethods": p.initiation_method,
        "QueueIds": p.queue_id,
        "RoutingCriteria": p.routing_agent_id
        and {
            "Steps": [
                {"AgentCriteria": {"AgentIds": p.routing_agent_id, "MatchType": _match(p.routing_match or "any")}}
            ]
        },
        "AdditionalTimeRange": _additional_time_range(parameters),
        "SearchableContactAttributes": _attributes(p.attribute, p.attribute_match),
        "SearchableSegmentAttributes": _attributes(p.segment, p.segment_match),
        "ActiveRegions": p.active_region,
        "ContactTags": p.tag and {"OrConditions": _tag_conditions(p.tag)},
        "AiAgents": _ai_agents(parameters),
    }
    return {member: value for member, value in criteria.items() if value}


def _attributes(attributes: Mapping[str, list[str]], match: str | None) -> dict[str, Any] | None:
    criteria = [{"Key": key, "Values": values} for key, values in attributes.items()]
    return {"Criteria": criteria, "MatchType": _match(match or "all")} if criteria else None


def _tag_conditions(tags: Mapping[str, list[str]]) -> list[list[dict[str, str]]]:
    """Keys are joined by AND, the values of one by OR; OrConditions wants the OR outside."""
    return [
        [{"TagKey": key, "TagValue": value} for key, value in zip(tags, values, strict=True)]
        for values in product(*tags.values())
    ]


def _ai_agents(parameters: Parameters) -> dict[str, Any] | None:
    criterion = {
        "Id": parameters.ai_agent_id,
        "VersionNumber": parameters.ai_agent_version,
        "AiAgentEscalated": parameters.ai_agent_escalated,
        "AiUseCase": parameters.ai_use_case,
    }
    given = {member: value for member, value in criterion.items() if value is not None}
    return {"Criteria": [given]} if given else None


def _additional_time_range(parameters: Parameters) -> dict[str, Any] | None:
    criteria: list[dict[str, Any]] = []
    for timestamp in _TIMESTAMPS:
        start, end, exists = (getattr(parameters, f"{timestamp.lower()}_{end}") for end in ("from", "to", "exists"))
        if start or end:
            criteria.append({"TimeRange": {"Type": timestamp, "StartTime": start, "EndTime": end}})
        if exists:
            criteria.append({"TimestampCondition": {"Type": timestamp, "ConditionType": "NOT_EXISTS"}})
    match = _match(parameters.additional_time_match or "all")
    return {"Criteria": criteria, "MatchType": match} if criteria else None


def _contact_analysis(parameters: Parameters) -> dict[str, Any] | None:
    """The texts, said by whichever participant, or by the one asked for."""
    said = {
        "AGENT": parameters.transcript_agent,
        "CUSTOMER": parameters.transcript_customer,
        "SYSTEM": parameters.transcript_system,
        "CUSTOM_BOT": parameters.transcript_custom_bot,
        "SUPERVISOR": parameters.transcript_supervisor,
    }
    within = between = _match(parameters.transcript_match or "any")
    if parameters.transcript:
        said = dict.fromkeys(said, parameters.transcript)
        between = _match("any")
    criteria = [
        {"ParticipantRole": role, "SearchText": texts, "MatchType": within} for role, texts in said.items() if texts
    ]
    return {"Transcript": {"Criteria": criteria, "MatchType": between}} if criteria else None


def _sort_of(parameters: Parameters) -> dict[str, str] | None:
    if parameters.sort is None:
        return default_sort(parameters.time_field)
    order = "DESCENDING" if parameters.sort.startswith("-") else "ASCENDING"
    return {"FieldName": parameters.sort.removeprefix("-"), "Order": order}


def _match(word: str) -> str:
    return f"MATCH_{word.upper()}"


def _split(texts: Sequence[str]) -> list[str]:
    return [element.strip() for text in texts for element in text.split(",")]


def _is_free_text(name: str) -> bool:
    """Whether a comma is a part of its value rather than between two values."""
    return _is_one_of(name, _FREE_TEXT)


def _is_one_of(name: str, names: Sequence[str]) -> bool:
    """Whether it is one of these names, those that end with a dot being prefixes."""
    return any(name.startswith(known) if known.endswith(".") else name == known for known in names)
