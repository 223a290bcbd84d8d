"""Read contacts from Amazon Connect contact records (CTR), as Connect exports them.

Source of the members: administrator guide, "Data model for Amazon Connect contact records".
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import botocore.session
from botocore.model import Shape

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# Members of contact records whose spelling differs from the service model's.
_MODEL_SPELLINGS = {
    "ARN": "Arn",
    "state": "State",
    "stateStartTimestamp": "StateStartTimestamp",
    "stateEndTimestamp": "StateEndTimestamp",
}


class UnusableRecordError(ValueError):
    """Report a contact record that lacks an indispensable member or has one of the wrong shape."""


@dataclass(frozen=True)
class StoredContact:
    """Hold a contact as the stand-in keeps it.

    Attributes:
        summary: ContactSearchSummary in the form that SearchContacts returns on the wire.
        last_update: Milliseconds since the epoch, 0 if unknown.
        expiry: Milliseconds since the epoch.
        hierarchy: Ids of the agent's hierarchy groups on levels 1 to 5.
        attributes: Contact attributes.
        details: Members of DescribeContact's Contact that neither the summary nor the other fields here have.
        queue_name: Name of the queue when the record was written.
        username: Name of the agent's user when the record was written.
        in_agent_queue: Whether the queue is an agent's personal queue instead of a standard one.
    """

    instance_arn: str
    summary: dict[str, Any]
    last_update: int = 0
    expiry: int | None = None
    hierarchy: tuple[str | None, ...] = (None,) * 5
    attributes: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    queue_name: str | None = None
    username: str | None = None
    in_agent_queue: bool = False


def parse_contact_record(record: Any) -> StoredContact:
    """Parse the JSON value of a contact record.

    Raises:
        UnusableRecordError: The value is not a contact record, or a member that searches depend on is malformed.
            Malformed members that only DescribeContact returns are left out instead.
    """
    if not isinstance(record, dict):
        raise UnusableRecordError("is not a JSON object")
    for name in ("ContactId", "InstanceARN"):
        if not isinstance(record.get(name), str) or not record[name]:
            raise UnusableRecordError(f"has no {name}")
    queue, agent = _get_object(record, "Queue"), _get_object(record, "Agent")
    return StoredContact(
        instance_arn=record["InstanceARN"],
        summary=_parse_summary(record, queue, agent),
        last_update=_parse_milliseconds(record.get("LastUpdateTimestamp"), "LastUpdateTimestamp") or 0,
        expiry=_parse_milliseconds(record.get("ExpiryTimestamp"), "ExpiryTimestamp"),
        hierarchy=_parse_hierarchy(_get_object(agent, "HierarchyGroups")),
        attributes={key: value for key, value in _get_object(record, "Attributes").items() if isinstance(value, str)},
        details=_parse_details(record, agent),
        queue_name=_get_text(queue, "Name"),
        username=_get_text(agent, "Username"),
        in_agent_queue="/queue/agent/" in (_get_text(queue, "ARN") or ""),
    )


def _parse_summary(record: dict[str, Any], queue: dict[str, Any], agent: dict[str, Any]) -> dict[str, Any]:
    renamed = dict(record)
    renamed["Arn"] = f"{record['InstanceARN']}/contact/{record['ContactId']}"
    renamed["Id"] = record["ContactId"]
    renamed["QueueInfo"] = {"Id": _get_id(queue), "EnqueueTimestamp": queue.get("EnqueueTimestamp")}
    renamed["AgentInfo"] = {"Id": _get_id(agent), "ConnectedToAgentTimestamp": agent.get("ConnectedToAgentTimestamp")}
    summary: dict[str, Any] = _summary_reader()(renamed, "")
    for info in ("QueueInfo", "AgentInfo"):
        if not summary[info]:
            del summary[info]
    return summary


def _parse_hierarchy(groups: dict[str, Any]) -> tuple[str | None, ...]:
    if not groups:
        return (None,) * 5
    return tuple(_get_id(_get_object(groups, level)) for level in ("Level1", "Level2", "Level3", "Level4", "Level5"))


def _parse_details(record: dict[str, Any], agent: dict[str, Any]) -> dict[str, Any]:
    """Read the members of DescribeContact's Contact that are not in the summary and can be read."""
    readers, agent_readers = _detail_readers()
    details = _read_members(readers, record)
    if "Recordings" not in details and (recording := record.get("Recording")):
        details |= _read_members(readers, {"Recordings": [_rename(recording, "Type", "MediaStreamType")]})
    if _has_values_beyond_summary(record.get("SegmentAttributes")):
        details |= _read_members({"SegmentAttributes": _segment_attributes_reader()}, record)
    if agent:
        agent_info = _read_members(agent_readers, _rename(agent, "AgentPauseDuration", "AgentPauseDurationInSeconds"))
        if agent_info:
            details["AgentInfo"] = agent_info
    return details


def _read_members(readers: "Mapping[str, _Reader]", members: Mapping[str, Any]) -> dict[str, Any]:
    """Read those members that have a reader, a value and the right shape."""
    details: dict[str, Any] = {}
    for name in readers.keys() & members.keys():
        if members[name] is not None:
            with suppress(UnusableRecordError):
                details[name] = readers[name](members[name], name)
    return {name: value for name, value in details.items() if value not in (None, {}, [])}


