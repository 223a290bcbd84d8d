"""A contact out of an Amazon Connect contact record (CTR), as Connect exports them.

Source of the members: administrator guide, "Data model for Amazon Connect contact records".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import botocore.session
from botocore.model import Shape

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class UnusableRecordError(ValueError):
    """A contact record without what makes it one, or with a member of the wrong shape; says which."""


@dataclass(frozen=True)
class StoredContact:
    """A contact as the stand-in keeps it: what SearchContacts answers, and what else it can be found by.

    `summary` is ContactSearchSummary as on the wire. `hierarchy` has the ids of levels 1 to 5, `last_update` and
    `expiry` are milliseconds since the epoch.
    """

    instance_arn: str
    summary: dict[str, Any]
    last_update: int = 0
    expiry: int | None = None
    hierarchy: tuple[str | None, ...] = (None,) * 5
    attributes: dict[str, str] = field(default_factory=dict)


def contact_of(record: Any) -> StoredContact:
    """The contact of a contact record; raises UnusableRecordError."""
    if not isinstance(record, dict):
        raise UnusableRecordError("is not a JSON object")
    for name in ("ContactId", "InstanceARN"):
        if not isinstance(record.get(name), str) or not record[name]:
            raise UnusableRecordError(f"has no {name}")
    queue, agent = _object(record, "Queue"), _object(record, "Agent")
    groups = _object(agent, "HierarchyGroups")
    named = dict(record)
    named["Arn"] = f"{record['InstanceARN']}/contact/{record['ContactId']}"
    named["Id"] = record["ContactId"]
    named["QueueInfo"] = {"Id": _id(queue), "EnqueueTimestamp": queue.get("EnqueueTimestamp")}
    named["AgentInfo"] = {"Id": _id(agent), "ConnectedToAgentTimestamp": agent.get("ConnectedToAgentTimestamp")}
    summary = _summary_reader()(named, "")
    for info in ("QueueInfo", "AgentInfo"):
        if not summary[info]:
            del summary[info]
    return StoredContact(
        instance_arn=record["InstanceARN"],
        summary=summary,
        last_update=_milliseconds(record.get("LastUpdateTimestamp"), "LastUpdateTimestamp") or 0,
        expiry=_milliseconds(record.get("ExpiryTimestamp"), "ExpiryTimestamp"),
        hierarchy=tuple(_id(_object(groups, f"Level{level}")) for level in range(1, 6)),
        attributes={key: value for key, value in _object(record, "Attributes").items() if isinstance(value, str)},
    )


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise UnusableRecordError(f"{name} is not an object")
    return value


def _id(resource: Mapping[str, Any]) -> str | None:
    arn = resource.get("ARN")
    return arn.rsplit("/", 1)[-1] or None if isinstance(arn, str) else None


def _milliseconds(text: Any, name: str) -> int | None:
    """Milliseconds since the epoch of an ISO 8601 time, in UTC where it does not say; None for null and ''."""
    if text is None or text == "":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise UnusableRecordError(f"{name} is not a time") from None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND


_Reader = Callable[[Any, str], Any]


@cache
def _summary_reader() -> _Reader:
    """Reads whatever has the names of ContactSearchSummary: known members alone, and only those that have a value."""
    return _reader(botocore.session.get_session().get_service_model("connect").shape_for("ContactSearchSummary"), {})


def _reader(shape: Shape, made: dict[str, _Reader]) -> _Reader:
    if shape.name in made:
        return made[shape.name]
    made[shape.name] = lambda value, name: read(value, name)  # noqa: PLW0108 - shapes are recursive: `read` comes later
    if shape.type_name == "structure":
        read = _structure_reader({name: _reader(member, made) for name, member in shape.members.items()})
    elif shape.type_name == "list":
        read = _list_reader(_reader(shape.member, made))
    elif shape.type_name == "map":
        read = _map_reader(_reader(shape.value, made))
    elif shape.type_name == "timestamp":
        read = _seconds
    else:
        read = _scalar_reader(may_be_empty=not shape.metadata.get("min") and not shape.metadata.get("enum"))
    return read


def _structure_reader(members: Mapping[str, _Reader]) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if value == "":
            return None
        if not isinstance(value, dict):
            raise UnusableRecordError(f"{name} is not an object")
        found: dict[str, Any] = {}
        for member, element in value.items():
            if member in members and element is not None:
                found[member] = members[member](element, member)
        return {member: element for member, element in found.items() if element is not None}

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


def _seconds(value: Any, name: str) -> Any:
    milliseconds = _milliseconds(value, name)
    return None if milliseconds is None else milliseconds / 1000


def _scalar_reader(*, may_be_empty: bool) -> _Reader:
    def read(value: Any, name: str) -> Any:
        if isinstance(value, dict | list):
            raise UnusableRecordError(f"{name} is not a single value")
        return None if value == "" and not may_be_empty else value

    return read
