"""Define the query parameters of GET /v1/contacts: their types, and what the OpenAPI document says about them.

CONTRIBUTING.md lists the places to change for a new parameter.
"""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from contact_search.search import members as m
from contact_search.search.faults import invalid_value
from contact_search.search.model import DEFAULT_LIMIT

_SORTS = [sign + field.lower() for field in m.SORT_FIELDS for sign in ("", "-")]
# These find contacts in the sample of scripts/serve: the queue Billing, the agent kpereira and the groups above this
# agent, which has none on level 5.
_QUEUE_ID = "8755289a-b3e9-4820-aff8-e5c67bf85b6d"
_AGENT_ID = "5146a606-d3d5-4aa4-a1f7-d47816a24934"
_GROUP_IDS = (
    "0c8b1bd5-3503-4c2c-abc4-a5cfe51779b4",
    "f5dad688-a864-49cc-a066-fe548752289d",
    "a5ea9c22-a13f-48fd-a77e-9fea8b863ed1",
    "8158efbf-c223-4727-aaf9-77f47f7bedf0",
    "9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a33",
)
_SAID_BY = {
    "agent": "refund",
    "customer": "refund",
    "system": "recorded",
    "custom_bot": "virtual assistant",
    "supervisor": "shift supervisor",
}
_AI_AGENT_ID = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"


def _parse_boolean(value: str) -> bool | str:
    return {"true": True, "false": False}.get(value.lower(), value)


def _check_sort(value: str) -> str:
    if value.lower() not in _SORTS:
        detail = f'must be one of {", ".join(_SORTS[::2])}, with a leading "-" for descending order'
        raise invalid_value("unknown_value", detail)
    return value.upper()


_Lower = BeforeValidator(str.lower)
_Sort = Annotated[str, PlainValidator(_check_sort), WithJsonSchema({"type": "string", "enum": _SORTS})]
_Match = Annotated[Literal["any", "all"], _Lower]
_SetMatch = Annotated[Literal["any", "all", "exact", "none"], _Lower]
_False = Annotated[Literal["false"], _Lower]


def _group_ids(level: int) -> Any:
    description = f"Ids of the agent's hierarchy groups on level {level}. Several values mean any of them."
    return Field(default_factory=list, description=description, examples=[[_GROUP_IDS[level - 1]]])


def _said_by(role: str) -> Any:
    description = (
        f"Words or phrases said by a participant with the role {role.upper()}. Repeat the parameter for several: commas"
        " are part of the text. Cannot be combined with `transcript`."
    )
    return Field(default_factory=list, alias=f"transcript.{role}", description=description, examples=[[_SAID_BY[role]]])


def _by_key(name: str, noun: str, example: dict[str, str], most: int | None = None) -> Any:
    """Define a parameter that a key follows, with at most so many keys."""
    [(key, value)] = example.items()
    description = (
        f"The {noun} with this key has this value. Repeat the parameter for any of several values."
        f" `{name}.{key}={value}` means the same."
    )
    return Field(default_factory=dict, alias=f"{name}.", max_length=most, description=description, examples=[example])


def _match_of_keys(plural: str) -> Any:
    return Field(None, description=f"Whether all {plural} match (default), or any of them.", examples=["any"])


def _from(timestamp: str) -> Any:
    description = (
        f"Only contacts whose {timestamp} is at or after this time: an RFC 3339 date-time with an offset, or a date,"
        " which means its first moment in UTC. Without `.to`, up to now."
    )
    return Field(None, alias=f"{timestamp}.from", description=description)


def _to(timestamp: str) -> Any:
    description = (
        f"Only contacts whose {timestamp} is at or before this time: an RFC 3339 date-time with an offset, or a date,"
        " which means its last moment in UTC. Without `.from`, from 2 years ago."
    )
    return Field(None, alias=f"{timestamp}.to", description=description)


def _exists(timestamp: str) -> Any:
    description = f"`false`: only contacts without a {timestamp}."
    return Field(None, alias=f"{timestamp}.exists", description=description, examples=["false"])


