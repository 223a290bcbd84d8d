"""Test the examples of the OpenAPI document with the sample contacts of scripts/serve."""

from typing import Any
from urllib.parse import urlencode

import pytest

from contact_search.api.openapi import document
from tests.clock import TODAY
from tests.serving import Service

PARAMETERS = {
    parameter["name"]: parameter["example"]
    for parameter in document(TODAY)["paths"]["/v1/contacts"]["get"]["parameters"]
    if parameter["in"] == "query"
}
# These find nothing: the sample has one region, no agent has a group on level 5, every contact has this timestamp, and
# a cursor cannot be written in advance.
FIND_NOTHING = {"active_region", "agent_hierarchy_l5_id", "initiation_timestamp.exists", "cursor"}
# Parameters that some parameters need in addition.
OTHERS = {
    "transcript_match": {"transcript": "refund"},
    "attribute_match": {"attribute[language]": "en"},
    "segment_match": {"segment[connect:Subtype]": "connect:Chat"},
    "name_match": {"name": "follow-up"},
    "routing_match": {"routing_agent_id": PARAMETERS["routing_agent_id"]},
    "ai_agent_version": {"ai_agent_id": PARAMETERS["ai_agent_id"]},
    "additional_time_match": {"scheduled_timestamp.exists": "false"},
    "settle": {"follow": "true"},
    "to": {"from": PARAMETERS["from"]},
}


@pytest.mark.parametrize("name", sorted(PARAMETERS.keys() - FIND_NOTHING))
def test_each_example_finds_contacts(sample_service: Service, name: str) -> None:
    example = PARAMETERS[name]
    window = {} if name in ("last", "from", "to") else {"last": "P90D"}
    keyed = isinstance(example, dict)
    sent: dict[str, Any] = {f"{name}[{key}]": value for key, value in example.items()} if keyed else {name: example}
    sent = {key: str(value).lower() if isinstance(value, bool) else value for key, value in sent.items()}
    query = window | OTHERS.get(name, {}) | sent
    status, page = sample_service.get(f"/v1/contacts?{urlencode({'limit': 1} | query, doseq=True)}")
    assert (status, bool(page.get("contacts"))) == (200, True), page
