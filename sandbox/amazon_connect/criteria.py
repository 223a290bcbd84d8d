"""SearchCriteria of SearchContacts as SQL over the contact store.

What is not documented is read so: an empty list does not narrow the search; the levels of a hierarchy, and the
criteria of different members, are joined by AND; a missing MatchType is MATCH_ALL; attributes, tags and ids are
compared to the letter, texts word by word in any letter case.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from sandbox.amazon_connect.contact_store import TIMESTAMPS, TURN

_NOT_A_WORD = re.compile(rf'["\0{TURN}]')


@dataclass(frozen=True)
class Condition:
    """A condition of a WHERE clause and the values of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()


def condition_of(time_range: Mapping[str, Any], criteria: Mapping[str, Any]) -> Condition:
    """What contacts must fulfil to match."""
    groups = criteria.get("AgentHierarchyGroups", {})
    transcript = criteria.get("ContactAnalysis", {}).get("Transcript", {})
    return _all(
        [
            _in_time_range(time_range),
            _one_of("channel", criteria.get("Channels", ())),
            _one_of("queue_id", criteria.get("QueueIds", ())),
            _one_of("agent_id", criteria.get("AgentIds", ())),
            _one_of("initiation_method", criteria.get("InitiationMethods", ())),
            _one_of("active_region", criteria.get("ActiveRegions", ())),
            *(_one_of(f"l{level}_id", groups.get(f"L{level}Ids", ())) for level in range(1, 6)),
            _joined(transcript, [_said(criterion) for criterion in transcript.get("Criteria", ())]),
            _has_attributes("contact", criteria.get("SearchableContactAttributes", {})),
            _has_attributes("segment", criteria.get("SearchableSegmentAttributes", {})),
            _named(criteria.get("Name", {})),
            _tagged(criteria.get("ContactTags", {})),
            *(_routed(step.get("AgentCriteria", {})) for step in criteria.get("RoutingCriteria", {}).get("Steps", ())),
            *(_served_by_ai(criterion) for criterion in criteria.get("AiAgents", {}).get("Criteria", ())),
            _at_additional_times(criteria.get("AdditionalTimeRange", {})),
        ]
    )


_ANYTHING = Condition("1")
_NOTHING = Condition("0")


def _all(conditions: Iterable[Condition]) -> Condition:
    return _join(" AND ", [condition for condition in conditions if condition != _ANYTHING])


def _any(conditions: Iterable[Condition]) -> Condition:
    return _join(" OR ", list(conditions))


def _join(operator: str, conditions: Sequence[Condition]) -> Condition:
    if not conditions:
        return _ANYTHING
    sql = operator.join(condition.sql for condition in conditions)
    return Condition(f"({sql})", tuple(value for condition in conditions for value in condition.values))


def _not(condition: Condition) -> Condition:
    return Condition(f"NOT coalesce({condition.sql}, 0)", condition.values)


def _joined(criteria: Mapping[str, Any], conditions: Sequence[Condition]) -> Condition:
    """These conditions, joined as the criteria's MatchType says."""
    if not conditions:
        return _ANYTHING
    match criteria.get("MatchType"):
        case "MATCH_ANY":
            return _any(conditions)
        case "MATCH_NONE":
            return _not(_any(conditions))
        case _:
            return _all(conditions)


def _one_of(column: str, values: Sequence[Any]) -> Condition:
    return Condition(f"{column} IN ({_marks(values)})", tuple(values)) if values else _ANYTHING


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _in_time_range(time_range: Mapping[str, Any]) -> Condition:
    """Both ends belong to the range; times are kept in milliseconds."""
    start, end = (round(time_range[end] * 1_000_000) / 1_000 for end in ("StartTime", "EndTime"))
    return Condition(f"{TIMESTAMPS[time_range['Type']]} BETWEEN ? AND ?", (ceil(start), floor(end)))


def _said(criterion: Mapping[str, Any]) -> Condition:
    column = criterion["ParticipantRole"].lower()
    return _texts("transcripts", column, criterion)


