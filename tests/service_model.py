"""Generate requests of SearchContacts from the service model of the installed botocore."""

import re
from datetime import datetime, timedelta
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from hypothesis import strategies as st

from tests.clock import MIDNIGHT

SEARCH_CONTACTS: OperationModel = (
    botocore.session.get_session().get_service_model("connect").operation_model("SearchContacts")
)
# Members that the service replaces with its own: paging and the instance.
PAGING = {"InstanceId": None, "MaxResults": "limit", "NextToken": "cursor"}
_TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd")
_AI_AGENT = "7d3c0f6e-58a1-4c7e-9d2b-0f4c1a2b3c4d"
_OF_PATTERN = {
    "AiAgentId": [
        _AI_AGENT,
        f"{_AI_AGENT}:2",
        f"arn:aws:wisdom:eu-west-2:111122223333:ai-agent/{_AI_AGENT}/{_AI_AGENT}",
    ],
    "RegionName": ["eu-west-2", "us-east-1", "us-gov-west-1"],
}


def snake_case(name: str) -> str:
    """Convert a member's name: `AgentIds` to `agent_ids`, `L1Ids` to `l1_ids`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def in_snake_case(value: Any) -> Any:
    """Convert a request to the body of a POST."""
    if isinstance(value, dict):
        return {snake_case(name): in_snake_case(element) for name, element in value.items()}
    if isinstance(value, list):
        return [in_snake_case(element) for element in value]
    return value.isoformat() if isinstance(value, datetime) else value


def values_of(shape: Shape, omit: frozenset[str] = frozenset()) -> st.SearchStrategy[Any]:
    """Generate any value that the shape allows, with short lists."""
    least, most = int(shape.metadata.get("min", 0)), shape.metadata.get("max")
    match shape.type_name:
        case "structure":
            return _structures(shape, omit)
        case "list":
            return st.lists(values_of(shape.member), min_size=least, max_size=min(int(most or 3), 3))
        case "string" if shape.metadata.get("enum"):
            return st.sampled_from(shape.metadata["enum"])
        case "string" if shape.metadata.get("pattern"):
            return st.sampled_from(_OF_PATTERN[shape.name])
        case "string":
            return st.text(_TEXT, min_size=least, max_size=min(int(most or 20), 20))
        case "integer":
            return st.integers(int(shape.metadata.get("min", -1000)), int(most or 1000))
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.integers(0, 60 * 86_400_000).map(lambda ms: MIDNIGHT - timedelta(days=80, milliseconds=-ms))
    raise AssertionError(f"no values for {shape.type_name}")


def _structures(shape: Shape, omit: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: values_of(member) for name, member in shape.members.items() if name not in omit}
    required = {name: members.pop(name) for name in shape.required_members if name not in omit}
    structures = st.fixed_dictionaries(required, optional=members)
    return structures.map(_in_order) if shape.name == "SearchContactsTimeRange" else structures


def _in_order(time_range: dict[str, Any]) -> dict[str, Any]:
    start, end = sorted([time_range["StartTime"], time_range["EndTime"]])
    return time_range | {"StartTime": start, "EndTime": min(end, start + timedelta(days=56))}


def requests() -> st.SearchStrategy[dict[str, Any]]:
    """Generate SearchContacts requests without the members that the service replaces."""
    return values_of(SEARCH_CONTACTS.input_shape, frozenset(PAGING))
