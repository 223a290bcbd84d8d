"""Generate searches, as GET parameters and as the request of SearchContacts that they stand for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.clock import MIDNIGHT
from tests.conftest import INSTANCE_ID, SampleContact

TIMESTAMPS = [
    *("INITIATION_TIMESTAMP", "SCHEDULED_TIMESTAMP", "CONNECTED_TO_AGENT_TIMESTAMP"),
    *("DISCONNECT_TIMESTAMP", "ENQUEUE_TIMESTAMP"),
]
SORTS = [*TIMESTAMPS[:4], "INITIATION_METHOD", "CHANNEL", "EXPIRY_TIMESTAMP"]
ROLES = ["AGENT", "CUSTOMER", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR"]
TEXTS = [
    "refund",
    "THANK you very much",
    "Welcome to Meridian",
    "shift supervisor",
    "zebra",
    "booking",
    "may be recorded",
]
MATCHES = st.sampled_from(["any", "all"])


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def searches(draw: st.DrawFn, contacts: list[SampleContact]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Generate a search as GET parameters, and as the request of SearchContacts that it stands for."""
    start = MIDNIGHT - timedelta(hours=draw(st.integers(1, 88 * 24)))
    end = start + timedelta(hours=draw(st.integers(0, 8 * 7 * 24)))
    time_field = draw(st.sampled_from(TIMESTAMPS))
    get: dict[str, Any] = {"from": start.isoformat(), "to": end.isoformat(), "time_field": time_field.lower()}
    criteria: dict[str, Any] = {}
    lists: dict[str, tuple[str, Callable[[], list[str]]]] = {
        "channel": ("Channels", lambda: ["VOICE", "CHAT", "TASK", "EMAIL"]),
        "initiation_method": ("InitiationMethods", lambda: ["INBOUND", "API", "TRANSFER", "FLOW", "QUEUE_TRANSFER"]),
        "queue_id": ("QueueIds", lambda: _ids(contacts, "QueueInfo")),
        "agent_id": ("AgentIds", lambda: _ids(contacts, "AgentInfo")),
    }
    for name in draw(st.sets(st.sampled_from(sorted(lists)), max_size=2)):
        member, values = lists[name]
        criteria[member] = draw(some(values()))
        get[name] = ",".join(criteria[member]).lower() if name in ("channel", "initiation_method") else criteria[member]
    for level in draw(st.sets(st.sampled_from([1, 2, 3, 4]), max_size=2)):
        ids = draw(some(sorted({str(c.stored.hierarchy[level - 1]) for c in contacts if c.stored.hierarchy[0]})))
        criteria.setdefault("AgentHierarchyGroups", {})[f"L{level}Ids"] = ids
        get[f"agent_hierarchy_l{level}_id"] = ",".join(ids)
    if draw(st.booleans()):
        transcript = draw(transcripts())
        get |= transcript[0]
        criteria["ContactAnalysis"] = {"Transcript": transcript[1]}
    if draw(st.integers(0, 3)) == 0:
        match = draw(MATCHES)
        attributes = {
            "customer_tier": draw(some(["gold", "bronze", "tin"])),
            "language": draw(some(["en", "fr", "EN"])),
        }
        get |= {f"attribute.{key}": values for key, values in attributes.items()} | {"attribute_match": match}
        criteria["SearchableContactAttributes"] = {
            "Criteria": [{"Key": key, "Values": values} for key, values in attributes.items()],
            "MatchType": f"MATCH_{match.upper()}",
        }
    sort, order = draw(st.sampled_from(SORTS)), draw(st.sampled_from(["ASCENDING", "DESCENDING"]))
    get["sort"] = ("-" if order == "DESCENDING" else "") + sort.lower()
    request = {
        "InstanceId": INSTANCE_ID,
        "TimeRange": {"Type": time_field, "StartTime": start, "EndTime": end},
        "SearchCriteria": criteria,
        "Sort": {"FieldName": sort, "Order": order},
    }
    return get | {"limit": draw(st.sampled_from([7, 50, 100]))}, request


def _ids(contacts: list[SampleContact], member: str) -> list[str]:
    return sorted({contact.summary[member]["Id"] for contact in contacts if member in contact.summary})


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    match = draw(MATCHES)
    match_type = f"MATCH_{match.upper()}"
    by_role = draw(st.one_of(st.just({}), st.dictionaries(st.sampled_from(ROLES), some(TEXTS), min_size=1, max_size=3)))
    if by_role:
        get: dict[str, Any] = {f"transcript.{role.lower()}": texts for role, texts in by_role.items()}
        between = match_type
    else:
        texts = draw(some(TEXTS))
        get, between = {"transcript": texts}, "MATCH_ANY"
        by_role = dict.fromkeys(ROLES, texts)
    criteria = [
        {"ParticipantRole": role, "SearchText": texts, "MatchType": match_type} for role, texts in by_role.items()
    ]
    return get | {"transcript_match": match}, {"Criteria": criteria, "MatchType": between}
