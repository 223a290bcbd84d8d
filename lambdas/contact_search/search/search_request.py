"""Define the body of POST /v1/contacts/search: the SearchContacts request in snake_case.

Each model has the name and all members of its shape in the service model (connect 2017-08-08). Docstrings, descriptions
and examples are those of the OpenAPI document.
"""

from types import NoneType
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_pascal
from pydantic_core import CoreSchema

from contact_search.search import members as m
from contact_search.search.model import DEFAULT_LIMIT

T = TypeVar("T")


class _NotNull:
    """Validate `T | None` as T. None stands for a member that is left out; an explicit null is invalid."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        [member_type] = (option for option in get_args(source) if option is not NoneType)
        return handler.generate_schema(member_type)


Omittable = Annotated[T | None, _NotNull()]


class Structure(BaseModel):
    """The base of all models here. Their fields are dumped with the names that boto3 takes."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, alias_generator=AliasGenerator(serialization_alias=to_pascal)
    )


class SearchContactsTimeRange(Structure):
    """A window of time. Both ends are included."""

    type: m.SearchContactsTimeRangeType = Field(
        description="The timestamp that the window is about.", examples=["INITIATION_TIMESTAMP"]
    )
    start_time: m.StartTime = Field(
        description="An RFC 3339 date-time with an offset, or a date, which means its first moment in UTC."
    )
    end_time: m.EndTime = Field(
        description="An RFC 3339 date-time with an offset, or a date, which means its last moment in UTC."
    )


class SearchWindow(SearchContactsTimeRange):
    """The window of a search. Both ends are included."""

    end_time: Omittable[m.EndTime] = Field(  # type: ignore[assignment]
        None,
        description="An RFC 3339 date-time with an offset, or a date, which means its last moment in UTC. Required,"
        " except with `follow`, which makes a walk without an end.",
    )


class NameCriteria(Structure):
    """Texts in the contact's name."""

    search_text: m.SearchTextList = Field(description="Words or phrases.", examples=[["follow-up"]])
    match_type: m.SearchContactsMatchType = Field(description="How the texts are combined.", examples=["MATCH_ANY"])


class AgentHierarchyGroups(Structure):
    """Hierarchy groups that the agent belonged to."""

    l1_ids: Omittable[m.HierarchyGroupIdList] = Field(
        None, description="Ids of groups on level 1.", examples=[["9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a33"]]
    )
    l2_ids: Omittable[m.HierarchyGroupIdList] = Field(
        None, description="Ids of groups on level 2.", examples=[["9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a34"]]
    )
    l3_ids: Omittable[m.HierarchyGroupIdList] = Field(
        None, description="Ids of groups on level 3.", examples=[["9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a35"]]
    )
    l4_ids: Omittable[m.HierarchyGroupIdList] = Field(
        None, description="Ids of groups on level 4.", examples=[["9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a36"]]
    )
    l5_ids: Omittable[m.HierarchyGroupIdList] = Field(
        None, description="Ids of groups on level 5.", examples=[["9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a37"]]
    )


class TranscriptCriteria(Structure):
    """Texts in what one participant said."""

    participant_role: m.ParticipantRole = Field(description="Who said the texts.", examples=["CUSTOMER"])
    search_text: m.SearchTextList = Field(description="Words or phrases.", examples=[["refund"]])
    match_type: m.SearchContactsMatchType = Field(description="How the texts are combined.", examples=["MATCH_ANY"])


class Transcript(Structure):
    """Texts in the transcript."""

    criteria: list[TranscriptCriteria] = Field(max_length=6, description="What each participant said.")
    match_type: Omittable[m.SearchContactsMatchType] = Field(
        None, description="How the criteria are combined.", examples=["MATCH_ALL"]
    )


class ContactAnalysis(Structure):
    """Criteria that Contact Lens evaluates."""

    transcript: Omittable[Transcript] = Field(None, description="What was said.")


class SearchableAgentCriteriaStep(Structure):
    """Agents that a routing step prefers."""

    agent_ids: Omittable[m.AgentResourceIdList] = Field(
        None, description="Ids of agents.", examples=[["0b9c7c1e-6a54-4d0a-8f0f-7f3f6a4e2c22"]]
    )
    match_type: Omittable[m.SearchContactsMatchType] = Field(
        None, description="How the agents are combined.", examples=["MATCH_ANY"]
    )


class SearchableRoutingCriteriaStep(Structure):
    """A step of the routing criteria."""

    agent_criteria: Omittable[SearchableAgentCriteriaStep] = Field(None, description="Agents that the step prefers.")


class SearchableRoutingCriteria(Structure):
    """The contact's routing criteria."""

    steps: Omittable[list[SearchableRoutingCriteriaStep]] = Field(None, description="Steps of the routing criteria.")


