"""A search narrowed to what its caller is granted, before it goes to Amazon Connect: so totals and pages stay true."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from contacts.grant import Caller, Grant
from contacts.search import Search, default_sort


class ForbiddenError(Exception):
    """The client asked for more than it is granted, in these parameters or at these JSON pointers."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"{len(names)} refused")
        self.names = names


# The field of a contact that a member of SearchCriteria, or a timestamp or order, tells something about.
_FIELD_OF_CRITERION = {
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
_FIELD_OF_TIME = {
    "INITIATION_TIMESTAMP": "initiation_timestamp",
    "SCHEDULED_TIMESTAMP": "scheduled_timestamp",
    "CONNECTED_TO_AGENT_TIMESTAMP": "agent_info",
    "DISCONNECT_TIMESTAMP": "disconnect_timestamp",
    "ENQUEUE_TIMESTAMP": "queue_info",
    "INITIATION_METHOD": "initiation_method",
    "CHANNEL": "channel",
    "EXPIRY_TIMESTAMP": "routing_criteria",
}


def narrowed(search: Search, caller: Caller, names_of: Callable[[str], Iterable[str]]) -> Search:
    """The caller's search, with all that it did not ask for limited to what is granted.

    `names_of` gives the names under which a member of SearchContacts was asked for, for the ForbiddenError that is
    raised where one of its values is not granted.
    """
    grant = caller.grant
    refused = list(dict.fromkeys(name for member in _refused(search, grant) for name in names_of(member)))
    if refused:
        raise ForbiddenError(refused)
    rows = {"QueueIds": grant.queue_ids, "AgentIds": grant.agent_ids, "Channels": grant.channels}
    criteria = search.criteria | {
        member: sorted(granted)
        for member, granted in rows.items()
        if granted is not None and not search.criteria.get(member)
    }
    if grant.agent_hierarchy_groups is not None:
        asked = criteria.get("AgentHierarchyGroups", {})
        granted_groups = {level: asked.get(level) or sorted(ids) for level, ids in grant.agent_hierarchy_groups.items()}
        criteria["AgentHierarchyGroups"] = granted_groups
    return replace(
        search,
        owner=caller.owner,
        criteria=criteria,
        limit=min(search.limit, grant.page_limit or search.limit),
        fields=search.fields or (frozenset() if grant.fields is None else grant.fields | {"id"}),
    )


def _refused(search: Search, grant: Grant) -> Iterator[str]:
    """The members of SearchContacts that ask for more than is granted."""
    criteria = search.criteria
    yield from (member for member in criteria if not grant.has_field(_FIELD_OF_CRITERION.get(member, "id")))
    yield from _refused_rows(criteria, grant)
    if "ContactAnalysis" in criteria and not grant.transcript_search:
        yield "ContactAnalysis"
    for key in _attribute_keys(criteria):
        if grant.attribute_keys is not None and key not in grant.attribute_keys:
            yield f"SearchableContactAttributes.{key}"
    if not all(map(grant.has_field, search.fields)):
        yield "fields"
    yield from _refused_times(search, grant)


def _refused_rows(criteria: dict[str, Any], grant: Grant) -> Iterator[str]:
    routing = criteria.get("RoutingCriteria", {}).get("Steps", [])
    agents = {agent for step in routing for agent in step.get("AgentCriteria", {}).get("AgentIds", [])}
    for member, asked, granted in (
        ("QueueIds", criteria.get("QueueIds", []), grant.queue_ids),
        ("AgentIds", criteria.get("AgentIds", []), grant.agent_ids),
        ("RoutingCriteria", agents, grant.agent_ids),
        ("Channels", criteria.get("Channels", []), grant.channels),
    ):
        if granted is not None and not set(asked) <= set(granted):
            yield member
    for level, ids in criteria.get("AgentHierarchyGroups", {}).items():
        groups = grant.agent_hierarchy_groups
        if groups is not None and not set(ids) <= set(groups.get(level, [])):
            yield f"AgentHierarchyGroups.{level}"


def _refused_times(search: Search, grant: Grant) -> Iterator[str]:
    was_sorted = search.sort != default_sort(search.time_field)
    if not grant.has_field(_FIELD_OF_TIME[search.time_field]):
        yield "TimeRange.Type"
    if not grant.has_field(_FIELD_OF_TIME[search.field_name]):
        yield "Sort" if was_sorted else "TimeRange.Type"
    for criterion in search.criteria.get("AdditionalTimeRange", {}).get("Criteria", []):
        for condition in criterion.values():
            if not grant.has_field(_FIELD_OF_TIME[condition["Type"]]):
                yield f"AdditionalTimeRange.{condition['Type']}"
    # A cursor is of the same grant, and its first page was judged by what now was then.
    if grant.lookback is not None and search.cursor is None and search.begins_before(grant.lookback):
        yield "TimeRange.StartTime"


def _attribute_keys(criteria: dict[str, Any]) -> list[str]:
    return [one["Key"] for one in criteria.get("SearchableContactAttributes", {}).get("Criteria", [])]
