"""Translate between the names of queues and agents, which people know, and the ids that Amazon Connect searches by."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from contact_search.amazon_connect.connect import Patience
from contact_search.amazon_connect.directory import (
    LONGEST_READ,
    Directory,
    DirectoryUnavailableError,
    NameIndex,
    Snapshot,
)
from contact_search.search.faults import Fault, InvalidSearchError
from contact_search.search.grants import ForbiddenError, Grant
from contact_search.search.model import Search
from contact_search.search.walk import Page

if TYPE_CHECKING:
    from contact_search.amazon_connect.contact import Contact
    from contact_search.amazon_connect.contact_details import ContactDetails

MAX_IDS = 100  # QueueIds and AgentIds of SearchContacts
# To find the most similar of 10,000 names takes up to 50 ms of CPU.
_MOST_SUGGESTIONS = 3
# Names are added at this time after the start of a request at the latest: it has 29 s.
_LATEST_EXPANSION = 24.0  # seconds


class Kind(NamedTuple):
    """What differs between queues and agents."""

    parameter: str
    member: str
    field: str


QUEUE = Kind("queue", "QueueIds", "queue_info")
AGENT = Kind("agent", "AgentIds", "agent_info")


def resolve(search: Search, grant: Grant, directory: Directory) -> Search:
    """Add the ids of the queues and agents that the search names.

    For a client that is limited in queues, all names but those of its own queues are the same, and likewise for agents:
    the response tells it nothing about the others, and nor does the time that it takes.

    Raises:
        InvalidSearchError: A name is unknown, or there are too many ids.
        ForbiddenError: A name is not one of the client's own.
        DirectoryUnavailableError: No names are known.
    """
    names_by_kind = {QUEUE: search.queue_names, AGENT: search.agent_names}
    asked = {kind: names for kind, names in names_by_kind.items() if names}
    if not asked:
        return search
    hidden = [kind.parameter for kind in asked if not grant.has_field(kind.field)]
    if hidden:
        raise ForbiddenError(hidden, "parameter")
    snapshot = _snapshot_for(search, grant, directory)
    faults: list[Fault] = []
    criteria, forbidden = dict(search.criteria), []
    for kind, names in asked.items():
        known, granted = _known(snapshot, kind), granted_ids(grant, kind)
        found, unknown = _find_ids(names, known, granted)
        if unknown and granted is not None:
            forbidden.append(kind.parameter)
        elif unknown:
            faults += _unknown_names(kind, known, unknown)
        ids = sorted({*criteria.get(kind.member, ()), *found})
        if len(ids) > MAX_IDS:
            detail = f"stands for too many ids: with `{kind.parameter}_id`, there may be {MAX_IDS} at most"
            faults.append(Fault(kind.parameter, "too_many", detail))
        criteria[kind.member] = ids
    if forbidden:
        raise ForbiddenError(forbidden, "parameter")
    if faults:
        raise InvalidSearchError(faults, "parameter")
    return replace(search, criteria=criteria)


def expand(page: Page, search: Search, directory: Directory, patience: Patience) -> Page:
    """Add names to the contacts of a page, as the search asks for. Leave out fields that the page does not show."""
    kinds = kinds_to_expand(search)
    return page if add_names(page.contacts, kinds, directory, patience) else replace(page, expanded=False)


def kinds_to_expand(search: Search) -> list[Kind]:
    """Return the kinds of names that the search asks for and its pages show."""
    return [kind for kind in (QUEUE, AGENT) if _expands(search, kind)]


def add_names(
    contacts: "Sequence[Contact | ContactDetails]", kinds: Collection[Kind], directory: Directory, patience: Patience
) -> bool:
    """Add the names of their queues or agents to contacts. Return False if names are not to be had at the moment.

    The contacts are changed in place: Connect's response is parsed anew for every request, and to copy them would take
    longer than to look up their names.
    """
    queues = [contact.queue_info for contact in contacts if contact.queue_info] if QUEUE in kinds else []
    agents = [contact.agent_info for contact in contacts if contact.agent_info] if AGENT in kinds else []
    if not queues and not agents:
        return True
    wait = min(LONGEST_READ, patience.started + _LATEST_EXPANSION - time.monotonic())
    queue_ids, agent_ids = {queue.id for queue in queues if queue.id}, {agent.id for agent in agents if agent.id}
    try:
        snapshot = directory.snapshot_with(queue_ids, agent_ids, max(wait, 0))
    except DirectoryUnavailableError:
        return False
    # Assignment by `object` leaves out what pydantic does beside it, which would take longer than all else here.
    for queue in queues:
        object.__setattr__(queue, "name", snapshot.queues.name_by_id.get(queue.id or ""))
    for agent in agents:
        object.__setattr__(agent, "username", snapshot.agents.name_by_id.get(agent.id or ""))
    return True


def _expands(search: Search, kind: Kind) -> bool:
    return kind.parameter in search.expand and (not search.fields or kind.field in search.fields)


def _snapshot_for(search: Search, grant: Grant, directory: Directory) -> Snapshot:
    """Return a snapshot with all that a limited client may name, and with the names that an unlimited one asks for."""
    queue_ids = grant.queue_ids if search.queue_names and grant.queue_ids else ()
    agent_ids = grant.agent_ids if search.agent_names and grant.agent_ids else ()
    snapshot = directory.snapshot_with(queue_ids, agent_ids)
    has_unknown = (grant.queue_ids is None and not _all_known(snapshot.queues, search.queue_names)) or (
        grant.agent_ids is None and not _all_known(snapshot.agents, search.agent_names)
    )
    return directory.newer_than(snapshot) if has_unknown else snapshot


def _all_known(known: NameIndex, names: Sequence[str]) -> bool:
    return all(map(known.ids, names))


def _known(snapshot: Snapshot, kind: Kind) -> NameIndex:
    return snapshot.queues if kind is QUEUE else snapshot.agents


def granted_ids(grant: Grant, kind: Kind) -> list[str] | None:
    return grant.queue_ids if kind is QUEUE else grant.agent_ids


def _find_ids(names: Sequence[str], known: NameIndex, granted: list[str] | None) -> tuple[set[str], list[str]]:
    """Return the ids with these names, as far as they are granted, and the names that have none."""
    ids_by_name = {name: {id_ for id_ in known.ids(name) if granted is None or id_ in granted} for name in names}
    return set().union(*ids_by_name.values()), [name for name, ids in ids_by_name.items() if not ids]


def _unknown_names(kind: Kind, known: NameIndex, names: Sequence[str]) -> Iterator[Fault]:
    noun = "the name of a queue" if kind is QUEUE else "the username of an agent"
    for number, name in enumerate(names):
        nearest = known.nearest(name) if number < _MOST_SUGGESTIONS else None
        suggestion = f"; did you mean `{nearest}`?" if nearest else ""
        yield Fault(kind.parameter, "unknown_name", f"is not {noun}{suggestion}")
