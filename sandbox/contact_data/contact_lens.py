"""The transcript of a contact out of a Contact Lens post-call analysis file.

Source of the members: administrator guide, "Example Contact Lens output files".
"""

from typing import Any

from sandbox.contact_data.contact_record import UnusableRecordError

ROLES = ("AGENT", "CUSTOMER", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR")


def transcript_of(analysis: Any) -> tuple[str, dict[str, list[str]]]:
    """The contact's id, and what was said turn by turn in each role; raises UnusableRecordError.

    Turns that nobody in a role of SearchContacts said, such as events of a chat, are left out.
    """
    try:
        contact_id = analysis["CustomerMetadata"]["ContactId"]
        participants, turns = analysis["Participants"], analysis["Transcript"]
    except (KeyError, TypeError):
        raise UnusableRecordError("is not a Contact Lens analysis with a transcript") from None
    if not (isinstance(contact_id, str) and isinstance(participants, list) and isinstance(turns, list)):
        raise UnusableRecordError("is not a Contact Lens analysis with a transcript")
    roles = {str(one.get("ParticipantId")): one.get("ParticipantRole") for one in participants if isinstance(one, dict)}
    said: dict[str, list[str]] = {}
    for turn in turns:
        if isinstance(turn, dict) and isinstance(turn.get("Content"), str):
            role = roles.get(str(turn.get("ParticipantId")))
            if role in ROLES:
                said.setdefault(role, []).append(turn["Content"])
    return contact_id, said
