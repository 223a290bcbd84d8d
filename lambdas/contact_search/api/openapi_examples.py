"""Give examples of responses for the OpenAPI document."""

from datetime import date
from typing import Any

# The contact of docs/guide.md: scripts/serve has it on every day.
CONTACT_ID = "905d0f8f-aa33-4f62-a867-8be4cc1935d2"
_QUEUE = {"id": "8755289a-b3e9-4820-aff8-e5c67bf85b6d", "name": "Billing"}
_AGENT = {"id": "03d99e7d-b297-49e6-a26f-553c57504d69", "username": "skhumalo"}
_INSTANCE_ARN = "arn:aws:connect:eu-west-2:111122223333:instance/c0ffee00-0000-4000-8000-000000000001"


def contact_example(today: date) -> dict[str, Any]:
    """Return one contact, with names and attributes."""
    return {
        "arn": f"{_INSTANCE_ARN}/contact/{CONTACT_ID}",
        "id": CONTACT_ID,
        "initiation_method": "INBOUND",
        "channel": "VOICE",
        "queue_info": {**_QUEUE, "enqueue_timestamp": f"{today}T09:15:02.120Z"},
        "agent_info": {
            **_AGENT,
            "connected_to_agent_timestamp": f"{today}T09:15:40.000Z",
            "after_contact_work_duration": 38,
        },
        "initiation_timestamp": f"{today}T09:14:55.301Z",
        "disconnect_timestamp": f"{today}T09:21:10.000Z",
        "customer_endpoint": {"type": "TELEPHONE_NUMBER", "address": "+441632960831"},
        "disconnect_reason": "AGENT_DISCONNECT",
        "attributes": {"customer_tier": "bronze", "language": "en", "booking_reference": "MT202162"},
    }


def me_example() -> dict[str, Any]:
    """Return a client that is limited to a queue."""
    return {
        "client": "acme",
        "usage_plan": "partner",
        "grant": {
            "queues": [_QUEUE],
            "agents": None,
            "channels": ["VOICE"],
            "fields": None,
            "attribute_keys": [],
            "transcript_search": False,
            "lookback": "P30D",
            "page_limit": None,
            "exports": False,
        },
    }
