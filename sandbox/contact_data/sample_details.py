"""What only a contact record tells, and no search: numbers, recordings, how a contact ended.

It depends on the contact's id, so that the rest of the sample stays as it is.
"""

import random
from typing import Any

# Numbers for drama (Ofcom) and addresses for examples (RFC 2606): they belong to nobody.
_CUSTOMER_NUMBERS, _CENTRE_NUMBER = "+441632960{:03}", "+441632960999"
_CUSTOMER_ADDRESSES, _CENTRE_ADDRESS = "customer{:03}@example.com", "help@example.com"
_ENDS = {
    "VOICE": ("CUSTOMER_DISCONNECT", "CUSTOMER_DISCONNECT", "AGENT_DISCONNECT", "THIRD_PARTY_DISCONNECT"),
    "CHAT": ("CUSTOMER_DISCONNECT", "AGENT_DISCONNECT"),
    "TASK": ("AGENT_COMPLETED",),
    "EMAIL": ("AGENT_DISCONNECT", "DISCARDED"),
}


def sample_details(record: dict[str, Any]) -> dict[str, Any]:
    """Return the members to add to a contact record, those of its agent included."""
    choose = random.Random(record["ContactId"])  # noqa: S311 - it is to be repeatable
    number, ends = choose.randrange(900), choose.choice(_ENDS[record["Channel"]])
    after_work = choose.randrange(5, 120)
    details = _endpoints(record["Channel"], number)
    if record["DisconnectTimestamp"]:
        details["DisconnectReason"] = ends if record["Agent"] else "CUSTOMER_DISCONNECT"
    if record["DisconnectTimestamp"] and record["Agent"]:
        details["Agent"] = record["Agent"] | {"AfterContactWorkDuration": after_work}
        if record["Channel"] == "VOICE":
            details["Recordings"] = [_recording(record)]
    return details


def _endpoints(channel: str, number: int) -> dict[str, Any]:
    if channel == "VOICE":
        return {
            "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": _CUSTOMER_NUMBERS.format(number)},
            "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": _CENTRE_NUMBER},
        }
    if channel == "EMAIL":
        return {
            "CustomerEndpoint": {"Type": "EMAIL_ADDRESS", "Address": _CUSTOMER_ADDRESSES.format(number)},
            "SystemEndpoint": {"Type": "EMAIL_ADDRESS", "Address": _CENTRE_ADDRESS},
        }
    return {}


def _recording(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "Location": f"amazon-connect-sample/connect/sample/CallRecordings/{record['ContactId']}.wav",
        "MediaStreamType": "AUDIO",
        "ParticipantType": "ALL",
        "StartTimestamp": record["Agent"]["ConnectedToAgentTimestamp"],
        "Status": "AVAILABLE",
        "StopTimestamp": record["DisconnectTimestamp"],
        "StorageType": "S3",
    }
