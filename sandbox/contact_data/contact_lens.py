"""Read transcripts from Contact Lens post-call analysis files.

Source of the members: administrator guide, "Example Contact Lens output files".
"""

from typing import Any

from sandbox.contact_data.contact_record import UnusableRecordError

ROLES = ("AGENT", "CUSTOMER", "SYSTEM", "CUSTOM_BOT", "SUPERVISOR")


def parse_transcript(analysis: Any) -> tuple[str, dict[str, list[str]]]:
    """Parse the contact id and the turns of each role, in order, from the JSON value of an analysis.

    Turns by participants without a role of SearchContacts, and entries that are no turns such as chat events, are
    left out.

    Raises:
        UnusableRecordError: The value is not an analysis with a transcript.
    """
    try:
        contact_id = analysis["CustomerMetadata"]["ContactId"]
        participants, turns = analysis["Participants"], analysis["Transcript"]
    except (KeyError, TypeError):
        raise UnusableRecordError("is not a Contact Lens analysis with a transcript") from None
    if not (isinstance(contact_id, str) and isinstance(participants, list) and isinstance(turns, list)):
        raise UnusableRecordError("is not a Contact Lens analysis with a transcript")
    roles = {
        str(participant.get("ParticipantId")): participant.get("ParticipantRole")
        for participant in participants
        if isinstance(participant, dict)
    }
    turns_by_role: dict[str, list[str]] = {}
    for turn in turns:
        if isinstance(turn, dict) and isinstance(turn.get("Content"), str):
            role = roles.get(str(turn.get("ParticipantId")))
            if role in ROLES:
                turns_by_role.setdefault(role, []).append(turn["Content"])
    return contact_id, turns_by_role
