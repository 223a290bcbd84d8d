"""Following: a walk without an end, through HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.amazon_connect import models
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.aws_server import AwsServer
from sandbox.clients import PARTNER_KEY
from sandbox.contact_data.contact_record import parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.conftest import Answer, Api

# Of this year, because the stand-in keeps contacts for two.
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=2)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FOLLOW = {"follow": "true", "time_field": "disconnect_timestamp", "from_": START.isoformat()}


@dataclass
class ContactCentre:
    """The stand-in's contacts and the time, both as a test sets them."""

    store: ContactStore
    now: datetime = START
    requests: list[dict[str, Any]] = field(default_factory=list)

    def add(self, contact_id: str, disconnected: datetime, **members: Any) -> None:
        text = disconnected.isoformat(timespec="milliseconds")
        record = {
            "ContactId": contact_id,
            "InstanceARN": INSTANCE_ARN,
            "Channel": "VOICE",
            "InitiationTimestamp": text,
            "DisconnectTimestamp": text,
        }
        self.store.put([parse_contact_record(record | members)])


@pytest.fixture
def centre(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ContactCentre]:
    centre = ContactCentre(ContactStore())
    search = aws.connect.search_contacts

    def seconds() -> float:
        return centre.now.timestamp()

    def search_contacts(request: Any) -> str:
        centre.requests.append(request)
        return search(request)

    monkeypatch.setattr(aws.connect, "contacts", centre.store)
    monkeypatch.setattr(aws.connect, "behaviour", Behaviour())
    monkeypatch.setattr(aws.connect, "search_contacts", search_contacts)
    monkeypatch.setattr(models, "time", SimpleNamespace(time=seconds))
    monkeypatch.setattr("contact_search.api.clock.current_time", lambda: centre.now)
    yield centre
    centre.store.close()


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    return [contact["id"] for contact in answer.json["contacts"]]


def time_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def test_a_walk_reaches_up_to_now_less_settle_which_is_15_minutes(api: Api, centre: ContactCentre) -> None:
    # Given a contact that ended 15 minutes ago, and one that ended a second later
    centre.now = START + 20 * MINUTE
    centre.add("old", START + 5 * MINUTE)
    centre.add("new", START + 5 * MINUTE + SECOND)
    # When a search is followed
    page = api.get(**FOLLOW)
    # Then the walk has reached the first, and asking again gives the second
    assert ids(page) == ["old"]
    assert page.json["caught_up"] is True
    assert page.json["complete_until"] == time_text(START + 5 * MINUTE)
    assert page.json["poll_after"] == 10
    assert page.json["total"] == {"value": 1, "relation": "gte"}
    centre.now += timedelta(seconds=page.json["poll_after"])
    assert ids(api.get(**FOLLOW, cursor=page.json["next_cursor"])) == ["new"]


