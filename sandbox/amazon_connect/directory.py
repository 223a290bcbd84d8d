"""Keep the queues and users of the instance, for ListQueues and ListUsers."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf


@dataclass
class Resource:
    """Describe a queue or a user.

    Attributes:
        last_modified: Seconds since the epoch.
    """

    id: str
    name: str
    last_modified: float


class Directory:
    """Learn queues and users from contact records, and let tests add, rename and delete them.

    The name of a queue or user is the one in the most recently updated contact record. Every queue and user of Connect
    has a name: if no record has it, it is the id. A change by a test outlasts whatever contact records say afterwards.
    """

    def __init__(self) -> None:
        self._queues, self._users = _Resources(), _Resources()

    def queues(self) -> list[Resource]:
        """Return the standard queues."""
        return list(self._queues)

    def users(self) -> list[Resource]:
        """Return the users. Each of them also has a personal queue with the same id (queue type AGENT)."""
        return list(self._users)

    def learn_queue(self, queue_id: str, name: str | None, at: float) -> None:
        """Add a queue that a contact record refers to; `at` is the record's time in seconds since the epoch."""
        self._queues.learn(queue_id, name, at)

    def learn_user(self, user_id: str, username: str | None, at: float) -> None:
        """Add a user that a contact record refers to; `at` is the record's time in seconds since the epoch."""
        self._users.learn(user_id, username, at)

    def add_queue(self, queue_id: str, name: str) -> None:
        self._queues.set(queue_id, name)

    def add_user(self, user_id: str, username: str) -> None:
        self._users.set(user_id, username)

    def rename_queue(self, queue_id: str, name: str) -> None:
        """Rename a queue. Raise KeyError if it does not exist."""
        self._queues.rename(queue_id, name)

    def rename_user(self, user_id: str, username: str) -> None:
        """Rename a user. Raise KeyError if it does not exist."""
        self._users.rename(user_id, username)

    def delete_queue(self, queue_id: str) -> None:
        """Delete a queue, but not its contacts. Raise KeyError if it does not exist."""
        self._queues.delete(queue_id)

    def delete_user(self, user_id: str) -> None:
        """Delete a user, but not its contacts. Raise KeyError if it does not exist."""
        self._users.delete(user_id)


class _Resources:
    """Hold resources by id. Safe to iterate while another thread changes them: iteration works on a copy."""

    def __init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        self._named_at: dict[str, float] = {}  # time of the record that a name comes from; inf once a test decides

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_id.values()))

    def learn(self, resource_id: str, name: str | None, at: float) -> None:
        known = self._by_id.get(resource_id)
        if known is None:
            if self._named_at.get(resource_id) != inf:  # it was not deleted
                self._by_id[resource_id] = Resource(resource_id, name or resource_id, at)
                self._named_at[resource_id] = at if name else -inf
        elif not name or self._named_at[resource_id] == inf:
            return
        elif name == known.name:
            known.last_modified = min(known.last_modified, at)
            self._named_at[resource_id] = max(self._named_at[resource_id], at)
        elif at >= self._named_at[resource_id]:
            known.name, known.last_modified = name, at
            self._named_at[resource_id] = at

    def set(self, resource_id: str, name: str) -> None:
        self._by_id[resource_id] = Resource(resource_id, name, time.time())
        self._named_at[resource_id] = inf

    def rename(self, resource_id: str, name: str) -> None:
        if resource_id not in self._by_id:
            raise KeyError(resource_id)
        self.set(resource_id, name)

    def delete(self, resource_id: str) -> None:
        del self._by_id[resource_id]
        self._named_at[resource_id] = inf
