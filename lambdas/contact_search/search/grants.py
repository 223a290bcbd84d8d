"""Restrict a search to what its caller may see, before Amazon Connect is asked: totals and pages stay true.

One contact is judged after Amazon Connect was asked, by the same grant.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contact_search.access.clients import find_client
from contact_search.search import members as m
from contact_search.search.model import Search, default_sort
from contact_search.storage.durable_table import DurableTable

if TYPE_CHECKING:
    from contact_search.amazon_connect.contact_details import ContactDetails

_NOT_EMPTY = Field(min_length=1)


class Grant(BaseModel):
    """What a client may see. None is no limit. Lists have the limits of SearchContacts, which receives them.

    Attributes:
        agent_hierarchy_groups: Groups of one level only, because how Connect combines levels is not documented.
        fields: Fields of contacts. Others are neither returned nor may they be searched or sorted by. Those that a
            search does not return are among them only if they were named.
        attribute_keys: Keys of contact attributes that may be searched and are returned.
        lookback: How far before now a window may begin, and how old a contact may be.
        page_limit: Contacts that a page may have, whatever `limit` says.
        exports: Whether the client may use /v1/exports.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    queue_ids: Annotated[m.QueueIdList, _NOT_EMPTY] | None = None
    agent_ids: Annotated[m.AgentResourceIdList, _NOT_EMPTY] | None = None
    agent_hierarchy_groups: (
        Annotated[
            dict[Literal["L1Ids", "L2Ids", "L3Ids", "L4Ids", "L5Ids"], Annotated[m.HierarchyGroupIdList, _NOT_EMPTY]],
            Field(min_length=1, max_length=1),
        ]
        | None
    ) = None
    channels: Annotated[m.ChannelList, _NOT_EMPTY] | None = None
    fields: frozenset[m.GrantableField] | None = None
    attribute_keys: frozenset[m.SearchableContactAttributeKey] | None = None
    transcript_search: bool = True
    lookback: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=731))] | None = None
    page_limit: m.MaxResult100 | None = None
    exports: bool = False

    def has_field(self, name: str) -> bool:
        """Tell whether the client sees this field of contacts."""
        return self.fields is None or name == "id" or name in self.fields


@dataclass(frozen=True)
class Caller:
    """An authenticated client with its grant. Every change of the grant changes `revision`.

    Attributes:
        user: The pseudonym of the person behind the client, empty if the client is not known to have users.
    """

    client: str
    revision: str
    grant: Grant
    usage_plan: str = ""
    user: str = ""

    @property
    def in_line(self) -> str:
        """The name that waits for Connect's quota: each user of a client has turns of their own."""
        return f"{self.client} {self.user}" if self.user else self.client

    @property
    def owner(self) -> str:
        """The owner of this caller's searches: neither another client nor another revision can continue them."""
        return f"{self.client} {self.revision}"


def find_caller(table: DurableTable, name: str) -> Caller | None:
    """Return the client with this name and what it is granted now, None if it does not exist or was revoked.

    Raises:
        StorageUnavailableError: The table cannot be reached.
    """
    client = find_client(table, name)
    if client is None:
        return None
    return Caller(name, client.revision, Grant.model_validate_json(client.grant), client.usage_plan)


