"""What the OpenAPI document says of each parameter: its description and an example."""

# Examples with dates have these in their place, which the document fills in: no example is ever too old to be valid.
TODAY, YESTERDAY = "{today}", "{yesterday}"
_QUEUE = "5f8d1a52-1f3c-4c5e-9a70-2d6f0c3b1e11"
_AGENT = "0b9c7c1e-6a54-4d0a-8f0f-7f3f6a4e2c22"
_GROUP = "9a1f4d7b-3c2e-4b8d-a5c6-1e0d9f8b7a33"
_AI_AGENT = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"
_OF_TIMESTAMP = {
    "from": ("Only contacts whose {} is not before this moment (up to now without `.to`).", f"{YESTERDAY}T00:00:00Z"),
    "to": (
        "Only contacts whose {} is not after this moment (from 2 years ago without `.from`).",
        f"{TODAY}T00:00:00Z",
    ),
    "exists": ("Only contacts without {}.", "false"),
}

PARAMETERS: dict[str, tuple[str, str]] = {
    "from": (
        "Start of the window, included: an RFC 3339 date-time with an offset, or a date. Required without `last`.",
        f"{YESTERDAY}T09:00:00Z",
    ),
    "to": ("End of the window, included, in the same form. Now, by default.", f"{TODAY}T00:00:00Z"),
    "last": ("In place of `from` and `to`: an ISO 8601 duration up to now.", "P7D"),
    "time_field": ("The timestamp that the window is about.", "INITIATION_TIMESTAMP"),
    "channel": ("How the contact reached the contact centre; several mean any of them.", "VOICE"),
    "queue_id": ("Ids of queues; several mean any of them.", _QUEUE),
    "agent_id": ("Ids of agents who handled the contact; several mean any of them.", _AGENT),
    "initiation_method": ("How the contact was initiated; several mean any of them.", "INBOUND"),
    "active_region": ("AWS Regions that the contact was active in, with Global Resiliency.", "eu-west-2"),
    **{
        f"agent_hierarchy_l{level}_id": (
            f"Ids of hierarchy groups on level {level} that the agent belonged to.",
            _GROUP,
        )
        for level in range(1, 6)
    },
    "transcript": ("Words or phrases that some participant said. Not a comma list: repeat it for several.", "refund"),
    **{
        f"transcript.{role}": (f"Words or phrases that a participant in the role {role.upper()} said.", "refund")
        for role in ("agent", "customer", "system", "custom_bot", "supervisor")
    },
    "transcript_match": ("Whether any of the transcript's words or phrases, or all of them, must be said.", "all"),
    "attribute.": ("Write a contact attribute's key in place of KEY: it has one of these values.", "gold"),
    "attribute_match": ("Whether all of the attributes, or any of them, must match.", "any"),
    "segment.": ("Write a segment attribute's key in place of KEY: it has one of these values.", "connect:Telephony"),
    "segment_match": ("Whether all of the segment attributes, or any of them, must match.", "any"),
    "tag.": ("Write a contact tag's key in place of KEY: it has one of these values.", "4120"),
    "name": ("Words or phrases in the contact's name. Not a comma list: repeat it for several.", "follow-up"),
    "name_match": ("Whether any, all or none of the texts are in the name, or one is exactly the name.", "all"),
    "routing_agent_id": ("Ids of agents that the routing criteria prefer.", _AGENT),
    "routing_match": ("Whether any, all, exactly these or none of the agents are preferred.", "all"),
    "ai_agent_id": ("Id of the AI agent that took part.", _AI_AGENT),
    "ai_agent_version": ("Version of the AI agent; needs `ai_agent_id`.", "2"),
    "ai_agent_escalated": ("Whether the AI agent handed over to a person.", "true"),
    "ai_use_case": ("What the AI agent was for.", "SelfService"),
    **{
        f"{timestamp}.{end}": (description.format(timestamp), example)
        for timestamp in (
            "initiation_timestamp",
            "scheduled_timestamp",
            "connected_to_agent_timestamp",
            "disconnect_timestamp",
            "enqueue_timestamp",
        )
        for end, (description, example) in _OF_TIMESTAMP.items()
    },
    "additional_time_match": ("Whether all or any of the conditions on other timestamps must hold.", "any"),
    "sort": (
        "By default the window's timestamp, newest first (`-`). Other orders: up to 8 weeks and 10,000 contacts.",
        "-initiation_timestamp",
    ),
    "limit": ("Contacts a page. It may change between pages.", "50"),
    "max_items": ("The walk ends after so many contacts over all pages.", "1000"),
    "cursor": (
        "The `next_cursor` of the page before. All other parameters but `limit` and `fields` are repeated unchanged.",
        "eyJvcGFxdWUiOiJ0cnVlIn0",
    ),
    "fields": ("Top-level fields of contacts to return; `id` always comes along.", "channel"),
}

HEADERS = {
    "Prefer": ("For how many seconds the request may wait for its turn in Connect's quota: 20 at most.", "wait=10"),
    "Cache-Control": ("With no-cache Amazon Connect is asked anew, whatever is kept.", "no-cache"),
    "If-None-Match": ("The ETag of a page: if it is still the same, the answer is a 304.", 'W/"0123456789abcdef"'),
}
