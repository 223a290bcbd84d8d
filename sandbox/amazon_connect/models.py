"""moto's Amazon Connect, with SearchContacts.

moto finds `urls.py` and `responses.py` beside the module that a backend is defined in.
"""

import time
from collections.abc import Mapping
from typing import Any

from moto.connect.models import ConnectBackend, Instance, connect_backends

from sandbox.amazon_connect import next_token
from sandbox.amazon_connect.behaviour import RETENTION_DAYS, Behaviour
from sandbox.amazon_connect.constraints import check
from sandbox.amazon_connect.contact_store import TIMESTAMPS, ContactStore
from sandbox.amazon_connect.criteria import condition_of
from sandbox.amazon_connect.errors import (
    ConnectError,
    invalid_parameter,
    invalid_request,
    resource_not_found,
    throttling,
)
from sandbox.amazon_connect.quota import Quota

LONGEST_WINDOW = 8 * 7 * 24 * 3600
RETENTION = RETENTION_DAYS * 24 * 3600
MOST_RESULTS = 10_000
DEFAULT_PAGE = 100

_SORT_COLUMNS = TIMESTAMPS | {
    "INITIATION_METHOD": "initiation_method",
    "CHANNEL": "channel",
    "EXPIRY_TIMESTAMP": "expiry_timestamp",
}


class SearchableConnectBackend(ConnectBackend):
    """One account and region of Amazon Connect, of whose instances one has contacts to search."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.behaviour = Behaviour()
        self.quota = Quota()
        self.searchable_instance = ""
        self.contacts = ContactStore()

    def add_instance(self, arn: str) -> None:
        """The instance that the contacts belong to."""
        instance = Instance("CONNECT_MANAGED", True, True, self.account_id, self.region_name, "sandbox")
        instance.arn, instance.id = arn, arn.rsplit("/", 1)[-1]
        self.instances[instance.id] = instance
        self.searchable_instance = instance.id

    def search_contacts(self, request: Any) -> str:
        """SearchContacts: the request's JSON in, the response as JSON text out; raises the modelled exceptions."""
        if not self.quota.allows(self.behaviour.quota):
            raise throttling()
        check(request)
        if request["InstanceId"] != self.searchable_instance:
            raise resource_not_found(f"Instance {request['InstanceId']} does not exist")
        self._check_window(request["TimeRange"])
        return self._page(request)

    def _check_window(self, time_range: Mapping[str, Any]) -> None:
        length = time_range["EndTime"] - time_range["StartTime"]
        if length < 0:
            raise invalid_parameter("TimeRange must not end before it starts")
        if length > LONGEST_WINDOW:
            raise ConnectError(self.behaviour.window_exception, "TimeRange must not span more than 8 weeks")

    def _page(self, request: Mapping[str, Any]) -> str:
        matches = condition_of(request["TimeRange"], request.get("SearchCriteria", {}))
        key, descending = _sort_key(request)
        after = self._position(request)
        given = after.given if after else 0
        if given >= MOST_RESULTS:
            raise invalid_request(f"Only the first {MOST_RESULTS} results of a search can be retrieved")
        # The plus keeps SQLite from searching by this condition, which almost every contact fulfils.
        where = f"FROM contacts WHERE {matches.sql} AND +initiation_timestamp >= ?"
        values = [*matches.values, round((time.time() - RETENTION) * 1000)]
        total = after.total if after else self.contacts.query(f"SELECT count(*) {where}", values)[0][0]
        if after:
            where += f" AND ({key}, row) {'<' if descending else '>'} (?, ?)"
            values += [after.key, after.row]
        most = min(request.get("MaxResults", DEFAULT_PAGE), MOST_RESULTS - given)
        order = "DESC" if descending else "ASC"
        rows = self.contacts.query(
            f"SELECT {key}, row, summary {where} ORDER BY {key} {order}, row {order} LIMIT ?",
            [*values, most + 1],
        )
        summaries = ",".join(summary for _, _, summary in rows[:most])
        shown = min(total, MOST_RESULTS) if self.behaviour.total_count == "capped" else total
        members = [f'"Contacts":[{summaries}]', f'"TotalCount":{shown}']
        ends = given + most >= MOST_RESULTS and self.behaviour.at_result_limit == "end"
        if len(rows) > most and not ends:
            last_key, last_row, _ = rows[most - 1]
            position = next_token.Position(last_key, last_row, given + most, total)
            members.append(f'"NextToken":"{next_token.write(position, request, self.behaviour)}"')
        return f"{{{','.join(members)}}}"

    def _position(self, request: Mapping[str, Any]) -> next_token.Position | None:
        token = request.get("NextToken")
        return next_token.read(token, request, self.behaviour) if token else None


def _sort_key(request: Mapping[str, Any]) -> tuple[str, bool]:
    """The SQL of the key to sort by, and whether it descends. Contacts without a key come last either way.

    Without Sort, which order Connect gives is not documented: the newest come first here.
    """
    window_field = request["TimeRange"]["Type"]
    sort = request.get("Sort") or {"FieldName": window_field, "Order": "DESCENDING"}
    descending = sort["Order"] == "DESCENDING"
    column = _SORT_COLUMNS[sort["FieldName"]]
    if sort["FieldName"] == window_field:
        return column, descending  # every contact in the window has one, so its index gives the order
    last = "''" if descending else "char(1114111)"
    if column.endswith("timestamp"):
        last = "-1" if descending else str(1 << 62)
    return f"coalesce({column}, {last})", descending


connect_backends.backend = SearchableConnectBackend
connect_backends.clear()
