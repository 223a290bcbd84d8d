"""What SearchContacts should find, said once more and plainly: a loop over all contacts."""

import re
from collections.abc import Callable, Iterable
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
    """Seconds since the epoch."""
    value = _TIMESTAMPS[name](summary)
    return None if value is None else float(value)


def matches(contact: SampleContact, request: dict[str, Any]) -> bool:
    """Whether the contact matches a request's TimeRange and SearchCriteria."""
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


_CRITERIA: dict[str, Callable[[SampleContact, Any], bool]] = {
    "Channels": _one_of(lambda summary: summary.get("Channel")),
    "InitiationMethods": _one_of(lambda summary: summary.get("InitiationMethod")),
    "QueueIds": _one_of(lambda summary: summary.get("QueueInfo", {}).get("Id")),
    "AgentIds": _one_of(lambda summary: summary.get("AgentInfo", {}).get("Id")),
    "AgentHierarchyGroups": _in_groups,
    "ContactAnalysis": _said,
    "SearchableContactAttributes": _has_attributes,
}
