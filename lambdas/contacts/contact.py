"""A contact as the service returns it: ContactSearchSummary of SearchContacts, in snake_case.

Read with Connect's spelling, written with ours. What Connect left out stays out, what this model does not know is
ignored, and an enumeration's value passes through whether it is known here or not.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AliasGenerator,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_pascal

from amazon_connect.errors import UpstreamError


def _rfc_3339(moment: datetime) -> str:
    """Of a page there are 400, which is a tenth of a call: without its time zone a moment is told in half the time."""
    if moment.utcoffset():
        moment = moment.astimezone(UTC)
    return f"{moment.replace(tzinfo=None).isoformat('T', 'milliseconds')}Z"


_DATE_TIME = {"type": "string", "format": "date-time"}
Timestamp = Annotated[
    datetime, PlainSerializer(_rfc_3339, return_type=str), WithJsonSchema(_DATE_TIME, "serialization")
]


class _Summary(BaseModel):
    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=to_pascal),
        hide_input_in_errors=True,
        defer_build=True,  # the parts of a response are never read alone
    )


class QueueInfo(_Summary):
    id: str | None = None
    enqueue_timestamp: Timestamp | None = None


class AgentInfo(_Summary):
    id: str | None = None
    connected_to_agent_timestamp: Timestamp | None = None


class SegmentAttributeValue(_Summary):
    value_string: str | None = None
    value_map: "dict[str, SegmentAttributeValue] | None" = None
    value_integer: int | None = None
    value_list: "list[SegmentAttributeValue] | None" = None
    value_arn: str | None = None


class Expiry(_Summary):
    duration_in_seconds: int | None = None
    expiry_timestamp: Timestamp | None = None


class Range(_Summary):
    min_proficiency_level: float | None = None
    max_proficiency_level: float | None = None


class AgentsCriteria(_Summary):
    agent_ids: list[str] | None = None


class MatchCriteria(_Summary):
    agents_criteria: AgentsCriteria | None = None


class AttributeCondition(_Summary):
    name: str | None = None
    value: str | None = None
    proficiency_level: float | None = None
    range: Range | None = None
    match_criteria: MatchCriteria | None = None
    comparison_operator: str | None = None


class Expression(_Summary):
    attribute_condition: AttributeCondition | None = None
    and_expression: "list[Expression] | None" = None
    or_expression: "list[Expression] | None" = None
    not_attribute_condition: AttributeCondition | None = None


class Step(_Summary):
    expiry: Expiry | None = None
    expression: Expression | None = None
    status: str | None = None


class RoutingCriteria(_Summary):
    steps: list[Step] | None = None
    activation_timestamp: Timestamp | None = None
    index: int | None = None


class GlobalResiliencyMetadata(_Summary):
    active_region: str | None = None
    origin_region: str | None = None
    traffic_distribution_group_id: str | None = None


class AiAgentInfo(_Summary):
    ai_agent_version_id: str | None = None
    ai_agent_escalated: bool | None = None
    ai_use_case: str | None = None


class Contact(_Summary):
    arn: str | None = None
    id: str | None = None
    initial_contact_id: str | None = None
    previous_contact_id: str | None = None
    initiation_method: str | None = None
    channel: str | None = None
    queue_info: QueueInfo | None = None
    agent_info: AgentInfo | None = None
    initiation_timestamp: Timestamp | None = None
    disconnect_timestamp: Timestamp | None = None
    scheduled_timestamp: Timestamp | None = None
    segment_attributes: dict[str, SegmentAttributeValue] | None = None
    name: str | None = None
    routing_criteria: RoutingCriteria | None = None
    tags: dict[str, str] | None = None
    global_resiliency_metadata: GlobalResiliencyMetadata | None = None
    ai_agent_info: list[AiAgentInfo] | None = None


class SearchContactsResponse(_Summary):
    """SearchContacts' answer; NextToken is left out at the end, and TotalCount may be."""

    contacts: list[Contact]
    next_token: str | None = None
    total_count: int | None = None


_contacts = TypeAdapter(list[Contact])


def read_response(body: bytes) -> SearchContactsResponse:
    """Raises UpstreamError where a body has not the shape of the service model."""
    try:
        return SearchContactsResponse.model_validate_json(body)
    except ValidationError:
        raise UpstreamError("ValidationError") from None  # its own words may quote contacts


def as_json(contacts: list[Contact], fields: frozenset[str] = frozenset()) -> str:
    """The contacts as a JSON array; only these top-level fields, and the id, if any are given."""
    trim: Any = {"__all__": fields | {"id"}} if fields else None
    return _contacts.dump_json(contacts, include=trim, exclude_none=True).decode()