def _rename(members: Any, name: str, new_name: str) -> Any:
    if not isinstance(members, dict) or name not in members:
        return members
    return {new_name if member == name else member: value for member, value in members.items()}


def _has_values_beyond_summary(segment_attributes: Any) -> bool:
    """Return whether segment attributes have value types that ContactSearchSummary leaves out."""
    return isinstance(segment_attributes, dict) and any(
        isinstance(value, dict) and not value.keys() <= {"ValueString", "ValueMap"}
        for value in segment_attributes.values()
    )


def _get_object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise UnusableRecordError(f"{name} is not an object")
    return value


def _get_text(parent: Mapping[str, Any], name: str) -> str | None:
    value = parent.get(name)
    return value if value and isinstance(value, str) else None


def _get_id(resource: Mapping[str, Any]) -> str | None:
    """Return the last part of a resource's ARN."""
    arn = _get_text(resource, "ARN")
    return arn.rsplit("/", 1)[-1] or None if arn else None


def _parse_milliseconds(text: Any, name: str) -> int | None:
    """Convert an ISO 8601 time to milliseconds since the epoch; UTC is the default, null and "" have no time."""
    if text is None or text == "":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise UnusableRecordError(f"{name} is not a time") from None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND


_Reader = Callable[[Any, str], Any]  # takes a value and its name, returns the value on the wire or None


@cache
def _summary_reader() -> _Reader:
    """Build the reader of ContactSearchSummary: it keeps the model's members that have a value."""
    return _build_reader(_load_shape("ContactSearchSummary"), {})


@cache
def _detail_readers() -> tuple[dict[str, _Reader], dict[str, _Reader]]:
    """Build readers for the members of Contact, and of its AgentInfo, that the stand-in stores as details."""
    contact, summary = _load_shape("Contact"), _load_shape("ContactSearchSummary")
    stored_otherwise = {*summary.members, "Attributes", "LastUpdateTimestamp"}
    agent_stored_otherwise = {*summary.members["AgentInfo"].members, "HierarchyGroups"}
    built: dict[str, _Reader] = {}
    return (
        {name: _build_reader(shape, built) for name, shape in contact.members.items() if name not in stored_otherwise},
        {
            name: _build_reader(shape, built)
            for name, shape in contact.members["AgentInfo"].members.items()
            if name not in agent_stored_otherwise
        },
    )


@cache
def _segment_attributes_reader() -> _Reader:
    return _build_reader(_load_shape("Contact").members["SegmentAttributes"], {})


def _load_shape(name: str) -> Shape:
    return botocore.session.get_session().get_service_model("connect").shape_for(name)


def _build_reader(shape: Shape, built: dict[str, _Reader]) -> _Reader:
    """Build the reader of a shape; `built` has the readers of the shapes around it, for shapes are recursive."""
    if shape.name in built:
        return built[shape.name]
    built[shape.name] = lambda value, name: read(value, name)  # noqa: PLW0108 - `read` does not exist yet
    if shape.type_name == "structure":
        read = _structure_reader({name: _build_reader(member, built) for name, member in shape.members.items()})
    elif shape.type_name == "list":
        read = _list_reader(_build_reader(shape.member, built))
    elif shape.type_name == "map":
        read = _map_reader(_build_reader(shape.value, built))
    elif shape.type_name == "timestamp":
        read = _read_seconds
    else:
        read = _scalar_reader(may_be_empty=not shape.metadata.get("min") and not shape.metadata.get("enum"))
    return read


def _structure_reader(members: Mapping[str, _Reader]) -> _Reader:
    readers = {name: (name, reader) for name, reader in members.items()}
    for spelling, name in _MODEL_SPELLINGS.items():
        if name in members:
            readers[spelling] = (name, members[name])

    def read(value: Any, name: str) -> Any:
        if value == "":
            return None
        if not isinstance(value, dict):
            raise UnusableRecordError(f"{name} is not an object")
        found: dict[str, Any] = {}
        for spelling, element in value.items():
            if element is not None and spelling in readers:
                member, reader = readers[spelling]
                parsed = reader(element, member)
                if parsed is not None:
                    found[member] = parsed
        return found

    return read


def _list_reader(member: _Reader) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if not isinstance(value, list):
            raise UnusableRecordError(f"{name} is not a list")
        return [member(element, name) for element in value if element is not None]

    return read


def _map_reader(member: _Reader) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if not isinstance(value, dict):
            raise UnusableRecordError(f"{name} is not an object")
        found = {key: member(element, name) for key, element in value.items() if element is not None}
        return {key: element for key, element in found.items() if element not in (None, {})} or None

    return read


def _read_seconds(value: Any, name: str) -> Any:
    milliseconds = _parse_milliseconds(value, name)
    return None if milliseconds is None else milliseconds / 1000


def _scalar_reader(*, may_be_empty: bool) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if isinstance(value, dict | list):
            raise UnusableRecordError(f"{name} is not a single value")
        return None if value == "" and not may_be_empty else value

    return read
