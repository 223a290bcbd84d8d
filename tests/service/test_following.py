"""Test following, a walk without an end, through HTTP."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contact_search.amazon_connect.client import ConnectClient
from contact_search.amazon_connect.connect import AmazonConnect
from contact_search.amazon_connect.directory import Directory
from contact_search.amazon_connect.rate_limiter import RateLimiter
from contact_search.amazon_connect.result_cache import ResultCache
from contact_search.aws_clients import connect_client
from contact_search.search import position
from contact_search.storage.transient_table import TransientTable
from sandbox.amazon_connect import models
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.aws_server import AwsServer
from sandbox.clients import FULL_KEY, PARTNER_KEY
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.api_server import serving_api
from tests.clock import NOW, REAL_TIME, Clock
from tests.conftest import INSTANCE_ID, Answer, Api, Gateway
from tests.contact_centre import ContactCentre, contact_centre
from tests.profiles import examples

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
START = NOW - timedelta(days=1)
SETTLE = 15 * MINUTE
FOLLOW = {"follow": "true", "time_field": "disconnect_timestamp", "from_": START.isoformat()}
IN_ORDER = {"time_range": {"type": "DISCONNECT_TIMESTAMP", "start_time": START.isoformat()}, "follow": True}


@pytest.fixture
def centre(aws: AwsServer, still: Clock, new_directory: None) -> Iterator[ContactCentre]:  # noqa: ARG001 - of its queues
    with contact_centre(aws, still) as centre:
        yield centre


def ids(answer: Answer) -> list[str]:
    """Check the members that each page of such a walk must have. Return the ids of its contacts."""
    assert answer.status == 200, answer.text
    page = answer.json
    assert page["next_cursor"]
    assert page["complete_until"]
    assert page.get("caught_up", False) is ("poll_after" in page)
    return [contact["id"] for contact in page["contacts"]]


def catch_up(api: Api, page: Answer, **parameters: Any) -> tuple[list[str], Answer]:
    """Continue from this page until the walk has reached its end. Return the ids and the last page."""
    found = ids(page)
    while "caught_up" not in page.json:
        page = api.get(**parameters, cursor=page.json["next_cursor"])
        found += ids(page)
    return found, page


def time_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


# What a walk gives, and when


@pytest.mark.parametrize(
    "time_field",
    ["initiation_timestamp", "scheduled_timestamp", "connected_to_agent_timestamp", "disconnect_timestamp"],
)
def test_who_keeps_asking_gets_each_contact_once_as_it_comes_about_in_the_order_of_its_timestamp(
    api: Api, centre: ContactCentre, time_field: str
) -> None:
    # Given contacts that end every 7 seconds, in pairs
    for number in range(60):
        centre.add(f"c-{number:02}", NOW + (number // 2) * 7 * SECOND)
    # When a caller follows them from now on
    query: dict[str, Any] = {"follow": "true", "time_field": time_field, "from_": NOW.isoformat(), "settle": "PT1M"}
    found: list[str] = []
    for _ in range(60):
        page = api.get(**query, limit=3)
        found += ids(page)
        query["cursor"] = page.json["next_cursor"]
        centre.clock.advance(timedelta(seconds=page.json.get("poll_after", 0)))
    # Then each comes once and in order, and the walk goes on
    assert found == [f"c-{number:02}" for number in range(60)]


def test_a_walk_reaches_up_to_now_less_settle_which_is_15_minutes(api: Api, centre: ContactCentre) -> None:
    # Given a contact that ended 15 minutes ago, and one that ended a second later
    centre.add("old", NOW - SETTLE)
    centre.add("new", NOW - SETTLE + SECOND)
    # When a search is followed
    page = api.get(**FOLLOW)
    # Then the walk has reached the first, and asking again gives the second
    assert ids(page) == ["old"]
    assert page.json["caught_up"] is True
    assert page.json["complete_until"] == time_text(NOW - SETTLE)
    assert page.json["poll_after"] == 10
    assert page.json["total"] == {"value": 1, "relation": "gte"}
    centre.clock.advance(timedelta(seconds=page.json["poll_after"]))
    assert ids(api.get(**FOLLOW, cursor=page.json["next_cursor"])) == ["new"]


def test_settle_is_a_duration_up_to_a_day(api: Api, centre: ContactCentre) -> None:
    centre.add("c-1", NOW - timedelta(days=1))
    centre.add("c-2", NOW - timedelta(hours=12))
    centre.add("c-3", NOW)
    assert ids(api.get(**FOLLOW, settle="PT0S")) == ["c-1", "c-2", "c-3"]
    assert ids(api.get(**FOLLOW, settle="PT12H")) == ["c-1", "c-2"]
    assert ids(api.get(**FOLLOW, settle="P1D")) == ["c-1"]


def test_contacts_that_appear_within_settle_are_returned_once_and_in_order(
    api: Api, aws: AwsServer, centre: ContactCentre
) -> None:
    aws.connect.behaviour = Behaviour(searchable_after=5 * MINUTE, token_life=timedelta(0))
    for number in range(40):
        centre.add(f"c-{number:02}", NOW + (number // 3) * 20 * SECOND)
    query = FOLLOW | {"settle": "PT5M", "limit": "2"}
    found, page = catch_up(api, api.get(**query), **query)
    for _ in range(30):
        centre.clock.advance(timedelta(seconds=max(page.json["poll_after"], 30)))
        more, page = catch_up(api, api.get(**query, cursor=page.json["next_cursor"]), **query)
        found += more
    assert found == [f"c-{number:02}" for number in range(40)]


def test_what_appears_later_than_settle_is_not_returned_and_harms_nothing(api: Api, centre: ContactCentre) -> None:
    centre.add("c-1", NOW - 20 * MINUTE)
    page = api.get(**FOLLOW)
    assert ids(page) == ["c-1"]
    centre.add("too late", NOW - 18 * MINUTE)
    centre.add("too late by a moment", NOW - 15 * MINUTE)
    centre.add("in time", NOW - 10 * MINUTE)
    centre.clock.advance(timedelta(hours=1))
    assert ids(api.get(**FOLLOW, cursor=page.json["next_cursor"])) == ["in time"]


def test_last_begins_that_long_ago_and_stays_there(api: Api, centre: ContactCentre) -> None:
    centre.add("too old", NOW - timedelta(hours=1, seconds=1))
    centre.add("c-1", NOW - timedelta(hours=1))
    query = {name: value for name, value in FOLLOW.items() if name != "from_"} | {"last": "PT1H"}
    page = api.get(**query)
    assert ids(page) == ["c-1"]
    centre.add("c-2", NOW + timedelta(hours=5))
    centre.clock.advance(timedelta(hours=6))
    assert ids(api.get(**query, cursor=page.json["next_cursor"])) == ["c-2"]


def test_a_walk_can_begin_now(api: Api, centre: ContactCentre) -> None:
    centre.clock.advance(7 * SECOND)  # the caller's clock is ahead of ours, because ours is rounded down
    query = FOLLOW | {"from_": (NOW + 7 * SECOND).isoformat()}
    page = api.get(**query)
    assert (ids(page), page.json["poll_after"], centre.requests) == ([], 903, [])
    centre.add("before", NOW + 6 * SECOND)
    centre.add("after", NOW + 7 * SECOND)
    centre.clock.advance(timedelta(seconds=903))
    assert ids(api.get(**query, cursor=page.json["next_cursor"])) == ["after"]


def test_a_page_that_has_not_caught_up_says_how_far_it_is_complete(api: Api, centre: ContactCentre) -> None:
    for number in range(5):
        centre.add(f"c-{number}", START + number * SECOND)
    first = api.get(**FOLLOW, limit=3)
    assert ids(first) == ["c-0", "c-1", "c-2"]
    assert time_text(START + SECOND) <= first.json["complete_until"] < time_text(START + 3 * SECOND)
    assert first.json.keys() == {"contacts", "total", "next_cursor", "complete_until"}
    assert 'rel="next"' in first.headers["link"]
    last = api.get(**FOLLOW, limit=3, cursor=first.json["next_cursor"])
    assert (ids(last), last.json["caught_up"]) == (["c-3", "c-4"], True)
    assert last.json["complete_until"] == time_text(NOW - SETTLE)


def test_a_walk_goes_on_over_all_two_years(api: Api, centre: ContactCentre) -> None:
    start = NOW - timedelta(days=700)
    for number in range(100):
        centre.add(f"c-{number:02}", start + number * timedelta(days=7))
    query = FOLLOW | {"from_": start.isoformat()}
    found, page = catch_up(api, api.get(**query), **query)
    assert found == [f"c-{number:02}" for number in range(100)]
    assert page.json["complete_until"] == time_text(NOW - SETTLE)
    assert len(centre.requests) <= 14, "700 days are 12.5 upstream searches"


def test_post_follows_as_get_does(api: Api, centre: ContactCentre) -> None:
    for number in range(3):
        centre.add(f"c-{number}", START + number * SECOND)
    body = IN_ORDER | {"settle": "PT30M", "limit": 2}
    first = api.post(body)
    assert ids(first) == ["c-0", "c-1"]
    last = api.post(body | {"cursor": first.json["next_cursor"]})
    assert (ids(last), last.json["caught_up"], last.json["poll_after"]) == (["c-2"], True, 10)
    assert last.json["complete_until"] == time_text(NOW - 30 * MINUTE)
    assert api.post(IN_ORDER).json["complete_until"] == time_text(NOW - SETTLE)


def test_the_order_may_be_said(api: Api, centre: ContactCentre) -> None:
    centre.add("c-1", START)
    cursor = api.get(**FOLLOW).json["next_cursor"]
    assert ids(api.get(**FOLLOW, sort="disconnect_timestamp")) == ["c-1"]
    assert ids(api.get(**FOLLOW, sort="disconnect_timestamp", cursor=cursor)) == []
    sort = {"field_name": "DISCONNECT_TIMESTAMP", "order": "ASCENDING"}
    assert ids(api.post(IN_ORDER | {"sort": sort})) == ["c-1"]


def test_fields_names_and_expand_work_as_in_any_search(
    api: Api, centre: ContactCentre, table: TransientTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import search_handler  # noqa: PLC0415

    directory = Directory(search_handler.connect_instance, table)  # one that knows no other names
    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, directory=directory))
    centre.add("c-1", START, Queue={"ARN": f"{INSTANCE_ARN}/queue/q-1", "Name": "Billing"})
    page = api.get(**FOLLOW, fields="queue_info", expand="queue", queue="billing")
    assert ids(page) == ["c-1"]
    assert page.json["contacts"] == [{"id": "c-1", "queue_info": {"id": "q-1", "name": "Billing"}}]


def test_the_loop_of_the_guide_stores_each_contact_once(
    gateway: Gateway, centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text()
    [loop] = re.findall(r"```python\n(import time\n.*?)```", guide, re.DOTALL)
    for number in range(60):
        centre.add(f"c-{number:02}", NOW - SETTLE + number * SECOND)
    stored: list[str] = []

    def store(contacts: list[dict[str, Any]], cursor: str) -> None:
        assert cursor
        stored.extend(contact["id"] for contact in contacts)
        if len(stored) >= 60:
            raise StopIteration

    monkeypatch.setattr("time.sleep", lambda seconds: centre.clock.advance(timedelta(seconds=seconds)))
    with serving_api(gateway) as address, pytest.raises(StopIteration):
        exec(loop, {"URL": address, "KEY": FULL_KEY, "store": store})  # noqa: S102 - our own words
    assert stored == [f"c-{number:02}" for number in range(60)]


# What polling costs


def test_asking_early_costs_no_upstream_call_and_gives_an_empty_page(api: Api, centre: ContactCentre) -> None:
    page = api.get(**FOLLOW)
    assert len(centre.requests) == 1
    centre.add("new", NOW - SETTLE + SECOND)
    for wait in range(page.json["poll_after"]):
        early = api.get({"cache-control": "no-cache"}, **FOLLOW, cursor=page.json["next_cursor"])
        assert (ids(early), early.json["caught_up"], early.json["poll_after"]) == ([], True, 10 - wait)
        assert early.json["complete_until"] == page.json["complete_until"]
        assert early.headers["cache-status"] == "contact-search; hit; detail=asked-early"
        page = early
        centre.clock.advance(SECOND)
    assert len(centre.requests) == 1
    assert ids(api.get(**FOLLOW, cursor=page.json["next_cursor"])) == ["new"]
    assert len(centre.requests) == 2


def test_a_poll_that_finds_nothing_new_costs_one_call(api: Api, centre: ContactCentre) -> None:
    page = api.get(**FOLLOW)
    for count in range(2, 10):
        centre.clock.advance(count * 17 * SECOND)
        page = api.get(**FOLLOW, cursor=page.json["next_cursor"])
        assert (ids(page), page.json["caught_up"], len(centre.requests)) == ([], True, count)


@pytest.fixture
def cached_api(api: Api, table: TransientTable, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Return the API with a result cache."""
    import search_handler  # noqa: PLC0415

    client, limiter = ConnectClient(INSTANCE_ID, connect_client()), RateLimiter(table, 1000, 1000, 5, REAL_TIME)
    connect = AmazonConnect(client, limiter, ResultCache(table), 10, 300)
    monkeypatch.setattr(search_handler, "services", replace(search_handler.services, connect=connect))
    return api


