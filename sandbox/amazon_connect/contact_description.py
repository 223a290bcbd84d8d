"""Build DescribeContact's Contact from what the contact store has of a contact."""

import json
from typing import Any

from sandbox.amazon_connect.contact_store import HIERARCHY, ContactStore

# "SystemEndpoint is not populated for contacts with initiation method of ..." (API reference, DescribeContact)
_WITHOUT_SYSTEM_ENDPOINT = ("MONITOR", "QUEUE_TRANSFER", "CALLBACK")


def find_contact(store: ContactStore, contact_id: str, instance_arn: str, oldest: int) -> dict[str, Any] | None:
    """Return the Contact on the wire, or None if it does not exist.

    Args:
        oldest: Initiation timestamp, in milliseconds since the epoch, before which contacts are deleted.
    """
    rows = store.query(
        f"SELECT summary, details, last_update, {', '.join(HIERARCHY)} FROM contacts"
        " WHERE id = ? AND coalesce(initiation_timestamp >= ?, 1)",
        (contact_id, oldest),
    )
    if not rows:
        return None
    summary, details, last_update, *group_ids = rows[0]
    contact: dict[str, Any] = json.loads(summary)
    ai_agents = contact.pop("AiAgentInfo", None)
    agent_info = contact.get("AgentInfo", {})
    contact |= json.loads(details or "{}")
    agent_info |= contact.get("AgentInfo", {})
    if groups := _build_hierarchy_groups(group_ids, instance_arn):
        agent_info["HierarchyGroups"] = groups
    if agent_info:
        contact["AgentInfo"] = agent_info
    if ai_agents:
        contact["WisdomInfo"] = {"AiAgents": ai_agents} | contact.get("WisdomInfo", {})
    if last_update:
        contact["LastUpdateTimestamp"] = last_update / 1000
    if contact.get("InitiationMethod") in _WITHOUT_SYSTEM_ENDPOINT:
        contact.pop("SystemEndpoint", None)
    return contact


def _build_hierarchy_groups(group_ids: list[str | None], instance_arn: str) -> dict[str, Any]:
    return {
        f"Level{level}": {"Arn": f"{instance_arn}/agent-group/{group_id}"}
        for level, group_id in enumerate(group_ids, start=1)
        if group_id
    }