class SearchContactsTimestampCondition(Structure):
    """A timestamp that the contact does not have."""

    type: m.SearchContactsTimeRangeType = Field(description="The timestamp.", examples=["DISCONNECT_TIMESTAMP"])
    condition_type: m.SearchContactsTimeRangeConditionType = Field(
        description="That the timestamp does not exist.", examples=["NOT_EXISTS"]
    )


class SearchContactsAdditionalTimeRangeCriteria(Structure):
    """A condition on one timestamp."""

    time_range: Omittable[SearchContactsTimeRange] = Field(None, description="The timestamp is within this window.")
    timestamp_condition: Omittable[SearchContactsTimestampCondition] = Field(
        None, description="The timestamp does not exist."
    )


class SearchContactsAdditionalTimeRange(Structure):
    """Conditions on other timestamps than the window's."""

    criteria: list[SearchContactsAdditionalTimeRangeCriteria] = Field(description="The conditions.")
    match_type: m.SearchContactsMatchType = Field(
        description="How the conditions are combined.", examples=["MATCH_ALL"]
    )


class SearchableContactAttributesCriteria(Structure):
    """A contact attribute."""

    key: m.SearchableContactAttributeKey = Field(description="The attribute's key.", examples=["customer_tier"])
    values: m.SearchableContactAttributeValueList = Field(
        description="The attribute has any of these values.", examples=[["gold", "silver"]]
    )


class SearchableContactAttributes(Structure):
    """Contact attributes."""

    criteria: list[SearchableContactAttributesCriteria] = Field(
        max_length=m.MAX_ATTRIBUTES, description="The attributes."
    )
    match_type: Omittable[m.SearchContactsMatchType] = Field(
        None, description="How the attributes are combined.", examples=["MATCH_ALL"]
    )


class SearchableSegmentAttributesCriteria(Structure):
    """A segment attribute."""

    key: m.SearchableSegmentAttributeKey = Field(description="The attribute's key.", examples=["connect:Subtype"])
    values: m.SearchableSegmentAttributeValueList = Field(
        description="The attribute has any of these values.", examples=[["connect:Telephony"]]
    )


class SearchableSegmentAttributes(Structure):
    """Segment attributes."""

    criteria: list[SearchableSegmentAttributesCriteria] = Field(
        min_length=1, max_length=m.MAX_ATTRIBUTES, description="The attributes."
    )
    match_type: Omittable[m.SearchContactsMatchType] = Field(
        None, description="How the attributes are combined.", examples=["MATCH_ALL"]
    )


class TagCondition(Structure):
    """A contact tag."""

    tag_key: Omittable[m.Text] = Field(None, description="The tag's key.", examples=["cost-centre"])
    tag_value: Omittable[m.Text] = Field(None, description="The tag's value.", examples=["4120"])


class ControlPlaneTagFilter(Structure):
    """Contact tags. Give one of the three members."""

    or_conditions: Omittable[list[list[TagCondition]]] = Field(
        None, description="Lists of tags. The contact has all tags of at least one list."
    )
    and_conditions: Omittable[list[TagCondition]] = Field(None, description="Tags, all of which the contact has.")
    tag_condition: Omittable[TagCondition] = Field(None, description="A tag that the contact has.")


class AiAgentSearchCriteria(Structure):
    """An AI agent that took part."""

    id: Omittable[m.AiAgentId] = Field(
        None, description="Id of the AI agent.", examples=["7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"]
    )
    version_number: Omittable[m.AiAgentVersionNumber] = Field(
        None, description="Version of the AI agent.", examples=[2]
    )
    ai_agent_escalated: Omittable[m.Boolean] = Field(
        None, description="Whether the AI agent handed the contact over to a person.", examples=[True]
    )
    ai_use_case: Omittable[m.AiUseCase] = Field(
        None, description="What the AI agent was used for.", examples=["SelfService"]
    )


class AiAgentsCriteria(Structure):
    """AI agents that took part."""

    criteria: Omittable[Annotated[list[AiAgentSearchCriteria], Field(max_length=1)]] = Field(
        None, description="The AI agent."
    )


