"""The body of POST /v1/contacts/search: the SearchContacts request in snake_case.

Each model is named after its shape in the service model (connect 2017-08-08) and has all its members.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal, to_snake

from contacts import members as m
from contacts.fault import Fault, InvalidSearchError, fault_of, nearest
from contacts.search import DEFAULT_LIMIT, Search, default_sort, sort_faults
from contacts.window import AskedWindow, Window

# Members that may be left out. (They may not be null: that is not a value that Connect knows.)
_optional: Any = Field(default_factory=lambda: None)


class _Structure(BaseModel):
    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, alias_generator=AliasGenerator(serialization_alias=to_pascal)
    )


class SearchContactsTimeRange(_Structure):
    type: m.SearchContactsTimeRangeType
    start_time: m.Moment
    end_time: m.Moment


class NameCriteria(_Structure):
    search_text: m.SearchTextList
    match_type: m.SearchContactsMatchType


class AgentHierarchyGroups(_Structure):
    l1_ids: m.HierarchyGroupIdList = _optional
    l2_ids: m.HierarchyGroupIdList = _optional
    l3_ids: m.HierarchyGroupIdList = _optional
    l4_ids: m.HierarchyGroupIdList = _optional
    l5_ids: m.HierarchyGroupIdList = _optional


class TranscriptCriteria(_Structure):
    participant_role: m.ParticipantRole
    search_text: m.SearchTextList
    match_type: m.SearchContactsMatchType


class Transcript(_Structure):
    criteria: list[TranscriptCriteria] = Field(max_length=6)
    match_type: m.SearchContactsMatchType = _optional


class ContactAnalysis(_Structure):
    transcript: Transcript = _optional


class SearchableAgentCriteriaStep(_Structure):
    agent_ids: m.AgentResourceIdList = _optional
    match_type: m.SearchContactsMatchType = _optional


class SearchableRoutingCriteriaStep(_Structure):
    agent_criteria: SearchableAgentCriteriaStep = _optional


class SearchableRoutingCriteria(_Structure):
    steps: list[SearchableRoutingCriteriaStep] = _optional


class SearchContactsTimestampCondition(_Structure):
    type: m.SearchContactsTimeRangeType
    condition_type: m.SearchContactsTimeRangeConditionType


class SearchContactsAdditionalTimeRangeCriteria(_Structure):
    time_range: SearchContactsTimeRange = _optional
    timestamp_condition: SearchContactsTimestampCondition = _optional


class SearchContactsAdditionalTimeRange(_Structure):
    criteria: list[SearchContactsAdditionalTimeRangeCriteria]
    match_type: m.SearchContactsMatchType


class SearchableContactAttributesCriteria(_Structure):
    key: m.SearchableContactAttributeKey
    values: m.SearchableContactAttributeValueList


class SearchableContactAttributes(_Structure):
    criteria: list[SearchableContactAttributesCriteria] = Field(max_length=15)
    match_type: m.SearchContactsMatchType = _optional


class SearchableSegmentAttributesCriteria(_Structure):
    key: m.SearchableSegmentAttributeKey
    values: m.SearchableSegmentAttributeValueList


class SearchableSegmentAttributes(_Structure):
    criteria: list[SearchableSegmentAttributesCriteria] = Field(min_length=1, max_length=15)
    match_type: m.SearchContactsMatchType = _optional


class TagCondition(_Structure):
    tag_key: m.Text = _optional
    tag_value: m.Text = _optional


class ControlPlaneTagFilter(_Structure):
    or_conditions: list[list[TagCondition]] = _optional
    and_conditions: list[TagCondition] = _optional
    tag_condition: TagCondition = _optional


class AiAgentSearchCriteria(_Structure):
    id: m.AiAgentId = _optional
    version_number: m.AiAgentVersionNumber = _optional
    ai_agent_escalated: m.Boolean = _optional
    ai_use_case: m.AiUseCase = _optional


class AiAgentsCriteria(_Structure):
    criteria: Annotated[list[AiAgentSearchCriteria], Field(max_length=1)] = _optional


class SearchCriteria(_Structure):
    name: NameCriteria = _optional
    agent_ids: m.AgentResourceIdList = _optional
    agent_hierarchy_groups: AgentHierarchyGroups = _optional
    channels: m.ChannelList = _optional
    contact_analysis: ContactAnalysis = _optional
    initiation_methods: m.InitiationMethodList = _optional
    queue_ids: m.QueueIdList = _optional
    routing_criteria: SearchableRoutingCriteria = _optional
    additional_time_range: SearchContactsAdditionalTimeRange = _optional
    searchable_contact_attributes: SearchableContactAttributes = _optional
    searchable_segment_attributes: SearchableSegmentAttributes = _optional
    active_regions: m.ActiveRegionList = _optional
    contact_tags: ControlPlaneTagFilter = _optional
    ai_agents: AiAgentsCriteria = _optional


class Sort(_Structure):
    field_name: m.SortableFieldName
    order: m.SortOrder


class SearchRequest(_Structure):
    """SearchContactsRequest less InstanceId; `limit` is its MaxResults and `cursor` its NextToken."""

    time_range: SearchContactsTimeRange
    search_criteria: SearchCriteria = _optional
    sort: Sort = _optional
    limit: m.MaxResult100 = DEFAULT_LIMIT
    max_items: m.MaxItems = _optional
    cursor: m.Cursor = _optional
    fields: list[m.ContactField] = Field(default_factory=list, min_length=1)


_NAMES = {name for structure in _Structure.__subclasses__() for name in structure.model_fields}


def search_of_body(body: Any, now: datetime) -> Search:
    """The search that a body (parsed JSON) means; raises InvalidSearchError with every fault at once."""
    faults: list[Fault] = []
    request = None
    try:
        request = SearchRequest.model_validate(body)
    except ValidationError as invalid:
        for error in invalid.errors(include_url=False, include_context=False, include_input=False):
            fault = fault_of(error, _pointer(error["loc"]))
            if fault.code == "unknown":
                fault = Fault(fault.where, "unknown", f"is not a member{nearest(str(error['loc'][-1]), _NAMES)}")
            faults.append(fault)
    faults.extend(_range_faults(body, now))
    if request is None or faults:
        raise InvalidSearchError(faults, "pointer")
    given, time_field = request.model_fields_set, request.time_range.type
    criteria = (
        request.search_criteria.model_dump(by_alias=True, exclude_unset=True) if "search_criteria" in given else {}
    )
    return Search(
        time_field=time_field,
        window=AskedWindow(request.time_range.start_time, request.time_range.end_time, None),
        asked_at=now,
        criteria=criteria,
        sort=request.sort.model_dump(by_alias=True) if "sort" in given else default_sort(time_field),
        limit=request.limit,
        max_items=request.max_items,
        cursor=request.cursor,
        fields=frozenset(request.fields),
    )


_MEMBER_POINTERS = {
    "TimeRange.Type": "/time_range/type",
    "TimeRange.StartTime": "/time_range/start_time",
    "Sort": "/sort/field_name",
    "fields": "/fields",
}


def pointers_of(member: str) -> list[str]:
    """Where in the body a member of SearchContacts is asked for."""
    name = member.partition(".")[0]
    return [_MEMBER_POINTERS.get(member) or f"/search_criteria/{to_snake(name)}"]


def _range_faults(body: Any, now: datetime) -> Iterator[Fault]:
    """Faults between the two ends of a time range, and of how far back the window reaches."""
    for pointer, time_range in _time_ranges(body):
        try:
            valid = SearchContactsTimeRange.model_validate(time_range)
        except ValidationError:
            continue  # each of its faults is known by itself
        if pointer == "/time_range" and "cursor" not in body:
            for fault in AskedWindow(valid.start_time, valid.end_time, None).faults(now):
                yield Fault(f"{pointer}/start_time", fault.code, fault.detail.replace("`to`", "end_time"))
            with suppress(ValidationError):  # each of its faults is known by itself
                sort = Sort.model_validate(_member(body, "sort")).model_dump(by_alias=True)
                window = Window(valid.start_time, valid.end_time)
                yield from sort_faults(sort, valid.type, window, "/sort/field_name")
        elif valid.start_time > valid.end_time:
            yield Fault(f"{pointer}/start_time", "out_of_range", "lies after end_time")


def _time_ranges(body: Any) -> Iterator[tuple[str, Any]]:
    """The window and the additional time ranges, as far as the body has them, by JSON pointer."""
    yield "/time_range", _member(body, "time_range")
    criteria = _member(_member(_member(body, "search_criteria"), "additional_time_range"), "criteria")
    for index, criterion in enumerate(criteria if isinstance(criteria, list) else ()):
        pointer = f"/search_criteria/additional_time_range/criteria/{index}/time_range"
        yield pointer, _member(criterion, "time_range")


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _pointer(loc: tuple[int | str, ...]) -> str:
    """RFC 6901."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in loc)
