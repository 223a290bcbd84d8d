"""The client: iterate over contacts, follow them, export them."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack
from urllib.parse import quote

import httpx
from pydantic_core import to_jsonable_python

from contact_search_client.errors import ExportError
from contact_search_client.export_file import ExportFile, download, open_export_file
from contact_search_client.models import (
    Agent,
    AgentList,
    Contact,
    ContactDetails,
    Export,
    ExportList,
    ExportRequest,
    Me,
    Page,
    Queue,
    QueueList,
    SearchRequest,
    Total,
)
from contact_search_client.parameters import NAMES, ContactsQuery
from contact_search_client.transport import Transport, encode_query

_DOWNLOADS = 5  # of one part, until it is damaged for good
_FIRST_INTERVAL, _LONGEST_INTERVAL = 0.5, 15.0  # seconds between two looks at an export

_List = TypeVar("_List", QueueList, AgentList, ExportList)


class ContactSearch:
    """A client of the service at an address.

    Args:
        url: The address, such as https://contacts.example.com.
        api_key: The API key of the client.
        token: In place of a key, an access token, or a function that returns the current one.
        timeout: Seconds in which an answer has to begin.
        max_wait: Seconds that a request may be repeated for, if the service asks to wait (429) or is away.
        http: An httpx client with settings of your own, such as a proxy. You close it yourself.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | Callable[[], str] | None = None,
        timeout: float = 30,
        max_wait: float = 120,
        http: httpx.Client | None = None,
    ) -> None:
        self._http = http or httpx.Client(timeout=timeout)
        self._closes_http = http is None
        self._transport = Transport(url, api_key, token, max_wait, self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._closes_http:
            self._http.close()

    def contacts(self, **query: Unpack[ContactsQuery]) -> Iterator[Contact]:
        """Yield all contacts of a search: api.contacts(last="P7D", queue="billing")."""
        for page in self.pages(**query):
            yield from page.contacts

    def pages(self, **query: Unpack[ContactsQuery]) -> Iterator[Page]:
        """Yield the pages of a search, to the last one. Pass `cursor` to go on after a page."""
        sent: dict[str, Any] = {**query}
        while True:
            page = self._get_page(sent)
            yield page
            if page.next_cursor is None:
                return
            sent["cursor"] = page.next_cursor

    def search(self, request: SearchRequest | Mapping[str, Any]) -> Iterator[Contact]:
        """Yield all contacts of a search that query parameters cannot express."""
        for page in self.search_pages(request):
            yield from page.contacts

    def search_pages(self, request: SearchRequest | Mapping[str, Any]) -> Iterator[Page]:
        """Yield the pages of such a search, to the last one."""
        body = _to_body(request)
        while True:
            content = self._transport.send("POST", "/v1/contacts/search", body=json.dumps(body).encode())
            page = Page.model_validate_json(content)
            yield page
            if page.next_cursor is None:
                return
            body["cursor"] = page.next_cursor

    def count(self, **query: Unpack[ContactsQuery]) -> Total:
        """Count the contacts of a search."""
        return self._get_page({**query, "limit": 0}).total

    def follow(self, *, until_caught_up: bool = False, **query: Unpack[ContactsQuery]) -> Iterator[Page]:
        """Yield pages without an end, each contact once as it comes about.

        Store a page's contacts together with its `next_cursor`. After a crash, pass that as `cursor`.

        Args:
            until_caught_up: End with the page that has reached the end, for now.
            query: The search, with `from_` or `last`.
        """
        sent: dict[str, Any] = {**query, "follow": True}
        while True:
            page = self._get_page(sent)
            yield page
            if page.caught_up and until_caught_up:
                return
            sent["cursor"] = page.next_cursor
            if page.poll_after:
                time.sleep(page.poll_after)

    def contact(
        self,
        contact_id: str,
        *,
        expand: Sequence[Literal["queue", "agent", "attributes"]] = (),
        fields: Sequence[str] = (),
    ) -> ContactDetails:
        """Return one contact, with all that Amazon Connect knows of it.

        Raises:
            NotFoundError: It does not exist, or the client may not see it.
        """
        query = encode_query({"expand": expand, "fields": fields}, {})
        content = self._transport.send("GET", f"/v1/contacts/{quote(contact_id, safe='')}", query=query)
        return ContactDetails.model_validate_json(content)

    def queues(self, name: str | None = None) -> Iterator[Queue]:
        """Yield the queues that the client may see, or those whose names contain a text."""
        for page in self._lists("/v1/queues", QueueList, {"name": name, "limit": 1000}):
            yield from page.queues

    def agents(self, name: str | None = None) -> Iterator[Agent]:
        """Yield the agents that the client may see, or those whose usernames contain a text."""
        for page in self._lists("/v1/agents", AgentList, {"name": name, "limit": 1000}):
            yield from page.agents

    def me(self) -> Me:
        """Return who the client is and what it is granted."""
        return Me.model_validate_json(self._transport.send("GET", "/v1/me"))

    def export(
        self,
        request: ExportRequest | Mapping[str, Any],
        path: str | PathLike[str],
        *,
        on_progress: Callable[[Export], None] | None = None,
    ) -> Export:
        """Export all contacts of a search into a file, and return the export when it is complete.

        Args:
            request: The search, with `format` ("ndjson" or "csv").
            path: Of the file. It is there when all contacts are in it; with `.gz` at its end it is compressed.
            on_progress: Is called with the export whenever the service was asked how far it is.

        Raises:
            ExportError: The export failed or was deleted, or its parts are damaged.
        """
        export = self.create_export(request)
        with open_export_file(Path(path), has_headers=export.format == "csv") as file:
            interval = _FIRST_INTERVAL
            while True:
                if on_progress is not None:
                    on_progress(export)
                self._download_new_parts(export, file)
                if export.status not in {"queued", "running"}:
                    break
                time.sleep(interval)
                interval = min(1.5 * interval, _LONGEST_INTERVAL)
                export = self.get_export(export.id)
            if export.status != "succeeded":
                reason = export.problem.detail if export.problem else f"Its status is {export.status}."
                raise ExportError(f"The export {export.id} has not succeeded. {reason}", export)
        return export

    def create_export(
        self, request: ExportRequest | Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Export:
        """Create an export. The same key with the same request is the same export for 24 hours."""
        headers = {"idempotency-key": idempotency_key or str(uuid.uuid4())}
        body = json.dumps(_to_body(request)).encode()
        return Export.model_validate_json(self._transport.send("POST", "/v1/exports", body=body, headers=headers))

    def get_export(self, export_id: str) -> Export:
        """Return an export with new URLs of its parts."""
        return Export.model_validate_json(self._transport.send("GET", f"/v1/exports/{quote(export_id, safe='')}"))

    def exports(self) -> Iterator[Export]:
        """Yield the client's exports without their parts, newest first."""
        for page in self._lists("/v1/exports", ExportList, {"limit": 100}):
            yield from page.exports

    def delete_export(self, export_id: str) -> None:
        """End an export and remove its files."""
        self._transport.send("DELETE", f"/v1/exports/{quote(export_id, safe='')}")

    def _download_new_parts(self, export: Export, file: ExportFile) -> None:
        failures = 0
        while file.parts < len(export.parts or ()):
            content = download(self._http, (export.parts or [])[file.parts])
            if content is not None:
                if not file.append(content):
                    raise ExportError(f"The columns have changed in part {file.parts + 1}: export again", export)
                failures = 0
                continue
            failures += 1
            if failures == _DOWNLOADS:
                raise ExportError(f"Part {file.parts + 1} cannot be downloaded, or is damaged", export)
            time.sleep(failures * _FIRST_INTERVAL)
            export = self.get_export(export.id)  # URLs are good for 15 minutes

    def _get_page(self, query: Mapping[str, Any]) -> Page:
        content = self._transport.send("GET", "/v1/contacts", query=encode_query(query, NAMES))
        return Page.model_validate_json(content)

    def _lists(self, path: str, model: type[_List], query: Mapping[str, Any]) -> Iterator[_List]:
        sent = dict(query)
        while True:
            page = model.model_validate_json(self._transport.send("GET", path, query=encode_query(sent, {})))
            yield page
            if page.next_cursor is None:
                return
            sent["cursor"] = page.next_cursor


def _to_body(request: SearchRequest | ExportRequest | Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = to_jsonable_python(request, exclude_none=True)
    return body