class QueryParameters(BaseModel):
    """The query parameters. Where a field's name cannot be the parameter's, its alias is.

    An alias with a dot at its end stands for all keys after that dot, such as `attribute.KEY`.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    # Lists have a default_factory: pydantic would copy a default for every search.
    from_: m.StartTime | None = Field(
        None,
        alias="from",
        description="Start of the window, included: an RFC 3339 date-time with an offset, or a date, which means its"
        " first moment in UTC. Required unless `last` is given. At most 2 years ago.",
    )
    to: m.EndTime | None = Field(
        None,
        description="End of the window, included: an RFC 3339 date-time with an offset, or a date, which means its last"
        " moment in UTC. The default is now.",
    )
    last: m.Last | None = Field(
        None,
        description="ISO 8601 duration of a window that ends now, in place of `from` and `to`. Months and years are"
        " calendar months and years: on 31 March, `P1M` begins on the last day of February.",
        examples=["P7D"],
    )
    time_field: m.SearchContactsTimeRangeType = Field(
        "INITIATION_TIMESTAMP", description="The timestamp that the window is about.", examples=["INITIATION_TIMESTAMP"]
    )
    channel: m.ChannelList = Field(
        default_factory=list,
        description="How the contact reached the contact center. Several values mean any of them.",
        examples=[["VOICE"]],
    )
    queue_id: m.QueueIdList = Field(
        default_factory=list, description="Ids of queues. Several values mean any of them.", examples=[[_QUEUE_ID]]
    )
    agent_id: m.AgentResourceIdList = Field(
        default_factory=list,
        description="Ids of the agents who handled the contact. Several values mean any of them.",
        examples=[[_AGENT_ID]],
    )
    queue: m.NameList = Field(
        default_factory=list,
        description="Names of queues, in any letter case. Repeat the parameter for several: commas are part of the"
        " name. Means the same as the `queue_id` of all queues with this name.",
        examples=[["Billing"]],
    )
    agent: m.NameList = Field(
        default_factory=list,
        description="Usernames of agents, in any letter case. Repeat the parameter for several: commas are part of the"
        " name. Means the same as the `agent_id` of all agents with this username.",
        examples=[["jventer"]],
    )
    initiation_method: m.InitiationMethodList = Field(
        default_factory=list,
        description="How the contact was initiated. Several values mean any of them.",
        examples=[["INBOUND"]],
    )
    active_region: m.ActiveRegionList = Field(
        default_factory=list,
        description="AWS Regions in which the contact was active (Amazon Connect Global Resiliency). Several values"
        " mean any of them.",
        examples=[["eu-west-2"]],
    )
    agent_hierarchy_l1_id: m.HierarchyGroupIdList = _group_ids(1)
    agent_hierarchy_l2_id: m.HierarchyGroupIdList = _group_ids(2)
    agent_hierarchy_l3_id: m.HierarchyGroupIdList = _group_ids(3)
    agent_hierarchy_l4_id: m.HierarchyGroupIdList = _group_ids(4)
    agent_hierarchy_l5_id: m.HierarchyGroupIdList = _group_ids(5)
    transcript: m.SearchTextList = Field(
        default_factory=list,
        description="Words or phrases said by any participant. Repeat the parameter for several: commas are part of the"
        " text.",
        examples=[["refund"]],
    )
    transcript_agent: m.SearchTextList = _said_by("agent")
    transcript_customer: m.SearchTextList = _said_by("customer")
    transcript_system: m.SearchTextList = _said_by("system")
    transcript_custom_bot: m.SearchTextList = _said_by("custom_bot")
    transcript_supervisor: m.SearchTextList = _said_by("supervisor")
    transcript_match: _Match | None = Field(
        None,
        description="`any` (default): one of the words or phrases was said. `all`: with `transcript`, one participant"
        " said all of them; with `transcript.agent` and the like, each of these participants said all of theirs.",
        examples=["all"],
    )
    attribute: dict[m.SearchableContactAttributeKey, m.SearchableContactAttributeValueList] = _by_key(
        "attribute", "contact attribute", {"customer_tier": "gold"}, most=15
    )
    attribute_match: _Match | None = _match_of_keys("attributes")
    segment: dict[m.SearchableSegmentAttributeKey, m.SearchableSegmentAttributeValueList] = _by_key(
        "segment", "segment attribute", {"connect:Subtype": "connect:Telephony"}, most=15
    )
    segment_match: _Match | None = _match_of_keys("segment attributes")
    tag: dict[m.Text, list[m.Text]] = _by_key("tag", "contact tag", {"cost-centre": "4120"})
    name: m.SearchTextList = Field(
        default_factory=list,
        description="Words or phrases in the contact's name. Repeat the parameter for several: commas are part of the"
        " text.",
        examples=[["follow-up"]],
    )
    name_match: _SetMatch | None = Field(
        None,
        description="Whether the name contains any (default), all or none of the texts, or is exactly one of them.",
        examples=["all"],
    )
    routing_agent_id: m.AgentResourceIdList = Field(
        default_factory=list,
        description="Ids of the agents that the contact's routing criteria prefer.",
        examples=[[_AGENT_ID]],
    )
    routing_match: _SetMatch | None = Field(
        None,
        description="Whether any (default), all, exactly these or none of the agents are preferred.",
        examples=["all"],
    )
    ai_agent_id: m.AiAgentId | None = Field(
        None, description="Id of the AI agent that took part.", examples=[_AI_AGENT_ID]
    )
    ai_agent_version: Annotated[m.AiAgentVersionNumber, m.IntegerText] | None = Field(
        None, description="Version of the AI agent. Requires `ai_agent_id`.", examples=[2]
    )
    ai_agent_escalated: Annotated[m.Boolean, BeforeValidator(_parse_boolean)] | None = Field(
        None, description="Whether the AI agent handed the contact over to a person.", examples=[True]
    )
    ai_use_case: m.AiUseCase | None = Field(
        None, description="What the AI agent was used for.", examples=["SelfService"]
    )
    initiation_timestamp_from: m.StartTime | None = _from("initiation_timestamp")
    initiation_timestamp_to: m.EndTime | None = _to("initiation_timestamp")
    initiation_timestamp_exists: _False | None = _exists("initiation_timestamp")
    scheduled_timestamp_from: m.StartTime | None = _from("scheduled_timestamp")
    scheduled_timestamp_to: m.EndTime | None = _to("scheduled_timestamp")
    scheduled_timestamp_exists: _False | None = _exists("scheduled_timestamp")
    connected_to_agent_timestamp_from: m.StartTime | None = _from("connected_to_agent_timestamp")
    connected_to_agent_timestamp_to: m.EndTime | None = _to("connected_to_agent_timestamp")
    connected_to_agent_timestamp_exists: _False | None = _exists("connected_to_agent_timestamp")
    disconnect_timestamp_from: m.StartTime | None = _from("disconnect_timestamp")
    disconnect_timestamp_to: m.EndTime | None = _to("disconnect_timestamp")
    disconnect_timestamp_exists: _False | None = _exists("disconnect_timestamp")
    enqueue_timestamp_from: m.StartTime | None = _from("enqueue_timestamp")
    enqueue_timestamp_to: m.EndTime | None = _to("enqueue_timestamp")
    enqueue_timestamp_exists: _False | None = _exists("enqueue_timestamp")
    additional_time_match: _Match | None = Field(
        None,
        description="Whether all conditions on other timestamps hold (default), or any of them.",
        examples=["any"],
    )
    sort: _Sort | None = Field(
        None,
        description='Order of the contacts; a leading "-" means descending. The default is the window\'s timestamp,'
        " newest first. Any other order needs a window of at most 8 weeks, and ends at 10,000 contacts.",
        examples=["-initiation_timestamp"],
    )
    follow: Annotated[m.Boolean, BeforeValidator(_parse_boolean)] = Field(
        False,
        description="Whether to make a walk without an end: whoever keeps asking gets each contact once, in the order"
        " of the window's timestamp, as it comes about. Not with `to`, `max_items`, `limit=0`, another `sort` or"
        " `enqueue_timestamp`.",
        examples=[True],
    )
    settle: m.Settle | None = Field(
        None,
        description="How far behind now such a walk stays, because Amazon Connect learns of contacts a little late:"
        " an ISO 8601 duration of at most a day. The default is `PT15M`. Requires `follow`.",
        examples=["PT5M"],
    )
    limit: Annotated[m.Limit, m.IntegerText] = Field(
        DEFAULT_LIMIT,
        description="Contacts per page. It may change from page to page. 0 counts the matching contacts and returns"
        " none of them; it cannot be combined with `cursor`.",
        examples=[50],
    )
    max_items: Annotated[m.MaxItems, m.IntegerText] | None = Field(
        None, description="End after this many contacts, counted over all pages.", examples=[1000]
    )
    cursor: m.Cursor | None = Field(
        None,
        description="The `next_cursor` of the previous page. Repeat all other parameters unchanged, except `limit`,"
        " `fields` and `expand`.",
        examples=["eyJvcGFxdWUiOiJ0cnVlIn0"],
    )
    fields: list[m.ContactField] = Field(
        default_factory=list,
        description="Top-level fields of the contacts to return. `id` is always returned.",
        examples=[["channel"]],
    )
    expand: list[m.Expansion] = Field(
        default_factory=list,
        description="`queue` adds `queue_info.name` to the contacts, `agent` adds `agent_info.username`.",
        examples=[["queue"]],
    )


# How the documentation groups the parameters, by their names up to the first dot.
PARAMETER_GROUPS = {
    "Window": ("from", "to", "last", "time_field"),
    "Contact": ("channel", "initiation_method", "name", "name_match", "active_region"),
    "Queue and agent": (
        *("queue", "queue_id", "agent", "agent_id", *(f"agent_hierarchy_l{level}_id" for level in range(1, 6))),
        *("routing_agent_id", "routing_match"),
    ),
    "Transcript": ("transcript", "transcript_match"),
    "Attributes and tags": ("attribute", "attribute_match", "segment", "segment_match", "tag"),
    "AI agent": ("ai_agent_id", "ai_agent_version", "ai_agent_escalated", "ai_use_case"),
    "Other timestamps": (*(field.lower() for field in m.TIME_FIELDS), "additional_time_match"),
    "Following": ("follow", "settle"),
    "Order and pages": ("sort", "limit", "max_items", "cursor"),
    "What is returned": ("fields", "expand"),
}


def examples(today: date) -> dict[str, str]:
    """Return an example for each parameter whose example would expire if it were written down."""
    start, end = f"{today - timedelta(days=7)}", f"{today - timedelta(days=1)}"
    timestamps = [field.lower() for field in m.TIME_FIELDS]
    return {
        "from": f"{start}T09:00:00Z",
        "to": end,
        **{f"{timestamp}.from": start for timestamp in timestamps},
        **{f"{timestamp}.to": end for timestamp in timestamps},
    }
