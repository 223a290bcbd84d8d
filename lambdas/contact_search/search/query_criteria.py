"""Build SearchCriteria of SearchContacts from query parameters."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from contact_search.search import members as m
from contact_search.search.query_parameters import QueryParameters


def build_criteria(parameters: QueryParameters) -> dict[str, Any]:
    """Return SearchCriteria as boto3 takes it, with only those members that the parameters ask for."""
    p = parameters
    criteria: dict[str, Any] = {
        "Name": p.name and {"SearchText": p.name, "MatchType": _match_type(p.name_match or "any")},
        "AgentIds": p.agent_id,
        "AgentHierarchyGroups": _agent_hierarchy_groups(p),
        "Channels": p.channel,
        "ContactAnalysis": _contact_analysis(p),
        "InitiationMethods": p.initiation_method,
        "QueueIds": p.queue_id,
        "RoutingCriteria": _routing_criteria(p),
        "AdditionalTimeRange": _additional_time_range(p),
        "SearchableContactAttributes": _attributes(p.attribute, p.attribute_match),
        "SearchableSegmentAttributes": _attributes(p.segment, p.segment_match),
        "ActiveRegions": p.active_region,
        "ContactTags": p.tag and {"OrConditions": _tag_conditions(p.tag)},
        "AiAgents": _ai_agents(p),
    }
    return {member: value for member, value in criteria.items() if value}


def _agent_hierarchy_groups(parameters: QueryParameters) -> dict[str, list[str]]:
    groups = {f"L{level}Ids": getattr(parameters, f"agent_hierarchy_l{level}_id") for level in range(1, 6)}
    return {level: ids for level, ids in groups.items() if ids}


def _contact_analysis(parameters: QueryParameters) -> dict[str, Any] | None:
    """Search the texts in what every role said, or each role's texts in what that role said."""
    texts_by_role = {
        "AGENT": parameters.transcript_agent,
        "CUSTOMER": parameters.transcript_customer,
        "SYSTEM": parameters.transcript_system,
        "CUSTOM_BOT": parameters.transcript_custom_bot,
        "SUPERVISOR": parameters.transcript_supervisor,
    }
    match_within_role = match_between_roles = _match_type(parameters.transcript_match or "any")
    if parameters.transcript:
        texts_by_role = dict.fromkeys(texts_by_role, parameters.transcript)
        match_between_roles = _match_type("any")
    criteria = [
        {"ParticipantRole": role, "SearchText": texts, "MatchType": match_within_role}
        for role, texts in texts_by_role.items()
        if texts
    ]
    return {"Transcript": {"Criteria": criteria, "MatchType": match_between_roles}} if criteria else None


def _routing_criteria(parameters: QueryParameters) -> dict[str, Any] | None:
    agent_ids = parameters.routing_agent_id
    match_type = _match_type(parameters.routing_match or "any")
    return {"Steps": [{"AgentCriteria": {"AgentIds": agent_ids, "MatchType": match_type}}]} if agent_ids else None


def _additional_time_range(parameters: QueryParameters) -> dict[str, Any] | None:
    criteria: list[dict[str, Any]] = []
    for time_field in m.TIME_FIELDS:
        start, end, exists = (getattr(parameters, f"{time_field.lower()}_{part}") for part in ("from", "to", "exists"))
        if start or end:
            criteria.append({"TimeRange": {"Type": time_field, "StartTime": start, "EndTime": end}})
        if exists:
            criteria.append({"TimestampCondition": {"Type": time_field, "ConditionType": "NOT_EXISTS"}})
    match_type = _match_type(parameters.additional_time_match or "all")
    return {"Criteria": criteria, "MatchType": match_type} if criteria else None


def _attributes(attributes: Mapping[str, list[str]], match: str | None) -> dict[str, Any] | None:
    criteria = [{"Key": key, "Values": values} for key, values in attributes.items()]
    return {"Criteria": criteria, "MatchType": _match_type(match or "all")} if criteria else None


def _tag_conditions(tags: Mapping[str, list[str]]) -> list[list[dict[str, str]]]:
    """Join keys by AND and the values of a key by OR. OrConditions has OR outside and AND inside."""
    return [
        [{"TagKey": key, "TagValue": value} for key, value in zip(tags, values, strict=True)]
        for values in product(*tags.values())
    ]


def _ai_agents(parameters: QueryParameters) -> dict[str, Any] | None:
    criterion = {
        "Id": parameters.ai_agent_id,
        "VersionNumber": parameters.ai_agent_version,
        "AiAgentEscalated": parameters.ai_agent_escalated,
        "AiUseCase": parameters.ai_use_case,
    }
    present = {member: value for member, value in criterion.items() if value is not None}
    return {"Criteria": [present]} if present else None


def _match_type(match: str) -> str:
    return f"MATCH_{match.upper()}"