def test_followers_of_the_same_search_share_calls(cached_api: Api, centre: ContactCentre) -> None:
    for number in range(60):
        centre.add(f"c-{number:02}", NOW - SETTLE + number * SECOND)
    followers: list[list[str]] = [[] for _ in range(8)]
    cursors: list[dict[str, str]] = [{} for _ in followers]
    for _ in range(7):
        for number in range(len(followers)):
            # The same search by GET and by POST.
            if number % 2:
                page = cached_api.get(**FOLLOW, limit=50, **cursors[number])
            else:
                page = cached_api.post(IN_ORDER | {"limit": 50} | cursors[number])
            followers[number] += ids(page)
            cursors[number] = {"cursor": page.json["next_cursor"]}
            centre.clock.advance(5 * SECOND / len(followers))
        centre.clock.advance(5 * SECOND)
    assert len(centre.requests) == 7
    assert all(found == [f"c-{number:02}" for number in range(60)] for found in followers)


def test_a_page_that_was_read_with_a_shorter_settle_is_not_used_for_a_longer_one(
    cached_api: Api, centre: ContactCentre
) -> None:
    # Given a page up to 20 minutes ago, which is kept for 5 minutes
    assert ids(cached_api.get(**FOLLOW, settle="PT20M")) == []
    # When a contact appears 20.5 minutes after it ended
    centre.add("late", NOW - 20 * MINUTE)
    centre.clock.advance(MINUTE)
    # Then it is in time for who allows 21 minutes, although the window is the same
    assert ids(cached_api.get(**FOLLOW, settle="PT21M")) == ["late"]


