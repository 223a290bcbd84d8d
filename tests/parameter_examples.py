"""Send the example of each query parameter, as the OpenAPI document has it.

Enter a new parameter in `_NEEDED` if it has no effect without another one, and in `FIND_NOTHING` if its example finds
none of the sample contacts of scripts/serve.
"""

from datetime import date
from typing import Any

from contact_search.api.openapi_schemas import query_parameters
from tests.clock import TODAY

# The parameters that some parameters need. Each pair finds sample contacts.
_NEEDED: dict[str, dict[str, str]] = {
    "transcript_match": {"transcript": "refund"},
    "attribute_match": {"attribute[language]": "en"},
    "segment_match": {"segment[connect:Subtype]": "connect:Chat"},
    "name_match": {"name": "follow-up"},
    "routing_match": {"routing_agent_id": "5146a606-d3d5-4aa4-a1f7-d47816a24934"},
    "ai_agent_version": {"ai_agent_id": "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"},
    "additional_time_match": {"scheduled_timestamp.exists": "false"},
    "settle": {"follow": "true"},
}
# The sample has one region, no agent has a group on level 5, every contact has this timestamp, and a cursor cannot be
# written in advance.
FIND_NOTHING = {"active_region", "agent_hierarchy_l5_id", "initiation_timestamp.exists", "cursor"}
NAMES = [parameter["name"] for parameter in query_parameters(TODAY)]


def example_query(name: str, today: date = TODAY, last: str = "P7D") -> dict[str, list[str]]:
    """Return the query with a parameter's example, the parameters that it needs, and a window."""
    examples = {parameter["name"]: parameter["example"] for parameter in query_parameters(today)}
    example = examples[name]
    window = {"to": {"from": examples["from"]}, "from": {}, "last": {}}.get(name, {"last": last})
    sent = {f"{name}[{key}]": value for key, value in example.items()} if isinstance(example, dict) else {name: example}
    return {key: _texts(value) for key, value in (window | _NEEDED.get(name, {}) | sent).items()}


def _texts(example: Any) -> list[str]:
    values = example if isinstance(example, list) else [example]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