class SearchCriteria(Structure):
    """What contacts have to match. Members are combined by AND, the values of a list by OR."""

    name: Omittable[NameCriteria] = Field(None, description="The contact's name.")
    agent_ids: Omittable[m.AgentResourceIdList] = Field(
        None,
        description="Ids of the agents who handled the contact.",
        examples=[["0b9c7c1e-6a54-4d0a-8f0f-7f3f6a4e2c22"]],
    )
    agent_hierarchy_groups: Omittable[AgentHierarchyGroups] = Field(None, description="Hierarchy groups of the agent.")
    channels: Omittable[m.ChannelList] = Field(
        None, description="How the contact reached the contact center.", examples=[["VOICE", "CHAT"]]
    )
    contact_analysis: Omittable[ContactAnalysis] = Field(None, description="What was said, as Contact Lens heard it.")
    initiation_methods: Omittable[m.InitiationMethodList] = Field(
        None, description="How the contact was initiated.", examples=[["INBOUND"]]
    )
    queue_ids: Omittable[m.QueueIdList] = Field(
        None, description="Ids of queues.", examples=[["5f8d1a52-1f3c-4c5e-9a70-2d6f0c3b1e11"]]
    )
    routing_criteria: Omittable[SearchableRoutingCriteria] = Field(None, description="The contact's routing criteria.")
    additional_time_range: Omittable[SearchContactsAdditionalTimeRange] = Field(
        None, description="Conditions on other timestamps than the window's."
    )
    searchable_contact_attributes: Omittable[SearchableContactAttributes] = Field(
        None, description="Contact attributes."
    )
    searchable_segment_attributes: Omittable[SearchableSegmentAttributes] = Field(
        None, description="Segment attributes."
    )
    active_regions: Omittable[m.ActiveRegionList] = Field(
        None,
        description="AWS Regions in which the contact was active (Amazon Connect Global Resiliency).",
        examples=[["eu-west-2"]],
    )
    contact_tags: Omittable[ControlPlaneTagFilter] = Field(None, description="Contact tags.")
    ai_agents: Omittable[AiAgentsCriteria] = Field(None, description="AI agents that took part.")


class Sort(Structure):
    """Order of the contacts."""

    field_name: m.SortableFieldName = Field(
        description="The field to sort by. Any other than the window's timestamp needs a window of at most 8 weeks, and"
        " ends at 10,000 contacts.",
        examples=["INITIATION_TIMESTAMP"],
    )
    order: m.SortOrder = Field(description="The direction.", examples=["DESCENDING"])


class SearchBody(Structure):
    """What a search and an export have in common: the SearchContacts request without InstanceId and its pages."""

    time_range: SearchContactsTimeRange = Field(description="The window. It begins at most 2 years ago.")
    search_criteria: Omittable[SearchCriteria] = Field(
        None, description="What contacts have to match. Without it, all contacts of the window match."
    )
    sort: Omittable[Sort] = Field(
        None, description="Order of the contacts. The default is the window's timestamp, newest first."
    )
    max_items: Omittable[m.MaxItems] = Field(
        None, description="End after this many contacts, counted over all pages.", examples=[1000]
    )
    fields: list[m.ContactField] = Field(
        default_factory=list,
        min_length=1,
        description="Top-level fields of the contacts to return. `id` is always returned. The default is all fields.",
        examples=[["channel"]],
    )
    expand: list[m.Expansion] = Field(
        default_factory=list,
        min_length=1,
        description="`queue` adds `queue_info.name` to the contacts, `agent` adds `agent_info.username`.",
        examples=[["queue", "agent"]],
    )


class SearchRequest(SearchBody):
    """The SearchContacts request without InstanceId. `limit` is its MaxResults and `cursor` its NextToken."""

    time_range: SearchWindow = Field(description="The window. It begins at most 2 years ago.")
    limit: m.Limit = Field(
        DEFAULT_LIMIT,
        description="Contacts per page. It may change from page to page. 0 counts the matching contacts and returns"
        " none of them; it cannot be combined with `cursor`.",
        examples=[50],
    )
    cursor: Omittable[m.Cursor] = Field(
        None,
        description="The `next_cursor` of the previous page. Repeat all other members unchanged, except `limit`,"
        " `fields` and `expand`.",
        examples=["eyJvcGFxdWUiOiJ0cnVlIn0"],
    )
    follow: m.Boolean = Field(
        False,
        description="Whether to make a walk without an end: whoever keeps asking gets each contact once, in the order"
        " of the window's timestamp, as it comes about. Not with `end_time`, `max_items`, a `limit` of 0, another"
        " `sort` or ENQUEUE_TIMESTAMP.",
        examples=[True],
    )
    settle: Omittable[m.Settle] = Field(
        None,
        description="How far behind now such a walk stays, because Amazon Connect learns of contacts a little late:"
        " an ISO 8601 duration of at most a day. The default is `PT15M`. Requires `follow`.",
        examples=["PT5M"],
    )


class ExportRequest(SearchBody):
    """A search whose contacts are written to files, and the format of these."""

    format: m.ExportFormat = Field(
        "ndjson", description="The format of the files: `ndjson` or `csv`.", examples=["csv"]
    )