def test_pages_may_not_be_kept_longer_than_until_there_can_be_more(cached_api: Api, centre: ContactCentre) -> None:
    centre.clock.advance(7 * SECOND)
    page = cached_api.get(**FOLLOW)
    assert (page.json["poll_after"], page.headers["cache-control"]) == (3, "private, max-age=3")
    early = cached_api.get({"if-none-match": page.headers["etag"]}, **FOLLOW, cursor=page.json["next_cursor"])
    assert early.status == 304


# Cursors


def test_a_cursor_can_be_used_again_for_30_days(api: Api, centre: ContactCentre) -> None:
    centre.add("c-1", START)
    centre.add("c-2", NOW - 20 * MINUTE)
    first = api.get(**FOLLOW, limit=1)
    assert ids(first) == ["c-1"]
    assert ids(api.get(**FOLLOW, cursor=first.json["next_cursor"])) == ["c-2"]
    centre.add("c-3", NOW + timedelta(days=3))
    centre.clock.advance(timedelta(days=29.9))
    for _ in range(2):
        assert ids(api.get(**FOLLOW, cursor=first.json["next_cursor"])) == ["c-2", "c-3"]
    centre.clock.advance(timedelta(days=0.2))
    expired = api.get(**FOLLOW, cursor=first.json["next_cursor"])
    assert (expired.status, expired.json["type"]) == (410, "/problems/cursor-expired")