def test_settle_is_a_duration_up_to_a_day(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(days=1)
    centre.add("c-1", START)
    centre.add("c-2", START + timedelta(hours=12))
    centre.add("c-3", START + timedelta(days=1))
    assert ids(api.get(**FOLLOW, settle="PT0S")) == ["c-1", "c-2", "c-3"]
    assert ids(api.get(**FOLLOW, settle="PT12H")) == ["c-1", "c-2"]
    assert ids(api.get(**FOLLOW, settle="P1D")) == ["c-1"]


def test_a_page_that_has_not_caught_up_says_how_far_it_is_complete(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(hours=1)
    for number in range(5):
        centre.add(f"c-{number}", START + number * SECOND)
    first = api.get(**FOLLOW, limit=3)
    assert ids(first) == ["c-0", "c-1", "c-2"]
    assert time_text(START + SECOND) <= first.json["complete_until"] < time_text(START + 3 * SECOND)
    assert first.json.keys() == {"contacts", "total", "next_cursor", "complete_until"}
    assert 'rel="next"' in first.headers["link"]
    last = api.get(**FOLLOW, limit=3, cursor=first.json["next_cursor"])
    assert (ids(last), last.json["caught_up"]) == (["c-3", "c-4"], True)


def test_asking_early_costs_no_upstream_call(api: Api, centre: ContactCentre) -> None:
    centre.now = START + 20 * MINUTE
    page = api.get(**FOLLOW)
    calls = len(centre.requests)
    for wait in range(page.json["poll_after"]):
        centre.now = START + 20 * MINUTE + wait * SECOND
        early = api.get({"cache-control": "no-cache"}, **FOLLOW, cursor=page.json["next_cursor"])
        assert (ids(early), early.json["caught_up"], early.json["poll_after"]) == ([], True, 10 - wait)
        assert early.json["complete_until"] == page.json["complete_until"]
        page = early
    assert len(centre.requests) == calls == 1
    centre.now = START + 20 * MINUTE + 10 * SECOND
    api.get(**FOLLOW, cursor=page.json["next_cursor"])
    assert len(centre.requests) == 2


def test_a_cursor_can_be_used_again_for_30_days(
    api: Api, centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.now = START + 20 * MINUTE
    centre.add("c-1", START)
    first = api.get(**FOLLOW, limit=1)
    centre.add("c-2", START + 10 * MINUTE)
    centre.now = START + timedelta(hours=1)
    assert ids(api.get(**FOLLOW, cursor=first.json["next_cursor"])) == ["c-2"]
    centre.add("c-3", START + 30 * MINUTE)
    signed = datetime.now(UTC)
    for days, status in ((29.9, 200), (30.1, 410)):
        later = int((signed + timedelta(days=days)).timestamp())
        monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _, later=later: later)
        answer = api.get(**FOLLOW, cursor=first.json["next_cursor"])
        assert answer.status == status
        if status == 200:
            assert ids(answer) == ["c-2", "c-3"]


def test_contacts_that_appear_within_settle_are_returned_once_and_in_order(
    api: Api, aws: AwsServer, centre: ContactCentre
) -> None:
    aws.connect.behaviour = Behaviour(searchable_after=5 * MINUTE, token_life=timedelta(0))
    for number in range(40):
        centre.add(f"c-{number:02}", START + (number // 3) * 20 * SECOND)
    centre.now = START
    found, cursor = list[str](), dict[str, str]()
    while centre.now < START + 15 * MINUTE:
        page = api.get(**FOLLOW, settle="PT5M", limit=2, **cursor)
        found += ids(page)
        cursor = {"cursor": page.json["next_cursor"]}
        centre.now += timedelta(seconds=min(page.json.get("poll_after", 0), 30))
    assert found == [f"c-{number:02}" for number in range(40)]


def test_post_follows_as_get_does(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(hours=1)
    for number in range(3):
        centre.add(f"c-{number}", START + number * SECOND)
    body: dict[str, Any] = {
        "time_range": {"type": "DISCONNECT_TIMESTAMP", "start_time": START.isoformat()},
        "follow": True,
        "settle": "PT15M",
        "limit": 2,
    }
    first = api.post(body)
    assert ids(first) == ["c-0", "c-1"]
    last = api.post(body | {"cursor": first.json["next_cursor"]})
    assert (ids(last), last.json["caught_up"], last.json["poll_after"]) == (["c-2"], True, 10)
    # The two ways say the same search, but without a settle of its own.
    assert ids(api.get(**FOLLOW, limit=2)) == ["c-0", "c-1"]


def test_last_begins_that_long_ago_and_stays_there(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(hours=1)
    centre.add("too old", START - SECOND)
    centre.add("c-1", START)
    query = {name: value for name, value in FOLLOW.items() if name != "from_"} | {"last": "PT1H"}
    page = api.get(**query)
    assert ids(page) == ["c-1"]
    centre.add("c-2", START + timedelta(hours=5))
    centre.now += timedelta(hours=6)
    assert ids(api.get(**query, cursor=page.json["next_cursor"])) == ["c-2"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        pytest.param({"to": "2027-01-01"}, ("to", "conflict"), id="an end"),
        pytest.param({"max_items": "5"}, ("max_items", "conflict"), id="max_items"),
        pytest.param({"limit": "0"}, ("limit", "conflict"), id="a count"),
        pytest.param({"sort": "-disconnect_timestamp"}, ("sort", "conflict"), id="newest first"),
        pytest.param({"sort": "initiation_timestamp"}, ("sort", "conflict"), id="another timestamp"),
        pytest.param({"time_field": "enqueue_timestamp"}, ("time_field", "conflict"), id="enqueue_timestamp"),
        pytest.param({"settle": "P2D"}, ("settle", "out_of_range"), id="over a day"),
        pytest.param({"settle": "P1M"}, ("settle", "out_of_range"), id="a month"),
        pytest.param({"settle": "15"}, ("settle", "invalid_duration"), id="no duration"),
        pytest.param({"follow": "maybe"}, ("follow", "invalid_type"), id="not a boolean"),
        pytest.param({"follow": "false", "settle": "PT5M"}, ("settle", "conflict"), id="settle without follow"),
        pytest.param({"from_": "2999-01-01"}, ("from", "out_of_range"), id="the future"),
    ],
)
def test_get_refuses_what_contradicts_follow(
    api: Api, centre: ContactCentre, changes: dict[str, str], fault: tuple[str, str]
) -> None:
    answer = api.get(**FOLLOW | changes)
    assert answer.status == 422
    assert answer.faults == {fault}
    assert centre.requests == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        pytest.param({"max_items": 5}, ("/max_items", "conflict"), id="max_items"),
        pytest.param({"limit": 0}, ("/limit", "conflict"), id="a count"),
        pytest.param(
            {"sort": {"field_name": "CHANNEL", "order": "ASCENDING"}}, ("/sort/field_name", "conflict"), id="a sort"
        ),
        pytest.param(
            {"time_range": {"type": "ENQUEUE_TIMESTAMP", "start_time": START.isoformat()}},
            ("/time_range/type", "conflict"),
            id="enqueue_timestamp",
        ),
        pytest.param(
            {"time_range": {"type": "DISCONNECT_TIMESTAMP", "start_time": "2026-01-01", "end_time": "2026-01-02"}},
            ("/time_range/end_time", "conflict"),
            id="an end",
        ),
        pytest.param({"settle": "P2D"}, ("/settle", "out_of_range"), id="over a day"),
        pytest.param({"follow": "true"}, ("/follow", "invalid_type"), id="not a boolean"),
    ],
)
def test_post_refuses_what_contradicts_follow(
    api: Api, centre: ContactCentre, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    time_range = {"type": "DISCONNECT_TIMESTAMP", "start_time": START.isoformat()}
    answer = api.post({"time_range": time_range, "follow": True} | changes)
    assert answer.status == 422
    assert fault in answer.faults
    assert centre.requests == []


def test_a_cursor_is_good_for_the_same_search_by_the_same_client_only(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(hours=1)
    cursor = api.get(**FOLLOW).json["next_cursor"]
    other_search = FOLLOW | {"settle": "PT5M"}
    ends = FOLLOW | {"follow": "false", "sort": "disconnect_timestamp"}
    for answer in (
        api.get(**other_search, cursor=cursor),
        api.get(**ends, cursor=cursor),
        api.as_client(PARTNER_KEY).get(**FOLLOW, cursor=cursor),
    ):
        assert (answer.status, answer.json["type"]) == (400, "/problems/invalid-cursor")


def test_a_client_follows_no_more_than_it_is_granted(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(hours=1)
    partner = api.as_client(PARTNER_KEY)
    assert partner.get(**FOLLOW).status == 200
    assert len(centre.requests[-1]["SearchCriteria"]["QueueIds"]) == 2
    assert partner.get(**FOLLOW, name="secret name").status == 403


def test_pages_may_not_be_kept_longer_than_until_there_can_be_more(api: Api, centre: ContactCentre) -> None:
    centre.now = START + timedelta(hours=1)
    page = api.get(**FOLLOW)
    max_age = int(page.headers["cache-control"].rpartition("=")[2])
    assert max_age <= page.json["poll_after"]
    early = api.get({"if-none-match": page.headers["etag"]}, **FOLLOW, cursor=page.json["next_cursor"])
    assert early.status == 304
    assert json.dumps(early.headers["cache-status"]) == '"contact-search; hit; detail=asked-early"'
