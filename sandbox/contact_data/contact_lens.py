"""The transcript of a contact out of a Contact Lens post-call analysis file.

Source of the members: administrator guide, "Example Contact Lens output files".
"""

from typing import Any

from sandbox.contact_data.contact_record import UnusableRecordError

ROLES = ("AGENT", "CUSTOMER", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR")


def transcript_of(analysis: Any) -> tuple[str, dict[str, list[str]]]:
    """The contact's id, and what was said turn by turn in each role; raises UnusableRecordError."""
    try:
        contact_id = analysis["CustomerMetadata"]["ContactId"]
        roles = {person["ParticipantId"]: person["ParticipantRole"] for person in analysis["Participants"]}
        turns = [(roles.get(turn["ParticipantId"]), turn.get("Content")) for turn in analysis["Transcript"]]
    except (AttributeError, KeyError, TypeError):
        raise UnusableRecordError("is not a Contact Lens analysis with a transcript") from None
    if not isinstance(contact_id, str):
        raise UnusableRecordError("has no ContactId")
    said: dict[str, list[str]] = {}
    for role, content in turns:
        if role in ROLES and isinstance(content, str):
            said.setdefault(role, []).append(content)
    return contact_id, said
