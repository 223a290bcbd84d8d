"""What a client exports is what it is granted, and nobody sees another client's exports."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contact_search.search.grants import Grant
from sandbox.clients import PARTNER_KEY, partner_grant
from tests.clock import NOW
from tests.conftest import Api
from tests.service.conftest import Exports, contacts_of, download
from tests.service.test_exports import BODY, SMALL, WINDOW, assert_not_found, walk

HIDDEN = {"name", "tags", "segment_attributes"}


@pytest.fixture
def partner(exporting_client: Callable[..., Exports], queues: list[str]) -> Exports:
    """A client with the grant of the laptop's partner, which may export besides."""
    return exporting_client(partner_grant(queues).model_copy(update={"exports": True}))


@pytest.mark.parametrize("file_format", ["ndjson", "csv"])
def test_a_client_exports_its_own_rows_and_fields_alone(
    exports: Exports, partner: Exports, queues: list[str], file_format: str
) -> None:
    export = partner.finish(partner.create({**BODY, "format": file_format}))
    everything = walk(exports.api, BODY)
    own = [
        {name: value for name, value in contact.items() if name not in HIDDEN}
        for contact in everything
        if contact.get("queue_info", {}).get("id") in queues[:2] and contact["channel"] in ("VOICE", "CHAT")
    ]
    assert 0 < len(own) < len(everything)
    if file_format == "ndjson":
        assert contacts_of(export) == own
        return
    rows = [row for part in download(export) for row in csv.DictReader(io.StringIO(part.decode(), newline=""))]
    assert [row["id"] for row in rows] == [contact["id"] for contact in own]
    assert not HIDDEN & {name.split(".")[0] for name in rows[0]}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_exports_have_to_be_granted(api: Api, exports: Exports, method: str) -> None:
    partner = api.as_client(PARTNER_KEY)
    body = json.dumps(BODY).encode() if method == "POST" else b""
    answer = partner.send(method, "/v1/exports", headers={"content-type": "application/json"}, body=body)
    assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
    assert not exports.files()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("key", [None, "wrong"], ids=["none", "wrong"])
def test_exports_need_a_credential(exports: Exports, key: str | None, method: str) -> None:
    stranger, export_id = exports.api.as_client(key), exports.create(SMALL)
    assert stranger.send(method, "/v1/exports", body=b"{}").status == 401
    for method_of_one in ("GET", "HEAD", "DELETE"):
        assert stranger.send(method_of_one, f"/v1/exports/{export_id}").status == 401
    assert exports.get(export_id)["status"] == "queued"


Q, MINE = "QUEUE", "MINE"  # stand for a queue that is not the partner's, and for one that is
# Each row: what is asked for, and the pointers that are refused; None where the narrow export is as good.
ATTACKS: list[tuple[dict[str, Any], list[str] | None]] = [
    ({"search_criteria": {"queue_ids": [Q]}}, ["/search_criteria/queue_ids"]),
    ({"search_criteria": {"queue_ids": [MINE, Q]}}, ["/search_criteria/queue_ids"]),
    ({"search_criteria": {"queue_ids": []}}, None),
    ({"search_criteria": {"channels": ["email"]}}, ["/search_criteria/channels"]),
    ({"search_criteria": {"channels": []}}, None),
    ({"search_criteria": {"contact_analysis": {}}}, ["/search_criteria/contact_analysis"]),
    (
        {"search_criteria": {"name": {"search_text": [], "match_type": "MATCH_NONE"}}},
        ["/search_criteria/name"],
    ),
    ({"search_criteria": {"contact_tags": {"tag_condition": {"tag_key": "x"}}}}, ["/search_criteria/contact_tags"]),
    (
        {"search_criteria": {"searchable_contact_attributes": {"criteria": [{"key": "tier", "values": ["gold"]}]}}},
        ["/search_criteria/searchable_contact_attributes"],
    ),
    ({"search_criteria": {}}, None),
    ({"fields": ["name"]}, ["/fields"]),
    ({"fields": ["id", "tags"], "format": "csv"}, ["/fields"]),
    ({"fields": ["channel"]}, None),
    ({"expand": ["queue", "agent"]}, None),
    ({"max_items": 10**15}, None),
]