def test_a_cursor_is_good_for_the_same_search_by_the_same_client_only(api: Api, centre: ContactCentre) -> None:
    cursor = api.get(**FOLLOW).json["next_cursor"]
    calls = len(centre.requests)
    other_search = FOLLOW | {"settle": "PT5M"}
    ends = FOLLOW | {"follow": "false", "sort": "disconnect_timestamp"}
    for answer in (
        api.get(**other_search, cursor=cursor),
        api.get(**ends, cursor=cursor),
        api.as_client(PARTNER_KEY).get(**FOLLOW, cursor=cursor),
    ):
        assert (answer.status, answer.json["type"]) == (400, "/problems/invalid-cursor")
    assert len(centre.requests) == calls


def test_a_client_follows_no_more_than_it_is_granted(api: Api, centre: ContactCentre) -> None:
    partner = api.as_client(PARTNER_KEY)
    for answer in (partner.get(**FOLLOW), partner.post(IN_ORDER)):
        assert answer.status == 200
        assert len(centre.requests[-1]["SearchCriteria"]["QueueIds"]) == 2
        assert set(centre.requests[-1]["SearchCriteria"]["Channels"]) == {"VOICE", "CHAT"}
    assert partner.get(**FOLLOW, name="secret name").status == 403


# What does not go together


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
        pytest.param({"from_": "2001-01-01"}, ("from", "out_of_range"), id="more than 2 years ago"),
    ],
)
def test_get_refuses_what_contradicts_follow(
    api: Api, centre: ContactCentre, changes: dict[str, str], fault: tuple[str, str]
) -> None:
    answer = api.get(**FOLLOW | changes)
    assert answer.status == 422
    assert answer.faults == {fault}
    assert centre.requests == []