def _named(criterion: Mapping[str, Any]) -> Condition:
    if criterion.get("MatchType") == "MATCH_EXACT" and criterion["SearchText"]:
        texts = [text.casefold() for text in criterion["SearchText"]]
        return Condition(f"casefold(name) IN ({_marks(texts)})", tuple(texts))
    return _texts("names", "name", criterion) if criterion else _ANYTHING


def _texts(index: str, column: str, criterion: Mapping[str, Any]) -> Condition:
    """The column has these words and phrases: one query of the full-text index for each."""
    return _joined(criterion, [_text(index, column, text) for text in criterion["SearchText"]])


def _text(index: str, column: str, text: str) -> Condition:
    phrase = _NOT_A_WORD.sub(" ", text).strip()
    if not phrase:
        return _NOTHING
    return Condition(f"row IN (SELECT rowid FROM {index} WHERE {index} MATCH ?)", (f'{column} : "{phrase}"',))


def _has_attributes(kind: str, attributes: Mapping[str, Any]) -> Condition:
    criteria = [criterion for criterion in attributes.get("Criteria", ()) if criterion["Values"]]
    return _joined(attributes, [_has(kind, criterion["Key"], criterion["Values"]) for criterion in criteria])


def _has(kind: str, key: str, values: Sequence[str]) -> Condition:
    sql = f"row IN (SELECT contact FROM attributes WHERE kind = ? AND key = ? AND value IN ({_marks(values)}))"
    return Condition(sql, (kind, key, *values))


def _tagged(tags: Mapping[str, Any]) -> Condition:
    """ControlPlaneTagFilter: its members are joined by AND, OrConditions are lists of conditions that hold together."""
    alternatives = [_all(map(_tag, conditions)) for conditions in tags.get("OrConditions", ()) if conditions]
    conditions = list(map(_tag, tags.get("AndConditions", ())))
    if "TagCondition" in tags:
        conditions.append(_tag(tags["TagCondition"]))
    return _all([_any(alternatives), *conditions])


def _tag(condition: Mapping[str, str]) -> Condition:
    if "TagValue" in condition:
        return _has("tag", condition.get("TagKey", ""), [condition["TagValue"]])
    sql = "row IN (SELECT contact FROM attributes WHERE kind = 'tag' AND key = ?)"
    return Condition(sql, (condition.get("TagKey", ""),))


def _routed(criterion: Mapping[str, Any]) -> Condition:
    """A step of a contact's routing criteria names these agents; MATCH_EXACT: these and no others."""
    agents = criterion.get("AgentIds", ())
    each = [Condition("row IN (SELECT contact FROM routing_agents WHERE agent_id = ?)", (agent,)) for agent in agents]
    if criterion.get("MatchType") != "MATCH_EXACT" or not agents:
        return _joined(criterion, each)
    others = f"SELECT contact FROM routing_agents WHERE agent_id NOT IN ({_marks(agents)})"
    return _all([*each, Condition(f"row NOT IN ({others})", tuple(agents))])


def _served_by_ai(criterion: Mapping[str, Any]) -> Condition:
    """One AI agent fulfils the whole criterion. Its version id is ID:VERSION, and an ARN's last part is its id."""
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
        return _ANYTHING
    fulfilled = _all(conditions)
    return Condition(f"row IN (SELECT contact FROM ai_agents WHERE {fulfilled.sql})", fulfilled.values)


def _at_additional_times(additional: Mapping[str, Any]) -> Condition:
    conditions = []
    for criterion in additional.get("Criteria", ()):
        parts = []
        if "TimeRange" in criterion:
            parts.append(_in_time_range(criterion["TimeRange"]))
        if "TimestampCondition" in criterion:  # its only condition type is NOT_EXISTS
            parts.append(Condition(f"{TIMESTAMPS[criterion['TimestampCondition']['Type']]} IS NULL"))
        conditions.append(_all(parts))
    return _joined(additional, conditions)