class ForbiddenError(Exception):
    """The caller asked for more than it is granted.

    Attributes:
        sources: The parameters or JSON pointers that did so.
        source_type: What `sources` are.
        granted: What the caller is granted there, by source, as far as an error may tell.
    """

    def __init__(
        self,
        sources: list[str],
        source_type: Literal["parameter", "pointer"],
        granted: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(f"{len(sources)} refused")
        self.sources = sources
        self.source_type = source_type
        self.granted = granted


# The field of a contact that a criterion reveals something about. Every criterion is here, so that a new one is open to
# nobody. None leaves it open to every client: three have limits of their own.
_FIELD_BY_CRITERION: dict[str, str | None] = {
    "AdditionalTimeRange": None,
    "ContactAnalysis": None,
    "SearchableContactAttributes": None,
    "Name": "name",
    "AgentIds": "agent_info",
    "AgentHierarchyGroups": "agent_info",
    "Channels": "channel",
    "InitiationMethods": "initiation_method",
    "QueueIds": "queue_info",
    "RoutingCriteria": "routing_criteria",
    "SearchableSegmentAttributes": "segment_attributes",
    "ActiveRegions": "global_resiliency_metadata",
    "ContactTags": "tags",
    "AiAgents": "ai_agent_info",
}
# The field that a window or an order reveals something about.
_FIELD_BY_SORT_OR_TIME = {
    "INITIATION_TIMESTAMP": "initiation_timestamp",
    "SCHEDULED_TIMESTAMP": "scheduled_timestamp",
    "CONNECTED_TO_AGENT_TIMESTAMP": "agent_info",
    "DISCONNECT_TIMESTAMP": "disconnect_timestamp",
    "ENQUEUE_TIMESTAMP": "queue_info",
    "INITIATION_METHOD": "initiation_method",
    "CHANNEL": "channel",
    "EXPIRY_TIMESTAMP": "routing_criteria",
}


def restrict(search: Search, caller: Caller) -> Search:
    """Limit whatever the search leaves open to what the caller is granted, and make the caller its owner.

    Raises:
        ForbiddenError: The search asks for something that the caller is not granted.
    """
    grant = caller.grant
    refused = list(_refused_members(search, grant))
    if refused:
        raise _forbidden(search, grant, refused)
    return replace(
        search,
        owner=caller.owner,
        criteria=_restrict_criteria(search.criteria, grant),
        limit=search.limit if grant.page_limit is None else min(search.limit, grant.page_limit),
        fields=search.fields or _granted_fields(grant),
    )


def is_granted(contact: "ContactDetails", grant: Grant, now: datetime) -> bool:
    """Tell whether a search that the client may make now could find the contact."""
    begun = contact.initiation_timestamp
    return (
        _is_among(contact.queue_info.id if contact.queue_info else None, grant.queue_ids)
        and _is_among(contact.agent_info.id if contact.agent_info else None, grant.agent_ids)
        and _is_among(contact.channel, grant.channels)
        and all(
            _is_among(_hierarchy_group_id(contact, level), ids)
            for level, ids in (grant.agent_hierarchy_groups or {}).items()
        )
        and (grant.lookback is None or (begun is not None and begun >= now - grant.lookback))
    )


def _is_among(value: str | None, granted: Collection[str] | None) -> bool:
    return granted is None or value in granted


def _hierarchy_group_id(contact: "ContactDetails", level: str) -> str | None:
    """Return the id of the agent's group on a level such as L1Ids: the last part of its ARN."""
    groups = contact.agent_info and contact.agent_info.hierarchy_groups
    group = groups and getattr(groups, f"level{level[1]}")
    return group.arn.rpartition("/")[2] if group and group.arn else None


def _granted_fields(grant: Grant) -> frozenset[str]:
    """Return the fields that a search returns, empty for all."""
    return frozenset() if grant.fields is None else frozenset(m.CONTACT_FIELDS) & grant.fields | {"id"}


def _restrict_criteria(criteria: dict[str, Any], grant: Grant) -> dict[str, Any]:
    granted_ids = {"QueueIds": grant.queue_ids, "AgentIds": grant.agent_ids, "Channels": grant.channels}
    restricted = criteria | {
        member: sorted(ids) for member, ids in granted_ids.items() if ids is not None and not criteria.get(member)
    }
    if grant.agent_hierarchy_groups is not None:
        groups = criteria.get("AgentHierarchyGroups", {})
        restricted["AgentHierarchyGroups"] = {
            level: groups.get(level) or sorted(ids) for level, ids in grant.agent_hierarchy_groups.items()
        }
    return restricted


def _forbidden(search: Search, grant: Grant, members: list[str]) -> ForbiddenError:
    member_by_source: dict[str, str] = {}
    for member in members:
        for source in _sources(search, member):
            member_by_source.setdefault(source, member)
    granted = {source: limit for source, member in member_by_source.items() if (limit := _tell_limit(grant, member))}
    return ForbiddenError(list(member_by_source), search.source_type, granted)


def _tell_limit(grant: Grant, member: str) -> str:
    """Say what the client is granted, empty if an error may not: ids are many, and attribute keys are sensitive."""
    if member == "TimeRange.StartTime":
        return f"{grant.model_dump(mode='json')['lookback']} before now"
    if member == "Channels" and grant.channels is not None and grant.has_field("channel"):
        return ", ".join(grant.channels)
    if member == "fields" and grant.fields is not None:
        return ", ".join(sorted(grant.fields | {"id"}))
    return ""


def _sources(search: Search, member: str) -> tuple[str, ...]:
    """Return the sources that asked for a member such as AgentHierarchyGroups.L1Ids, or for the structure it is in."""
    structure = member.partition(".")[0]
    return search.sources.get(member) or search.sources.get(structure) or (member,)


def _refused_members(search: Search, grant: Grant) -> Iterator[str]:
    """Yield the members of SearchContacts that ask for more than is granted, as keys of `Search.sources`."""
    criteria = search.criteria
    field_by_member = {member: _FIELD_BY_CRITERION[member] for member in criteria}
    yield from (member for member, field in field_by_member.items() if field and not grant.has_field(field))
    yield from _refused_ids(criteria, grant)
    if "ContactAnalysis" in criteria and not grant.transcript_search:
        yield "ContactAnalysis"
    if grant.attribute_keys is not None:
        attributes = criteria.get("SearchableContactAttributes", {"Criteria": []})["Criteria"]
        keys = [criterion["Key"] for criterion in attributes]
        yield from (f"SearchableContactAttributes.{key}" for key in keys if key not in grant.attribute_keys)
    if not all(map(grant.has_field, search.fields)):
        yield "fields"
    yield from _refused_times(search, grant)


def _refused_ids(criteria: dict[str, Any], grant: Grant) -> Iterator[str]:
    steps = criteria.get("RoutingCriteria", {}).get("Steps", [])
    routing_agents = [agent for step in steps for agent in step.get("AgentCriteria", {}).get("AgentIds", [])]
    for member, ids, granted in (
        ("QueueIds", criteria.get("QueueIds", []), grant.queue_ids),
        ("AgentIds", criteria.get("AgentIds", []), grant.agent_ids),
        ("RoutingCriteria", routing_agents, grant.agent_ids),
        ("Channels", criteria.get("Channels", []), grant.channels),
    ):
        if granted is not None and not set(ids) <= set(granted):
            yield member
    groups = grant.agent_hierarchy_groups
    for level, ids in criteria.get("AgentHierarchyGroups", {}).items():
        if groups is not None and not set(ids) <= set(groups.get(level, [])):
            yield f"AgentHierarchyGroups.{level}"


def _refused_times(search: Search, grant: Grant) -> Iterator[str]:
    if not grant.has_field(_FIELD_BY_SORT_OR_TIME[search.time_field]):
        yield "TimeRange.Type"
    if not grant.has_field(_FIELD_BY_SORT_OR_TIME[search.sort_field]):
        has_default_sort = search.sort == default_sort(search.time_field, is_followed=search.settle is not None)
        yield "TimeRange.Type" if has_default_sort else "Sort"
    for criterion in search.criteria.get("AdditionalTimeRange", {}).get("Criteria", []):
        for condition in criterion.values():
            if not grant.has_field(_FIELD_BY_SORT_OR_TIME[condition["Type"]]):
                yield f"AdditionalTimeRange.{condition['Type']}"
    # A cursor belongs to one grant, and its first page was checked against the time of that page.
    if grant.lookback is not None and search.cursor is None and search.begins_before(grant.lookback):
        yield "TimeRange.StartTime"
