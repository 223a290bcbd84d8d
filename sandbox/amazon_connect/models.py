"""Extend moto's Amazon Connect with contacts: SearchContacts, DescribeContact, GetContactAttributes and the directory.

moto finds `urls.py` and `responses.py` beside the module that defines a backend.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from moto.connect.models import ConnectBackend, Instance, connect_backends

from sandbox.amazon_connect.behaviour import RETENTION_DAYS, Behaviour
from sandbox.amazon_connect.constraints import check
from sandbox.amazon_connect.contact_description import find_contact
from sandbox.amazon_connect.contact_store import TIMESTAMPS, ContactStore
from sandbox.amazon_connect.criteria import Condition, build_condition, join_all
from sandbox.amazon_connect.directory import Directory, Resource
from sandbox.amazon_connect.errors import (
    ConnectError,
    invalid_parameter,
    invalid_request,
    resource_not_found,
    throttling,
)
from sandbox.amazon_connect.next_token import TokenPosition, read_token, write_token
from sandbox.amazon_connect.request_quota import RequestQuota

LONGEST_WINDOW = 8 * 7 * 24 * 3600  # seconds
RETENTION = RETENTION_DAYS * 24 * 3600  # seconds
MOST_RESULTS = 10_000
DEFAULT_PAGE = 100
BURSTS = {"SearchContacts": 1, "ListQueues": 5, "ListUsers": 5, "DescribeContact": 15, "GetContactAttributes": 15}

_SORT_COLUMNS = TIMESTAMPS | {
    "INITIATION_METHOD": "initiation_method",
    "CHANNEL": "channel",
    "EXPIRY_TIMESTAMP": "expiry_timestamp",
}


class SearchableConnectBackend(ConnectBackend):
    """Serve one account and region of Amazon Connect, where one of the instances has contacts.

    Attributes:
        behaviour: Switches of the stand-in, which may be changed at any time.
        quotas: Counts of calls and token buckets by operation.
        contacts: Contacts of the searchable instance.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.behaviour = Behaviour()
        self.quotas = {operation: RequestQuota(burst) for operation, burst in BURSTS.items()}
        self.searchable_instance = ""
        self.contacts = ContactStore()

    @property
    def quota(self) -> RequestQuota:
        """Return the quota of SearchContacts."""
        return self.quotas["SearchContacts"]

    @property
    def directory(self) -> Directory:
        """Return the queues and users of the searchable instance."""
        return self.contacts.directory

    def add_instance(self, arn: str) -> None:
        """Add the instance that the contacts belong to."""
        instance = Instance("CONNECT_MANAGED", True, True, self.account_id, self.region_name, "sandbox")
        instance.arn, instance.id = arn, arn.rsplit("/", 1)[-1]
        self.instances[instance.id] = instance
        self.searchable_instance = instance.id

    def search_contacts(self, request: Any) -> str:
        """Return the response as JSON text, or raise a modelled exception."""
        self._admit("SearchContacts", request)
        self._check_window(request["TimeRange"])
        return self._search(request)

    def list_queues(self, request: Mapping[str, Any]) -> str:
        """List standard queues, and the personal queue of each user, which has no name.

        Returns:
            The response as JSON text.
        """
        self._admit("ListQueues", request)
        types = request.get("QueueTypes") or ("STANDARD", "AGENT")
        standard = [
            self._summarize(queue, "queue") | {"Name": queue.name, "QueueType": "STANDARD"}
            for queue in self.directory.queues()
        ]
        personal = [self._summarize(user, "queue/agent") | {"QueueType": "AGENT"} for user in self.directory.users()]
        summaries = [summary for summary in standard + personal if summary["QueueType"] in types]
        return self._list_page("ListQueues", request, "QueueSummaryList", summaries)

    def list_users(self, request: Mapping[str, Any]) -> str:
        """Return a page of the users as JSON text."""
        self._admit("ListUsers", request)
        summaries = [self._summarize(user, "agent") | {"Username": user.name} for user in self.directory.users()]
        return self._list_page("ListUsers", request, "UserSummaryList", summaries)

    def describe_contact(self, request: Mapping[str, Any]) -> str:
        """Return a contact as JSON text."""
        self._admit("DescribeContact", request)
        contact = self._find_contact(request["ContactId"])
        if not self.behaviour.attributes_in_contact:
            contact.pop("Attributes", None)
        return json.dumps({"Contact": contact})

    def get_contact_attributes(self, request: Mapping[str, Any]) -> str:
        """Return the attributes of a contact as JSON text."""
        self._admit("GetContactAttributes", request)
        contact = self._find_contact(request["InitialContactId"])
        return json.dumps({"Attributes": contact.get("Attributes", {})})

    def _admit(self, operation: str, request: Any) -> None:
        """Raise the modelled exception for a call over the quota, an invalid request or an unknown instance."""
        if not self.quotas[operation].allows(self.behaviour.quota_for(operation)):
            raise throttling()
        check(request, operation)
        if request["InstanceId"] != self.searchable_instance:
            raise resource_not_found(f"Instance {request['InstanceId']} does not exist")

    def _oldest(self) -> int:
        """Return the initiation timestamp, in milliseconds, before which contacts are deleted."""
        return round((time.time() - RETENTION) * 1000)

    def _find_contact(self, contact_id: str) -> dict[str, Any]:
        instance_arn = self.instances[self.searchable_instance].arn
        contact = find_contact(self.contacts, contact_id, instance_arn, self._oldest())
        if contact is None:
            raise resource_not_found(f"Contact {contact_id} does not exist")
        return contact

    def _summarize(self, resource: Resource, path: str) -> dict[str, Any]:
        """Build the members that QueueSummary and UserSummary have in common."""
        return {
            "Id": resource.id,
            "Arn": f"{self.instances[self.searchable_instance].arn}/{path}/{resource.id}",
            "LastModifiedTime": resource.last_modified,
            "LastModifiedRegion": self.region_name,
        }

    def _list_page(self, operation: str, request: Mapping[str, Any], member: str, summaries: list[Any]) -> str:
        """Return the page of summaries, in the order of their ARNs, that follows the ARN in the NextToken."""
        [last_arn] = read_token(operation, request, self.behaviour.token_life) or [""]
        remaining = sorted(
            (summary for summary in summaries if summary["Arn"] > last_arn), key=lambda summary: summary["Arn"]
        )
        page = remaining[: request.get("MaxResults", DEFAULT_PAGE)]
        response: dict[str, Any] = {member: page}
        if len(page) < len(remaining):
            response["NextToken"] = write_token(operation, request, [page[-1]["Arn"]])
        return json.dumps(response)

    def _check_window(self, time_range: Mapping[str, Any]) -> None:
        length = time_range["EndTime"] - time_range["StartTime"]
        if length < 0:
            raise invalid_parameter("TimeRange must not end before it starts")
        if length > LONGEST_WINDOW:
            raise ConnectError(self.behaviour.window_exception, "TimeRange must not span more than 8 weeks")

    def _search(self, request: Mapping[str, Any]) -> str:
        found = self._build_condition(request)
        key, descending = _build_sort_key(request)
        token_position = read_token("SearchContacts", request, self.behaviour.token_life)
        position = TokenPosition(*token_position) if token_position else None
        returned = position.returned if position else 0
        if returned >= MOST_RESULTS:
            raise invalid_request(f"Only the first {MOST_RESULTS} results of a search can be retrieved")
        where, values = f"FROM contacts WHERE {found.sql}", list(found.values)
        total = position.total if position else self.contacts.query(f"SELECT count(*) {where}", values)[0][0]
        if position:
            where += f" AND ({key}, row) {'<' if descending else '>'} (?, ?)"
            values += [position.key, position.row]
        limit = min(request.get("MaxResults", DEFAULT_PAGE), MOST_RESULTS - returned)
        order = "DESC" if descending else "ASC"
        rows = self.contacts.query(
            f"SELECT {key}, row, summary {where} ORDER BY {key} {order}, row {order} LIMIT ?", [*values, limit + 1]
        )
        next_position = None
        if len(rows) > limit:
            last_key, last_row, _ = rows[limit - 1]
            next_position = TokenPosition(last_key, last_row, returned + limit, total)
        return self._write_results(request, [summary for _, _, summary in rows[:limit]], total, next_position)

    def _build_condition(self, request: Mapping[str, Any]) -> Condition:
        time_range = request["TimeRange"]
        # The plus stops SQLite from using an index for a condition that almost every contact fulfils.
        conditions = [
            build_condition(time_range, request.get("SearchCriteria", {})),
            Condition("+initiation_timestamp >= ?", (self._oldest(),)),
        ]
        if self.behaviour.searchable_after:
            latest = time.time() - self.behaviour.searchable_after.total_seconds()
            type_ = time_range["Type"]
            column = "initiation_timestamp" if type_ == "SCHEDULED_TIMESTAMP" else TIMESTAMPS[type_]
            conditions.append(Condition(f"+{column} <= ?", (round(latest * 1000),)))
        return join_all(conditions)

    def _write_results(
        self, request: Mapping[str, Any], summaries: list[str], total: int, next_position: TokenPosition | None
    ) -> str:
        """Join the summaries, which are JSON text already."""
        shown_total = min(total, MOST_RESULTS) if self.behaviour.total_count == "capped" else total
        members = [f'"Contacts":[{",".join(summaries)}]', f'"TotalCount":{shown_total}']
        if next_position and (next_position.returned < MOST_RESULTS or self.behaviour.at_result_limit == "error"):
            token = write_token("SearchContacts", request, next_position, self.behaviour.token_length)
            members.append(f'"NextToken":"{token}"')
        return f"{{{','.join(members)}}}"


def _build_sort_key(request: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the SQL of the sort key and whether the order is descending. Contacts without the key come last.

    AWS does not document the order of a search without Sort. Here the latest contacts come first.
    """
    window_field = request["TimeRange"]["Type"]
    sort = request.get("Sort") or {"FieldName": window_field, "Order": "DESCENDING"}
    descending = sort["Order"] == "DESCENDING"
    column = _SORT_COLUMNS[sort["FieldName"]]
    if sort["FieldName"] == window_field:
        return column, descending  # every contact in the window has the key, so its index can give the order
    last = "''" if descending else "char(1114111)"
    if column.endswith("timestamp"):
        last = "-1" if descending else str(1 << 62)
    return f"coalesce({column}, {last})", descending


connect_backends.backend = SearchableConnectBackend
connect_backends.clear()