def test_a_walk_needs_a_beginning(api: Api) -> None:
    assert api.get(follow="true").faults == {("from", "required")}
    assert api.post({"time_range": {"type": "DISCONNECT_TIMESTAMP"}, "follow": True}).faults == {
        ("/time_range/start_time", "required")
    }


def test_every_contradiction_is_named_at_once(api: Api) -> None:
    answer = api.get(**FOLLOW, to="2027-01-01", max_items=5, limit=0, sort="channel", settle="P2D")
    assert answer.faults == {
        ("to", "conflict"),
        ("max_items", "conflict"),
        ("limit", "conflict"),
        ("sort", "conflict"),
        ("settle", "out_of_range"),
    }


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
        pytest.param({"follow": False}, ("/time_range/end_time", "required"), id="no end without follow"),
    ],
)
def test_post_refuses_what_contradicts_follow(
    api: Api, centre: ContactCentre, changes: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = api.post(IN_ORDER | changes)
    assert answer.status == 422
    assert fault in answer.faults
    assert centre.requests == []


# Whatever Connect does, and at any rhythm

_BEHAVIOURS = st.builds(
    Behaviour,
    searchable_after=st.sampled_from([timedelta(0), 20 * SECOND, MINUTE]),
    token_life=st.sampled_from([timedelta(0), MINUTE, timedelta(days=1)]),
    token_length=st.sampled_from([0, 3_000]),
    at_result_limit=st.sampled_from(["end", "error"]),
    total_count=st.sampled_from(["exact", "capped"]),
    window_exception=st.sampled_from(["InvalidParameterException", "InvalidRequestException"]),
)
_CONTACTS = st.lists(  # milliseconds after NOW
    st.one_of(st.integers(0, 240_000), st.sampled_from([0, 999, 1_000, 9_999, 10_000, 60_000])), max_size=50
)
_POLLS = st.lists(
    st.tuples(
        st.one_of(st.just(0), st.integers(0, 90_000)),  # milliseconds to wait before
        st.integers(1, 6),  # limit
        st.integers(0, 2),  # how many pages the follower forgets before that, because it crashed
    ),
    max_size=20,
)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(behaviour=_BEHAVIOURS, moments=_CONTACTS, polls=_POLLS, weeks_before=st.sampled_from([0, 20]))
def test_each_contact_comes_once_and_in_order_whatever_connect_does_and_at_any_rhythm(
    api: Api,
    aws: AwsServer,
    still: Clock,
    behaviour: Behaviour,
    moments: list[int],
    polls: list[tuple[int, int, int]],
    weeks_before: int,
) -> None:
    # Given contacts that become searchable up to `settle` late, and a Connect that returns few results of a search
    query = FOLLOW | {"from_": (NOW - timedelta(weeks=weeks_before)).isoformat(), "settle": "PT1M"}
    expected = [f"c-{number:02}" for number in range(len(moments))]
    with contact_centre(aws, still, behaviour) as centre, pytest.MonkeyPatch.context() as patch:
        for module, name in ((position, "RESULT_LIMIT"), (models, "MOST_RESULTS")):
            patch.setattr(module, name, 15)
        for contact_id, moment in zip(expected, sorted(moments), strict=True):
            centre.add(contact_id, NOW + timedelta(milliseconds=moment))
        # When a follower polls, crashes, and polls again until all have come
        pages: list[Answer] = []
        for wait, limit, forgotten in polls:
            still.advance(timedelta(milliseconds=wait))
            del pages[max(len(pages) - forgotten, 0) :]
            pages.append(poll(api, query, pages, limit))
        still.advance(timedelta(hours=1))
        while not pages or pages[-1].json["complete_until"] < time_text(NOW + 30 * MINUTE):
            pages.append(poll(api, query, pages, 5))
    # Then it has each contact once and in order
    found = [contact_id for page in pages for contact_id in ids(page)]
    if not any("truncated" in page.json for page in pages):
        assert found == in_order(expected, sorted(moments), found)
    complete = [page.json["complete_until"] for page in pages]
    assert complete == sorted(complete)


def poll(api: Api, query: dict[str, str], pages: list[Answer], limit: int) -> Answer:
    cursor = {"cursor": pages[-1].json["next_cursor"]} if pages else {}
    return api.get(**query, **cursor, limit=limit)


def in_order(expected: list[str], moments: list[int], found: list[str]) -> list[str]:
    """Sort the expected ids by their moments; those of one moment may have any order, such as that found."""
    by_id = dict(zip(expected, moments, strict=True))
    place = {contact_id: index for index, contact_id in enumerate(found)}
    return sorted(expected, key=lambda contact_id: (by_id[contact_id], place.get(contact_id, -1)))
