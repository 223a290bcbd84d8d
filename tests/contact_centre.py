"""A contact centre of a test's own: contacts of the stand-in, the requests that it gets, and the clock."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.aws_server import AwsServer
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.clock import Clock


@dataclass
class ContactCentre:
    """The stand-in's contacts, the requests that it gets, and the clock."""

    store: ContactStore
    clock: Clock
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time(), UTC)

    def add(self, contact_id: str, moment: datetime, **members: Any) -> None:
        """Add a contact with all timestamps at this moment, but for those given."""
        text = moment.isoformat(timespec="milliseconds")
        record = {
            "ContactId": contact_id,
            "InstanceARN": INSTANCE_ARN,
            "Channel": "VOICE",
            "InitiationTimestamp": text,
            "ScheduledTimestamp": text,
            "DisconnectTimestamp": text,
            "Agent": {"ConnectedToAgentTimestamp": text},
        }
        self.store.put([parse_contact_record(record | members)])


@contextmanager
def contact_centre(aws: AwsServer, clock: Clock, behaviour: Behaviour | None = None) -> Iterator[ContactCentre]:
    """Give the stand-in a contact centre without contacts, at NOW, where the clock stands still."""
    clock.stand_still()
    centre, connect = ContactCentre(ContactStore(), clock), aws.connect
    store, search = connect.contacts, connect.search_contacts

    def search_contacts(request: Any) -> str:
        centre.requests.append(request)
        return search(request)

    connect.contacts, connect.behaviour = centre.store, behaviour or Behaviour()
    connect.search_contacts = search_contacts  # type: ignore[method-assign]
    try:
        yield centre
    finally:
        centre.store.close()
        connect.contacts, connect.behaviour = store, Behaviour()
        connect.search_contacts = search  # type: ignore[method-assign]
