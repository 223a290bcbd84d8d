"""Get one contact, as far as its caller may see it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from contact_search.amazon_connect.connect import Patience, Result
from contact_search.amazon_connect.contact import AgentInfo
from contact_search.amazon_connect.contact_details import AGENT_FIELDS, FIELDS, ContactDetails
from contact_search.amazon_connect.contact_reader import ContactReader
from contact_search.amazon_connect.directory import Directory
from contact_search.amazon_connect.errors import ContactNotFoundError
from contact_search.search import members as m
from contact_search.search.faults import invalid_value
from contact_search.search.grants import ForbiddenError, Grant, is_granted
from contact_search.search.names import AGENT, QUEUE, add_names
from contact_search.search.parameters import parse_parameters

# Connect's ids are UUIDs, which the service model does not promise. It would take "..", for another path of its own.
_CONTACT_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")


def _check_field(value: Any) -> str:
    if isinstance(value, str) and value in FIELDS:
        return value
    raise invalid_value("unknown_value", f"must be a field of a contact: {', '.join(FIELDS)}")


_Field = Annotated[str, PlainValidator(_check_field), WithJsonSchema({"type": "string", "enum": list(FIELDS)})]


class ContactParameters(BaseModel):
    """The query parameters of GET /v1/contacts/{id}."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    fields: list[_Field] = Field(
        default_factory=list,
        description="The fields of the contact to return; `id` is always returned. All that the client is granted if it"
        " is missing.",
        examples=[["channel", "customer_endpoint"]],
    )
    expand: list[m.ContactExpansion] = Field(
        default_factory=list,
        description="`queue` adds `queue_info.name`, `agent` adds `agent_info.username`, `attributes` adds the"
        " contact's attributes.",
        examples=[["queue", "agent", "attributes"]],
    )


@dataclass(frozen=True)
class ContactRequest:
    """What a caller asks for.

    Attributes:
        fields: Top-level fields to return, empty for all.
        expand: What to add: "queue", "agent", "attributes".
        requested_at: The time by which the age of the contact is judged.
    """

    contact_id: str
    fields: frozenset[str]
    expand: frozenset[str]
    grant: Grant
    requested_at: datetime

    def shows(self, field: str) -> bool:
        """Tell whether the field is asked for and granted."""
        return (not self.fields or field in self.fields) and self.grant.has_field(field)

    @property
    def include(self) -> dict[str, Any]:
        """The members to write, as pydantic's `include`."""
        names = {"id", "expanded", *(name for name in FIELDS if self.shows(name))}
        include: dict[str, Any] = dict.fromkeys(names, True)
        agent_fields = granted_agent_fields(self.grant)
        if agent_fields and (not self.fields or "agent_info" in self.fields):
            include["agent_info"] = agent_fields
        return include


def parse(contact_id: str, query: Mapping[str, Sequence[str]], grant: Grant, now: datetime) -> ContactRequest:
    """Validate a request.

    Raises:
        InvalidSearchError: Some parameters are invalid. It has every fault.
        ForbiddenError: It asks for fields that are not granted.
        ContactNotFoundError: No contact can have this id.
    """
    parameters = parse_parameters(ContactParameters, query)
    fields = frozenset(parameters.fields)
    if not all(grant.has_field(field) or (field == "agent_info" and granted_agent_fields(grant)) for field in fields):
        raise ForbiddenError(["fields"], "parameter")
    if not _CONTACT_ID.fullmatch(contact_id):
        raise ContactNotFoundError("MalformedId")
    return ContactRequest(contact_id, fields, frozenset(parameters.expand), grant, now)


def loggable_parameters(query: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names of the parameters, "unknown" for those that do not exist: they may be data."""
    return sorted({name if name in ContactParameters.model_fields else "unknown" for name in query})


def fetch(
    request: ContactRequest, reader: ContactReader, directory: Directory, patience: Patience
) -> Result[ContactDetails]:
    """Return the contact with what is to be added to it. It still has members that are not to be written.

    Whether the contact exists and whether it is granted is decided by the same call, so that neither the response nor
    its time tells a contact that the caller may not see from one that does not exist.

    Raises:
        ContactNotFoundError: The contact does not exist, or the caller may not see it.
        ConnectError: A call failed.
    """
    described = reader.describe(request.contact_id, patience)
    contact = described.response
    if not is_granted(contact, request.grant, request.requested_at):
        raise ContactNotFoundError("NotGranted")
    oldest: Result[Any] = described
    if "attributes" in request.expand and request.shows("attributes"):
        attributes = _fetch_attributes(contact.initial_contact_id or request.contact_id, reader, patience)
        keys = request.grant.attribute_keys
        contact.attributes = {key: value for key, value in attributes.response.items() if keys is None or key in keys}
        oldest = max(described, attributes, key=lambda result: result.age or 0)
    kinds = [kind for kind in (QUEUE, AGENT) if kind.parameter in request.expand and request.shows(kind.field)]
    if not add_names([contact], kinds, directory, patience):
        contact.expanded = False
    agent_fields = granted_agent_fields(request.grant)
    if agent_fields and not any(getattr(contact.agent_info, name, None) is not None for name in agent_fields):
        contact.agent_info = None  # an empty object would tell that there is an agent
    return replace(oldest, response=contact)


def granted_agent_fields(grant: Grant) -> set[str]:
    """Return the members of agent_info that are granted, empty if it is granted as a whole or not at all."""
    if grant.fields is None:
        return set()
    beyond_search = {name for name in AGENT_FIELDS if f"agent_info.{name}" in grant.fields}
    return beyond_search | (set(AgentInfo.model_fields) if "agent_info" in grant.fields else set())


def _fetch_attributes(initial_contact_id: str, reader: ContactReader, patience: Patience) -> Result[dict[str, str]]:
    """Return the attributes of a conversation. One that Connect no longer knows has none."""
    try:
        return reader.attributes(initial_contact_id, patience)
    except ContactNotFoundError:
        return Result({}, 0, None, "fwd=miss")
