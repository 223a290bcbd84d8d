"""Bulk export: one request, and all contacts of a search are in files, each once and in the order of a walk."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from operations import registry
from operations.deployed import Deployed
from tests.canary import recorded
from tests.clock import NOW, TODAY, Clock
from tests.conftest import Answer, Api
from tests.service.conftest import Exports, contacts_of, download

WINDOW = {
    "type": "INITIATION_TIMESTAMP",
    "start_time": f"{TODAY - timedelta(days=85)}",
    "end_time": f"{TODAY}",
}
BODY: dict[str, Any] = {"time_range": WINDOW}
SMALL: dict[str, Any] = {"time_range": WINDOW, "search_criteria": {"channels": ["EMAIL"]}}


def walk(api: Api, body: dict[str, Any]) -> list[dict[str, Any]]:
    """All contacts of a search, page by page."""
    contacts: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        answer = api.post({name: value for name, value in body.items() if name != "format"} | {"limit": 100} | cursor)
        assert answer.status == 200, answer.text
        contacts += answer.json["contacts"]
        if answer.json["next_cursor"] is None:
            return contacts
        cursor = {"cursor": answer.json["next_cursor"]}


def test_an_export_begins_as_queued(exports: Exports) -> None:
    answer = exports.post(BODY)
    assert answer.status == 202
    export = answer.json
    assert answer.headers["location"] == f"/v1/exports/{export['id']}"
    assert answer.headers["cache-control"] == "private, no-store"
    created, expires = export.pop("created_at"), export.pop("expires_at")
    assert created.startswith(f"{TODAY}T14:30:")
    assert expires == created.replace(f"{TODAY}", f"{TODAY + timedelta(days=7)}")
    assert export == {
        "id": export["id"],
        "status": "queued",
        "format": "ndjson",
        "started_at": None,
        "ended_at": None,
        "contacts": 0,
        "total": None,
        "estimated_end_at": None,
        "parts": [],
    }


@pytest.mark.parametrize(
    "search",
    [
        BODY,
        {**BODY, "sort": {"field_name": "initiation_timestamp", "order": "ascending"}},
        {**BODY, "time_range": WINDOW | {"type": "ENQUEUE_TIMESTAMP"}},
        {**BODY, "search_criteria": {"channels": ["voice", "chat"]}, "fields": ["channel", "queue_info"]},
        {**BODY, "expand": ["queue", "agent"]},
        {**BODY, "max_items": 555},
        {
            **BODY,
            "time_range": WINDOW | {"start_time": f"{TODAY - timedelta(days=50)}"},
            "sort": {"field_name": "CHANNEL", "order": "ASCENDING"},
        },
    ],
    ids=["default", "ascending", "enqueue timestamp", "fields", "names", "max_items", "order that cannot restart"],
)
def test_the_parts_have_what_a_walk_has(exports: Exports, search: dict[str, Any]) -> None:
    export = exports.finish(exports.create(search))
    assert export["status"] == "succeeded"
    expected = walk(exports.api, search)
    assert len(expected) > 400
    assert contacts_of(export) == expected
    assert len(export["parts"]) == -(-len(expected) // 400)
    assert all(part["contacts"] == 400 for part in export["parts"][:-1])
    assert export["ended_at"] >= export["started_at"] >= export["created_at"]
    assert export["estimated_end_at"] is None
    assert "problem" not in export
    assert len(exports.files()) == len(export["parts"])


def test_each_line_of_ndjson_is_as_in_a_page(exports: Exports) -> None:
    export = exports.finish(exports.create(SMALL))
    page = exports.api.post({**SMALL, "limit": 50})
    lines = download(export)[0].decode().splitlines()[: len(page.json["contacts"])]
    assert page.text.startswith(f'{{"contacts":[{",".join(lines)}],')


def test_an_export_can_be_watched(exports: Exports, clock: Clock) -> None:
    export_id = exports.create(BODY)
    clock.advance(timedelta(seconds=10))
    assert not exports.run_slice(export_id)
    export = exports.get(export_id)
    total = export["total"]["value"]
    assert export["status"] == "running"
    assert (export["contacts"], len(export["parts"])) == (400, 1)
    assert export["total"]["relation"] in ("eq", "gte")
    assert total > 400
    assert export["started_at"] < export["estimated_end_at"]
    clock.advance(timedelta(seconds=100))
    assert exports.get(export_id)["estimated_end_at"] > f"{NOW + timedelta(seconds=105):%Y-%m-%dT%H:%M:%S}"


def test_parts_have_new_urls_with_each_answer(exports: Exports, clock: Clock) -> None:
    export = exports.finish(exports.create(SMALL))
    clock.advance(timedelta(minutes=1))
    again = exports.get(export["id"])
    [first], [second] = export["parts"], again["parts"]
    assert first["url"] != second["url"]
    assert first | {"url": ""} == second | {"url": ""}
    assert "X-Amz-Expires=900" in first["url"]
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in first["url"]


def test_csv_has_a_column_for_each_member(exports: Exports) -> None:
    search = {**BODY, "format": "csv", "expand": ["queue", "agent"]}
    export = exports.finish(exports.create(search))
    assert export["format"] == "csv"
    contacts = iter(walk(exports.api, search))
    for part, content in zip(export["parts"], download(export), strict=True):
        text = content.decode()
        assert text.endswith("\r\n")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        header = rows.pop(0)
        assert len(rows) == part["contacts"]
        assert {"id", "channel", "queue_info.id", "queue_info.name", "agent_info.username", "tags"} <= set(header)
        for row in rows:
            contact = next(contacts)
            assert dict(zip(header, row, strict=True)) == {name: _cell(contact, name) for name in header}
    assert next(contacts, None) is None


def _cell(contact: dict[str, Any], column: str) -> str:
    value: Any = contact
    for name in column.split("."):
        value = value.get(name, "") if isinstance(value, dict) else ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text


def test_csv_has_the_columns_that_are_asked_for(exports: Exports) -> None:
    export = exports.finish(exports.create({**SMALL, "format": "CSV", "fields": ["queue_info", "channel"]}))
    assert download(export)[0].decode().split("\r\n")[0] == "id,channel,queue_info.id,queue_info.enqueue_timestamp"


@pytest.mark.parametrize("file_format", ["ndjson", "csv"])
def test_an_export_without_contacts_has_no_parts(exports: Exports, file_format: str) -> None:
    nothing = {"queue_ids": ["there-is-none"]}
    export = exports.finish(exports.create({**BODY, "search_criteria": nothing, "format": file_format}))
    assert (export["status"], export["contacts"], export["parts"]) == ("succeeded", 0, [])
    assert export["total"] == {"value": 0, "relation": "eq"}


def test_exports_are_listed_newest_first(clock: Clock, exporting_client: Callable[..., Exports]) -> None:
    own = exporting_client()
    created: list[str] = []
    for _ in range(5):
        created.insert(0, own.create(SMALL))
        own.delete(created[0])
        clock.advance(timedelta(seconds=1))
    found, cursor = [], ""
    while True:
        answer = own.api.send("GET", "/v1/exports", f"limit=2{cursor}")
        assert answer.status == 200
        assert all("parts" not in export for export in answer.json["exports"])
        found += [export["id"] for export in answer.json["exports"]]
        if answer.json["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.json['next_cursor']}"
    assert found == created
    assert exporting_client().api.send("GET", "/v1/exports").json == {"exports": [], "next_cursor": None}
    assert (
        exporting_client().api.send("GET", "/v1/exports", "limit=2" + cursor).json["type"] == "/problems/invalid-cursor"
    )


def test_the_same_key_is_the_same_export(exports: Exports, clock: Clock) -> None:
    key = {"idempotency-key": "billing-2026-11!"}
    first = exports.post(SMALL, key)
    reordered = json.dumps(dict(reversed(SMALL.items())), indent=3).encode()
    assert exports.post(reordered, key).json["id"] == first.json["id"]
    export = exports.finish(first.json["id"])
    again = exports.post(SMALL, key)
    assert again.status == 202
    assert again.json | {"parts": []} == export | {"parts": []}
    other = exports.post({**SMALL, "format": "csv"}, key)
    assert (other.status, other.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert exports.post(SMALL, {"Idempotency-Key": "another"}).json["id"] != first.json["id"]
    clock.advance(timedelta(hours=25))
    assert exports.post({**SMALL, "format": "csv"}, key).json["id"] != first.json["id"]


def test_the_same_key_of_another_client_is_another_export(exporting_client: Callable[..., Exports]) -> None:
    key = {"idempotency-key": "billing-2026-11!"}
    assert exporting_client().create(SMALL, key) != exporting_client().create(BODY, key)


@pytest.mark.parametrize("key", ["", " ", "a" * 65, "two words", "t\tab", "naïve"])
def test_a_key_has_visible_ascii_characters(exports: Exports, key: str) -> None:
    answer = exports.post({"time_range": WINDOW, "limit": 5}, {"idempotency-key": key})
    assert answer.status == 422
    assert answer.faults == {("Idempotency-Key", "invalid_format"), ("/limit", "unknown")}


def test_a_client_has_3_unfinished_exports_at_most(exporting_client: Callable[..., Exports]) -> None:
    exports = exporting_client()
    ids = [exports.create(SMALL) for _ in range(3)]
    answer = exports.post(SMALL)
    assert (answer.status, answer.json["type"]) == (429, "/problems/too-many-exports")
    assert int(answer.headers["retry-after"]) > 0
    exporting_client().create(SMALL)
    exports.finish(ids[0])
    ids.append(exports.create(SMALL))
    assert exports.post(SMALL).status == 429
    exports.delete(ids[1])
    exports.create(SMALL)


def test_a_deleted_export_has_no_files(exports: Exports) -> None:
    export = exports.finish(exports.create(BODY))
    assert exports.files()
    answer = exports.delete(export["id"])
    assert (answer.status, answer.text) == (204, "")
    assert not exports.files()
    deleted = exports.get(export["id"])
    assert (deleted["status"], deleted["parts"]) == ("canceled", [])
    assert deleted["ended_at"] == export["ended_at"]
    assert exports.delete(export["id"]).status == 204
    assert exports.run_slice(export["id"])
    assert not exports.files()


def test_a_deleted_export_ends(exports: Exports) -> None:
    export_id = exports.create(BODY)
    exports.run_slice(export_id)
    assert exports.delete(export_id).status == 204
    assert exports.run_slice(export_id)
    assert exports.get(export_id)["status"] == "canceled"
    assert not exports.files()


def test_an_export_expires(exports: Exports, clock: Clock) -> None:
    export_id = exports.create(SMALL)
    exports.finish(export_id)
    clock.advance(timedelta(days=7) - timedelta(minutes=1))
    assert exports.get(export_id)["parts"]
    clock.advance(timedelta(minutes=1))
    for method in ("GET", "DELETE"):
        assert_not_found(exports.api.send(method, f"/v1/exports/{export_id}"))
    assert export_id not in exports.api.send("GET", "/v1/exports").text
    assert exports.run_slice(export_id)
    assert not exports.files()


@pytest.mark.parametrize("then", ["deleted", "withdrawn"])
def test_the_end_of_an_export_is_logged_once(exports: Exports, stack: Deployed, then: str) -> None:
    """Metrics are counted from these lines."""
    with recorded() as log:
        export_id = exports.create(SMALL)
        export = exports.finish(export_id)
        if then == "withdrawn":
            registry.regrant(stack, exports.client, {"channels": ["VOICE"]}, wider=False)
            exports.run_slice(export_id)
        exports.delete(export_id)
        exports.run_slice(export_id)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    [line] = [line for line in lines if line["message"] == "export ended"]
    assert (line["client"], line["export"], line["status"]) == (exports.client, export_id, "succeeded")
    assert line["contacts"] == export["contacts"]
    [line] = [line for line in lines if line["message"] == "exported"]
    assert line["contacts"] == export["contacts"]


def test_head_answers_as_get(exports: Exports) -> None:
    export_id = exports.create(SMALL)
    for path in ("/v1/exports", f"/v1/exports/{export_id}"):
        assert exports.api.send("HEAD", path).status == 200
        assert exports.api.send("PUT", path).status == 405
        assert "GET, HEAD" in exports.api.send("OPTIONS", path).headers["allow"]


def assert_not_found(answer: Answer) -> None:
    assert (answer.status, answer.json["type"]) == (404, "/problems/not-found")
    assert answer.json["detail"] == "Nothing is at this path."


INVALID: list[Any] = [
    {},
    [],
    None,
    "text",
    {"time_range": {}},
    {"time_range": WINDOW | {"type": "?"}},
    {"time_range": WINDOW | {"end_time": f"{TODAY - timedelta(days=90)}"}},
    {"time_range": WINDOW | {"start_time": f"{TODAY - timedelta(days=900)}"}},
    {**BODY, "sort": {"field_name": "CHANNEL", "order": "ASCENDING"}},
    {**BODY, "search_criteria": {"chanels": ["VOICE"], "queue_ids": "q"}},
    {**BODY, "fields": ["nothing"]},
    {**BODY, "expand": ["all"], "max_items": 0},
    {**BODY, "serch_criteria": {}},
]


@pytest.mark.parametrize("body", INVALID, ids=json.dumps)
def test_what_a_search_is_refused_for_an_export_is_refused_for(exports: Exports, body: Any) -> None:
    answer, searched = exports.post(body), exports.api.post(body)
    assert answer.status == 422
    assert answer.faults == searched.faults
    assert answer.json["detail"] == searched.json["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": 1, "a": 1}', b"\xff", b"[" * 100_000, b" " * (1 << 20) + b"{}"])
def test_what_is_no_json_is_refused(exports: Exports, body: bytes) -> None:
    answer, searched = exports.post(body), exports.api.post(body)
    assert (answer.status, answer.json["type"]) == (searched.status, searched.json["type"])


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ({"limit": 10}, "unknown"),
        ({"cursor": "abc"}, "unknown"),
        ({"follow": True}, "unknown"),
        ({"format": "parquet"}, "unknown_value"),
        ({"format": None}, "unknown_value"),
        ({"format": 1}, "unknown_value"),
    ],
)
def test_pages_and_unknown_formats_are_refused(exports: Exports, member: dict[str, Any], code: str) -> None:
    [name] = member
    assert exports.post({**BODY, **member}).faults == {(f"/{name}", code)}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=", "limit=1&limit=2", "name=x"])
def test_parameters_of_the_list_are_validated(exports: Exports, query: str) -> None:
    answer = exports.api.send("GET", "/v1/exports", query)
    assert answer.json["type"] == "/problems/validation"


@pytest.mark.parametrize(
    "export_id",
    [
        "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071",
        "019AB3C4-5D6E-7F80-9A1B-2C3D4E5F6071",
        "x",
        "..",
        "%20",
        "%2e%2e%2fclients",
        "%00",
        "%E2%9C%93",
        "a%0Ab",
        "a%22b",
        "a" * 2_000,
        "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071%200",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_whatever_is_no_id_is_not_found(exports: Exports, method: str, export_id: str) -> None:
    answer = exports.api.send(method, f"/v1/exports/{export_id}")
    assert_not_found(answer)


def test_a_very_large_search_is_refused(exports: Exports) -> None:
    import random  # noqa: PLC0415

    ids = [f"{random.Random(number).getrandbits(40_000):x}" for number in range(50)]  # noqa: S311
    answer = exports.post({**BODY, "search_criteria": {"queue_ids": ids}})
    assert (answer.status, answer.json["type"]) == (413, "/problems/content-too-large")
