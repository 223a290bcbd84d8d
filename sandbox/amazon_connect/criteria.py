"""Translate the SearchCriteria of SearchContacts into SQL over the contact store.

AWS leaves some points undocumented. Here an empty list does not narrow the search; hierarchy levels, and the criteria
of different members, are joined by AND; a missing MatchType means MATCH_ALL; attributes, tags and ids must be equal
character by character, while texts match word by word in any letter case.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from sandbox.amazon_connect.contact_store import TIMESTAMPS, TURN_SEPARATOR

_NOT_SEARCHABLE = re.compile(rf'["\0{TURN_SEPARATOR}]')


@dataclass(frozen=True)
class Condition:
    """Hold a condition of a WHERE clause and the values for its placeholders."""

    sql: str
    values: tuple[Any, ...] = ()


_TRUE = Condition("1")
_FALSE = Condition("0")


def build_condition(time_range: Mapping[str, Any], criteria: Mapping[str, Any]) -> Condition:
    """Build the condition that the contacts in a time range fulfil if they match the criteria."""
    groups = criteria.get("AgentHierarchyGroups", {})
    transcript = criteria.get("ContactAnalysis", {}).get("Transcript", {})
    return join_all(
        [
            _in_time_range(time_range),
            _is_in("channel", criteria.get("Channels", ())),
            _is_in("queue_id", criteria.get("QueueIds", ())),
            _is_in("agent_id", criteria.get("AgentIds", ())),
            _is_in("initiation_method", criteria.get("InitiationMethods", ())),
            _is_in("active_region", criteria.get("ActiveRegions", ())),
            *(_is_in(f"l{level}_id", groups.get(f"L{level}Ids", ())) for level in range(1, 6)),
            _join(transcript, [_transcript_matches(criterion) for criterion in transcript.get("Criteria", ())]),
            _attributes_match("contact", criteria.get("SearchableContactAttributes", {})),
            _attributes_match("segment", criteria.get("SearchableSegmentAttributes", {})),
            _name_matches(criteria.get("Name", {})),
            _tags_match(criteria.get("ContactTags", {})),
            *(
                _routing_matches(step.get("AgentCriteria", {}))
                for step in criteria.get("RoutingCriteria", {}).get("Steps", ())
            ),
            *(_ai_agent_matches(criterion) for criterion in criteria.get("AiAgents", {}).get("Criteria", ())),
            _additional_times_match(criteria.get("AdditionalTimeRange", {})),
        ]
    )


def join_all(conditions: Iterable[Condition]) -> Condition:
    """Join conditions by AND."""
    return _join_by(" AND ", [condition for condition in conditions if condition != _TRUE])


def _join_any(conditions: Iterable[Condition]) -> Condition:
    return _join_by(" OR ", list(conditions))


def _join_by(operator: str, conditions: Sequence[Condition]) -> Condition:
    if not conditions:
        return _TRUE
    sql = operator.join(condition.sql for condition in conditions)
    return Condition(f"({sql})", tuple(value for condition in conditions for value in condition.values))


def _negate(condition: Condition) -> Condition:
    return Condition(f"NOT coalesce({condition.sql}, 0)", condition.values)


def _join(criteria: Mapping[str, Any], conditions: Sequence[Condition]) -> Condition:
    """Join conditions in the way that the MatchType of the criteria says."""
    if not conditions:
        return _TRUE
    match criteria.get("MatchType"):
        case "MATCH_ANY":
            return _join_any(conditions)
        case "MATCH_NONE":
            return _negate(_join_any(conditions))
        case _:
            return join_all(conditions)


def _is_in(column: str, values: Sequence[Any]) -> Condition:
    return Condition(f"{column} IN ({_placeholders(values)})", tuple(values)) if values else _TRUE


def _placeholders(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _in_time_range(time_range: Mapping[str, Any]) -> Condition:
    """Compare a timestamp, in milliseconds, with a range that includes both of its ends."""
    start, end = (round(time_range[end] * 1_000_000) / 1_000 for end in ("StartTime", "EndTime"))
    return Condition(f"{TIMESTAMPS[time_range['Type']]} BETWEEN ? AND ?", (ceil(start), floor(end)))


def _transcript_matches(criterion: Mapping[str, Any]) -> Condition:
    return _texts_match("transcripts", criterion["ParticipantRole"].lower(), criterion)


def _name_matches(criterion: Mapping[str, Any]) -> Condition:
    if criterion.get("MatchType") == "MATCH_EXACT" and criterion["SearchText"]:
        texts = [text.casefold() for text in criterion["SearchText"]]
        return Condition(f"casefold(name) IN ({_placeholders(texts)})", tuple(texts))
    return _texts_match("names", "name", criterion) if criterion else _TRUE


def _texts_match(index: str, column: str, criterion: Mapping[str, Any]) -> Condition:
    """Search a column of a full-text index for the words and phrases of a criterion, with a query for each."""
    return _join(criterion, [_text_matches(index, column, text) for text in criterion["SearchText"]])


def _text_matches(index: str, column: str, text: str) -> Condition:
    phrase = _NOT_SEARCHABLE.sub(" ", text).strip()
    if not phrase:
        return _FALSE
    return Condition(f"row IN (SELECT rowid FROM {index} WHERE {index} MATCH ?)", (f'{column} : "{phrase}"',))


def _attributes_match(kind: str, attributes: Mapping[str, Any]) -> Condition:
    criteria = [criterion for criterion in attributes.get("Criteria", ()) if criterion["Values"]]
    return _join(attributes, [_attribute_is_in(kind, criterion["Key"], criterion["Values"]) for criterion in criteria])


def _attribute_is_in(kind: str, key: str, values: Sequence[str]) -> Condition:
    sql = f"row IN (SELECT contact FROM attributes WHERE kind = ? AND key = ? AND value IN ({_placeholders(values)}))"
    return Condition(sql, (kind, key, *values))


def _tags_match(tags: Mapping[str, Any]) -> Condition:
    """Translate a ControlPlaneTagFilter.

    Its members are joined by AND. OrConditions has lists: the conditions in a list are joined by AND, the lists by OR.
    """
    alternatives = [
        join_all(map(_tag_matches, conditions)) for conditions in tags.get("OrConditions", ()) if conditions
    ]
    conditions = list(map(_tag_matches, tags.get("AndConditions", ())))
    if "TagCondition" in tags:
        conditions.append(_tag_matches(tags["TagCondition"]))
    return join_all([_join_any(alternatives), *conditions])


def _tag_matches(condition: Mapping[str, str]) -> Condition:
    if "TagValue" in condition:
        return _attribute_is_in("tag", condition.get("TagKey", ""), [condition["TagValue"]])
    sql = "row IN (SELECT contact FROM attributes WHERE kind = 'tag' AND key = ?)"
    return Condition(sql, (condition.get("TagKey", ""),))


def _routing_matches(criterion: Mapping[str, Any]) -> Condition:
    """Match contacts whose routing criteria name the agents; MATCH_EXACT excludes those that name others as well."""
    agents = criterion.get("AgentIds", ())
    sql = "row IN (SELECT contact FROM routing_agents WHERE agent_id = ?)"
    conditions = [Condition(sql, (agent,)) for agent in agents]
    if criterion.get("MatchType") != "MATCH_EXACT" or not agents:
        return _join(criterion, conditions)
    others = f"SELECT contact FROM routing_agents WHERE agent_id NOT IN ({_placeholders(agents)})"
    return join_all([*conditions, Condition(f"row NOT IN ({others})", tuple(agents))])


def _ai_agent_matches(criterion: Mapping[str, Any]) -> Condition:
    """Match contacts with an AI agent that fulfils every part of the criterion.

    The version id of an AI agent is ID:VERSION. A criterion has this id, the id alone or an ARN that ends with it.
    """
    conditions = []
    if "Id" in criterion:
        version_id = criterion["Id"].rsplit("/", 1)[-1]
        if ":" not in version_id and "VersionNumber" in criterion:
            version_id = f"{version_id}:{criterion['VersionNumber']}"
        sql = "(version_id = ? OR substr(version_id, 1, length(?)) = ?)"
        conditions.append(Condition(sql, (version_id, *[f"{version_id}:"] * 2)))
    elif "VersionNumber" in criterion:
        conditions.append(Condition("version_id LIKE ?", (f"%:{criterion['VersionNumber']}",)))
    if "AiAgentEscalated" in criterion:
        conditions.append(Condition("escalated = ?", (criterion["AiAgentEscalated"],)))
    if "AiUseCase" in criterion:
        conditions.append(Condition("use_case = ?", (criterion["AiUseCase"],)))
    if not conditions:
        return _TRUE
    combined = join_all(conditions)
    return Condition(f"row IN (SELECT contact FROM ai_agents WHERE {combined.sql})", combined.values)


def _additional_times_match(additional: Mapping[str, Any]) -> Condition:
    conditions = []
    for criterion in additional.get("Criteria", ()):
        parts = []
        if "TimeRange" in criterion:
            parts.append(_in_time_range(criterion["TimeRange"]))
        if "TimestampCondition" in criterion:  # NOT_EXISTS is the only condition type
            parts.append(Condition(f"{TIMESTAMPS[criterion['TimestampCondition']['Type']]} IS NULL"))
        conditions.append(join_all(parts))
    return _join(additional, conditions)
