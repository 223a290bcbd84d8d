"""Find what SearchContacts should find, in the simplest way: with a loop over all contacts."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from tests.conftest import SampleContact

_TIMESTAMPS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "INITIATION_TIMESTAMP": lambda summary: summary.get("InitiationTimestamp"),
    "SCHEDULED_TIMESTAMP": lambda summary: summary.get("ScheduledTimestamp"),
    "CONNECTED_TO_AGENT_TIMESTAMP": lambda summary: summary.get("AgentInfo", {}).get("ConnectedToAgentTimestamp"),
    "DISCONNECT_TIMESTAMP": lambda summary: summary.get("DisconnectTimestamp"),
    "ENQUEUE_TIMESTAMP": lambda summary: summary.get("QueueInfo", {}).get("EnqueueTimestamp"),
}


def timestamp_of(summary: dict[str, Any], name: str) -> float | None:
    """Return the timestamp in seconds since the epoch."""
    value = _TIMESTAMPS[name](summary)
    return None if value is None else float(value)


def matches(contact: SampleContact, request: dict[str, Any]) -> bool:
    """Return whether the contact matches a request's TimeRange and SearchCriteria."""
    criteria = request.get("SearchCriteria", {})
    return _in_range(contact, request["TimeRange"]) and all(
        _CRITERIA[member](contact, criterion) for member, criterion in criteria.items()
    )


def _in_range(contact: SampleContact, time_range: dict[str, Any]) -> bool:
    value = timestamp_of(contact.summary, time_range["Type"])
    return value is not None and time_range["StartTime"].timestamp() <= value <= time_range["EndTime"].timestamp()


def _one_of(get: Callable[[dict[str, Any]], Any]) -> Callable[[SampleContact, Any], bool]:
    return lambda contact, values: not values or get(contact.summary) in values


def _in_groups(contact: SampleContact, groups: dict[str, list[str]]) -> bool:
    return all(not ids or contact.stored.hierarchy[int(level[1]) - 1] in ids for level, ids in groups.items())


def _combine(match_type: str | None, results: Iterable[bool]) -> bool:
    results = list(results)
    if match_type == "MATCH_ANY":
        return any(results) or not results
    if match_type == "MATCH_NONE":
        return not any(results)
    return all(results)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


@cache  # the contacts say the same few sentences again and again
def _has_phrase(text: str, phrase: str) -> bool:
    words, wanted = _words(text), _words(phrase)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def _said(contact: SampleContact, analysis: dict[str, Any]) -> bool:
    def fulfils(criterion: dict[str, Any]) -> bool:
        turns = contact.said.get(criterion["ParticipantRole"], [])
        return _combine(
            criterion["MatchType"], [any(_has_phrase(turn, text) for turn in turns) for text in criterion["SearchText"]]
        )

    transcript = analysis["Transcript"]
    return _combine(transcript.get("MatchType"), map(fulfils, transcript["Criteria"]))


def _has_attributes(contact: SampleContact, attributes: dict[str, Any]) -> bool:
    return _combine(
        attributes.get("MatchType"),
        [contact.stored.attributes.get(c["Key"]) in c["Values"] for c in attributes["Criteria"]],
    )


def _named(contact: SampleContact, criterion: dict[str, Any]) -> bool:
    name = contact.summary.get("Name", "")
    if criterion["MatchType"] == "MATCH_EXACT":
        return name.casefold() in [text.casefold() for text in criterion["SearchText"]]
    return _combine(criterion["MatchType"], [_has_phrase(name, text) for text in criterion["SearchText"]])


def _has_segment_attributes(contact: SampleContact, attributes: dict[str, Any]) -> bool:
    values = contact.summary.get("SegmentAttributes", {})
    return _combine(
        attributes.get("MatchType"),
        [values.get(c["Key"], {}).get("ValueString") in c["Values"] for c in attributes["Criteria"]],
    )


def _tagged(contact: SampleContact, tags: dict[str, Any]) -> bool:
    def has(condition: dict[str, str]) -> bool:
        return bool(contact.summary["Tags"].get(condition["TagKey"]) == condition["TagValue"])

    return (
        any(all(map(has, conditions)) for conditions in tags.get("OrConditions", [[]]))
        and all(map(has, tags.get("AndConditions", [])))
        and all(has(tags[member]) for member in tags if member == "TagCondition")
    )


def _served_by_ai(contact: SampleContact, agents: dict[str, Any]) -> bool:
    def fulfils(agent: dict[str, Any], criterion: dict[str, Any]) -> bool:
        id_, version = agent["AiAgentVersionId"].split(":")
        has = {
            "Id": id_,
            "VersionNumber": int(version),
            "AiAgentEscalated": agent["AiAgentEscalated"],
            "AiUseCase": agent["AiUseCase"],
        }
        return all(has[member] == value for member, value in criterion.items())

    present = contact.summary.get("AiAgentInfo", [])
    return all(not one or any(fulfils(agent, one) for agent in present) for one in agents["Criteria"])


def _at_additional_times(contact: SampleContact, additional: dict[str, Any]) -> bool:
    def fulfils(criterion: dict[str, Any]) -> bool:
        if "TimeRange" in criterion:
            return _in_range(contact, criterion["TimeRange"])
        return timestamp_of(contact.summary, criterion["TimestampCondition"]["Type"]) is None

    return _combine(additional["MatchType"], map(fulfils, additional["Criteria"]))


_CRITERIA: dict[str, Callable[[SampleContact, Any], bool]] = {
    "Channels": _one_of(lambda summary: summary.get("Channel")),
    "InitiationMethods": _one_of(lambda summary: summary.get("InitiationMethod")),
    "QueueIds": _one_of(lambda summary: summary.get("QueueInfo", {}).get("Id")),
    "AgentIds": _one_of(lambda summary: summary.get("AgentInfo", {}).get("Id")),
    "AgentHierarchyGroups": _in_groups,
    "ContactAnalysis": _said,
    "SearchableContactAttributes": _has_attributes,
    "Name": _named,
    "SearchableSegmentAttributes": _has_segment_attributes,
    "ContactTags": _tagged,
    "AiAgents": _served_by_ai,
    "AdditionalTimeRange": _at_additional_times,
}