@pytest.mark.parametrize(("asked", "refused"), ATTACKS, ids=json.dumps)
def test_no_body_widens_what_is_exported(
    partner: Exports, queues: list[str], asked: dict[str, Any], refused: list[str] | None
) -> None:
    body = {**BODY, **json.loads(json.dumps(asked).replace(Q, queues[5]).replace(MINE, queues[0]))}
    answer = partner.post(body)
    if refused:
        assert (answer.status, answer.json["type"]) == (403, "/problems/forbidden")
        assert [error["pointer"] for error in answer.json["errors"]] == refused
        return
    assert answer.status == 202
    contacts = contacts_of(partner.finish(answer.json["id"]))
    assert contacts
    own = {contact["id"] for contact in walk(partner.api, BODY)}
    assert {contact["id"] for contact in contacts} <= own
    assert not any(HIDDEN & contact.keys() for contact in contacts)


@pytest.mark.parametrize(
    ("grant", "asked"),
    [
        (Grant(exports=True, lookback=timedelta(days=30)), BODY),
        (Grant(exports=True, fields=frozenset({"channel"})), BODY),
        (Grant(exports=True, agent_ids=["a"]), {**BODY, "search_criteria": {"agent_ids": ["b"]}}),
        (Grant(exports=True, channels=["VOICE"]), {**BODY, "search_criteria": {"channels": ["CHAT"]}}),
    ],
)
def test_every_part_of_a_grant_counts(
    exporting_client: Callable[..., Exports], grant: Grant, asked: dict[str, Any]
) -> None:
    exports = exporting_client(grant)
    answer, searched = exports.post(asked), exports.api.post(asked)
    assert answer.status == searched.status == 403
    assert answer.json["errors"] == searched.json["errors"]


def test_a_window_is_judged_when_the_export_is_created(exporting_client: Callable[..., Exports], clock: Any) -> None:
    """Some days later, it is over what the client may look back."""
    exports = exporting_client(Grant(exports=True, lookback=timedelta(days=86)))
    export_id = exports.create(BODY)
    exports.run_slice(export_id)
    clock.advance(timedelta(days=5))
    assert exports.post(BODY).status == 403
    assert exports.finish(export_id)["status"] == "succeeded"


def test_a_repeated_request_is_not_judged_again(exporting_client: Callable[..., Exports], clock: Any) -> None:
    exports, key = exporting_client(Grant(exports=True, lookback=timedelta(days=86))), {"idempotency-key": "once"}
    start = f"{NOW - timedelta(days=86) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    body = {"time_range": WINDOW | {"start_time": start}}
    export_id = exports.create(body, key)
    clock.advance(timedelta(hours=2))
    assert exports.create(body, key) == export_id
    assert exports.post(body).status == 403


def test_a_limit_of_pages_is_none_of_exports(exporting_client: Callable[..., Exports], exports: Exports) -> None:
    limited = exporting_client(Grant(exports=True, page_limit=3))
    assert contacts_of(limited.finish(limited.create(SMALL))) == walk(exports.api, SMALL)


def test_another_clients_export_does_not_exist(exporting_client: Callable[..., Exports]) -> None:
    owner, other, without_exports = exporting_client(), exporting_client(), exporting_client(Grant())
    export_id = owner.create(SMALL)
    for stranger in (other, without_exports):
        for method in ("GET", "HEAD", "DELETE"):
            assert_not_found(stranger.api.send(method, f"/v1/exports/{export_id}"))
    assert export_id not in other.api.send("GET", "/v1/exports").text
    assert owner.get(export_id)["status"] == "queued"


def test_a_worker_takes_the_export_of_the_client_that_it_is_told(exporting_client: Callable[..., Exports]) -> None:
    owner, other = exporting_client(), exporting_client()
    export_id = owner.create(SMALL)
    assert other.run_slice(export_id)  # that client has no such export
    assert owner.get(export_id)["status"] == "queued"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-client": "full", "x-principal-id": "full"},
        {"x-amzn-requestcontext": '{"authorizer": {"client": "full"}}'},
        {"x-http-method-override": "GET", "x-original-url": "/v1/exports"},
    ],
)
def test_no_header_makes_another_client(exporting_client: Callable[..., Exports], headers: dict[str, str]) -> None:
    owner, other = exporting_client(), exporting_client()
    owner.create(SMALL)
    assert other.api.send("GET", "/v1/exports", headers=headers).json["exports"] == []


def test_nothing_of_the_search_is_told_or_kept_in_the_clear(exports: Exports) -> None:
    criteria = {"name": {"search_text": ["follow-up pineapple"], "match_type": "MATCH_ANY"}}
    export_id = exports.create({"time_range": WINDOW, "search_criteria": criteria})
    exports.finish(export_id)
    for path in ("/v1/exports", f"/v1/exports/{export_id}"):
        assert "pineapple" not in exports.api.send("GET", path).text
    assert all(exports.client not in key for key in exports.files())
