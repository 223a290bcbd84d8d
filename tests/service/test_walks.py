"""Test walks beyond 8 weeks and 10,000 contacts: each contact once and in order, however Connect behaves."""

import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contact_search.aws_clients import dynamodb_client
from contact_search.search import position
from contact_search.search.cursor import CursorCodec
from contact_search.storage.transient_table import TransientTable
from sandbox.amazon_connect import models
from sandbox.amazon_connect.behaviour import Behaviour
from sandbox.amazon_connect.contact_store import ContactStore
from sandbox.aws_server import AwsServer
from sandbox.contact_data.contact_record import StoredContact, parse_contact_record
from sandbox.contact_data.sample import INSTANCE_ARN
from tests.clock import MIDNIGHT, NOW, Clock
from tests.conftest import Api
from tests.profiles import examples

EIGHT_WEEKS = timedelta(weeks=8)
END = MIDNIGHT
START = END - timedelta(days=360)
SPAN = (END - START) // timedelta(milliseconds=1)
FIELDS = ["initiation_timestamp", "scheduled_timestamp", "connected_to_agent_timestamp", "disconnect_timestamp"]
LONG_WALK = {"from_": START.isoformat(), "to": END.isoformat()}


def contact(number: int, moment: datetime, **members: Any) -> StoredContact:
    """Build a contact. All five timestamps are at this time, except those that are passed."""
    text = moment.isoformat(timespec="milliseconds")
    record = {
        "ContactId": f"contact-{number}",
        "InstanceARN": INSTANCE_ARN,
        "Channel": "VOICE",
        "InitiationTimestamp": text,
        "ScheduledTimestamp": text,
        "DisconnectTimestamp": text,
        "Agent": {"ConnectedToAgentTimestamp": text},
        "Queue": {"EnqueueTimestamp": text},
    }
    return parse_contact_record(record | members)


@contextmanager
def contacts_are(
    aws: AwsServer, contacts: list[StoredContact], behaviour: Behaviour, most_results: int = 10_000
) -> Iterator[list[dict[str, Any]]]:
    """Give the stand-in these contacts only, and this behaviour. Yield the list of calls that it receives."""
    connect, limits = aws.connect, (position.RESULT_LIMIT, models.MOST_RESULTS)
    store, search = connect.contacts, connect.search_contacts
    requests: list[dict[str, Any]] = []

    def recorded(request: Any) -> str:
        requests.append(request)
        return search(request)

    connect.contacts, connect.behaviour = ContactStore(), behaviour
    connect.search_contacts = recorded  # type: ignore[method-assign]
    position.RESULT_LIMIT = models.MOST_RESULTS = most_results
    try:
        connect.contacts.put(contacts)
        yield requests
    finally:
        connect.contacts.close()
        connect.contacts, connect.behaviour = store, Behaviour()
        connect.search_contacts = search  # type: ignore[method-assign]
        position.RESULT_LIMIT, models.MOST_RESULTS = limits


def walk(api: Api, limits: Iterator[int], **parameters: Any) -> list[dict[str, Any]]:
    """Return the pages. Every third one is requested twice."""
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while not pages or cursor:
        limit = next(limits)
        answers = [api.get(**parameters, **cursor, limit=limit) for _ in range(2 if len(pages) % 3 == 1 else 1)]
        assert [answer.status for answer in answers] == [200] * len(answers), answers[0].text
        contents = [answer.json["contacts"] for answer in answers]
        assert contents[0] == contents[-1]
        pages.append(answers[0].json)
        assert len(pages[-1]["contacts"]) <= limit
        cursor = {"cursor": pages[-1]["next_cursor"]} if pages[-1]["next_cursor"] else {}
        assert len(cursor.get("cursor", "")) <= 2_000
    return pages


def ids(pages: list[dict[str, Any]]) -> list[str]:
    return [contact["id"] for page in pages for contact in page["contacts"]]


def once_each(requests: list[dict[str, Any]]) -> list[str]:
    """Return the calls as JSON, without those of pages that were requested twice."""
    return sorted({json.dumps(request, sort_keys=True) for request in requests})


# Milliseconds from the start of the window: anywhere, crowded, and where one upstream search follows another.
_EIGHT_WEEKS = EIGHT_WEEKS // timedelta(milliseconds=1)
_ANYWHERE = st.integers(0, SPAN)
_SEAMS = st.builds(
    lambda weeks, after, from_end: SPAN - weeks * _EIGHT_WEEKS + after if from_end else weeks * _EIGHT_WEEKS + after,
    st.integers(0, 6),
    st.integers(-1, 1),
    st.booleans(),
).filter(lambda moment: 0 <= moment <= SPAN)
MOST_AT_ONE_TIME = 5


@st.composite
def moments(draw: st.DrawFn) -> list[datetime]:
    """Generate times of contacts. At most a few contacts have the same millisecond."""
    crowd = draw(_ANYWHERE)
    offsets = st.one_of(_ANYWHERE, _SEAMS, st.integers(crowd, min(crowd + 9, SPAN)))
    drawn = draw(st.lists(offsets, max_size=60))
    few = [offset for offset in set(drawn) for _ in range(min(drawn.count(offset), MOST_AT_ONE_TIME))]
    return [START + timedelta(milliseconds=offset) for offset in draw(st.permutations(few))]


BEHAVIOURS = st.builds(
    Behaviour,
    token_life=st.sampled_from([timedelta(hours=24), timedelta(seconds=-1)]),
    token_length=st.sampled_from([0, 5_000]),
    at_result_limit=st.sampled_from(["end", "error"]),
    total_count=st.sampled_from(["exact", "capped"]),
    window_exception=st.sampled_from(["InvalidParameterException", "InvalidRequestException"]),
)
LIMITS = st.lists(st.sampled_from([1, 2, 7, 99, 100]), min_size=1, max_size=3)
GENERATED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def check_totals(pages: list[dict[str, Any]], count: int) -> None:
    """Assert that an exact total is right, and that a lower bound is not too high."""
    for page in pages:
        value = page["total"]["value"]
        assert value == count if page["total"]["relation"] == "eq" else value <= count


@given(moments=moments(), behaviour=BEHAVIOURS, limits=LIMITS, most=st.integers(6, 40), sort=st.sampled_from(["", "-"]))
@settings(GENERATED, max_examples=examples(10))
@pytest.mark.parametrize("field", FIELDS)
def test_a_walk_gives_every_contact_once_and_in_order(
    api: Api,
    aws: AwsServer,
    field: str,
    moments: list[datetime],
    behaviour: Behaviour,
    limits: list[int],
    most: int,
    sort: str,
) -> None:
    contacts = [contact(number, moment) for number, moment in enumerate(moments)]
    expected = sorted((moment, number) for number, moment in enumerate(moments))[:: -1 if sort else 1]
    with contacts_are(aws, contacts, behaviour, most) as requests:
        pages = walk(api, itertools.cycle(limits), **LONG_WALK, time_field=field, sort=sort + field)
    assert ids(pages) == [f"contact-{number}" for _, number in expected]
    check_totals(pages, len(moments))
    assert "truncated" not in pages[-1]
    if behaviour.token_life > timedelta(0):
        begun = [request for request in once_each(requests) if '"NextToken"' not in request]
        assert len(once_each(requests)) <= math.ceil(len(moments) / min(limits)) + len(begun)
        assert len(begun) <= math.ceil((END - START) / EIGHT_WEEKS) + len(moments) // (most - MOST_AT_ONE_TIME)


@given(moments=moments(), behaviour=BEHAVIOURS, limits=LIMITS, most=st.integers(6, 40), before=st.data())
@settings(GENERATED, max_examples=examples(20))
def test_a_walk_by_enqueue_timestamp_goes_from_its_newest_upstream_search_to_its_oldest(
    api: Api,
    aws: AwsServer,
    moments: list[datetime],
    behaviour: Behaviour,
    limits: list[int],
    most: int,
    before: st.DataObject,
) -> None:
    waits = before.draw(st.lists(st.integers(0, 9), min_size=len(moments), max_size=len(moments)))
    initiated = [moment - timedelta(days=wait) for moment, wait in zip(moments, waits, strict=True)]
    contacts = [
        contact(number, moment, InitiationTimestamp=initiated[number].isoformat(timespec="milliseconds"))
        for number, moment in enumerate(moments)
    ]
    expected = sorted(
        range(len(moments)),
        key=lambda number: (
            # Searches of Connect end at the window's end and 8 weeks, 16 weeks… before: a contact at such a seam
            # belongs to the newer one of two, and one at the window's end to the newest.
            max(math.ceil((END - moments[number]) / EIGHT_WEEKS) - 1, 0),
            -initiated[number].timestamp(),
            -number,
        ),
    )
    with contacts_are(aws, contacts, behaviour, most):
        pages = walk(api, itertools.cycle(limits), **LONG_WALK, time_field="enqueue_timestamp")
    assert ids(pages) == [f"contact-{number}" for number in expected]
    check_totals(pages, len(moments))


@given(moments=moments(), behaviour=BEHAVIOURS, limits=LIMITS, most=st.integers(6, 40))
@settings(GENERATED, max_examples=examples(10))
def test_a_walk_by_enqueue_timestamp_that_cannot_be_bounded_by_another_one(
    api: Api, aws: AwsServer, moments: list[datetime], behaviour: Behaviour, limits: list[int], most: int
) -> None:
    contacts = [contact(number, moment) for number, moment in enumerate(moments)]
    either = {"scheduled_timestamp.to": END.isoformat(), "disconnect_timestamp.exists": "false"}
    with contacts_are(aws, contacts, Behaviour(**(vars(behaviour) | {"token_life": timedelta(hours=1)})), most):
        pages = walk(
            api,
            itertools.cycle(limits),
            **LONG_WALK,
            **either,
            additional_time_match="any",
            time_field="enqueue_timestamp",
        )
    assert sorted(ids(pages)) == sorted(one.summary["Id"] for one in contacts)
    check_totals(pages, len(moments))
    assert "truncated" not in pages[-1]


@given(
    count=st.integers(0, 30),
    behaviour=BEHAVIOURS,
    limits=LIMITS,
    most=st.integers(1, 30),
    sort=st.sampled_from(["channel", "-channel", "-disconnect_timestamp"]),
)
@settings(GENERATED, max_examples=examples(20))
def test_a_walk_in_another_order_ends_where_connect_does_and_says_so(
    api: Api, aws: AwsServer, count: int, behaviour: Behaviour, limits: list[int], most: int, sort: str
) -> None:
    start = END - EIGHT_WEEKS
    contacts = [contact(number, start + timedelta(hours=number)) for number in range(count)]
    window = {"from_": start.isoformat(), "to": END.isoformat()}
    behaviour = Behaviour(**(vars(behaviour) | {"token_life": timedelta(hours=1)}))
    with contacts_are(aws, contacts, behaviour, most) as requests:
        pages = walk(api, itertools.cycle(limits), **window, sort=sort)
    assert len(ids(pages)) == len(set(ids(pages))) == min(count, most)
    assert [page.get("truncated", False) for page in pages] == [False] * (len(pages) - 1) + [count > most]
    check_totals(pages, count)
    assert len(once_each(requests)) <= math.ceil(min(count, most) / min(limits)) + 1


def test_what_connect_cannot_get_past_is_said_to_be_truncated(api: Api, aws: AwsServer) -> None:
    contacts = [contact(number, END - timedelta(days=number // 20)) for number in range(60)]
    with contacts_are(aws, contacts, Behaviour(), most_results=15):
        pages = walk(api, itertools.repeat(10), **LONG_WALK)
    assert len(set(ids(pages))) == 15
    assert pages[-1]["truncated"] is True


@pytest.mark.parametrize("token_length", [0, 1_000, 100_000])
def test_a_cursor_is_short_however_long_connects_token_is(api: Api, aws: AwsServer, token_length: int) -> None:
    contacts = [contact(number, END - timedelta(hours=number)) for number in range(30)]
    with contacts_are(aws, contacts, Behaviour(token_length=token_length)) as requests:
        pages = walk(api, itertools.repeat(7), **LONG_WALK, sort="-initiation_timestamp")
        assert len(ids(pages)) == 30
    assert sum('"NextToken"' not in request for request in once_each(requests)) == math.ceil(360 / 56)


@pytest.mark.usefixtures("still")
def test_very_many_contacts_at_one_time(api: Api, aws: AwsServer) -> None:
    contacts = [contact(number, END - timedelta(seconds=number // 400)) for number in range(1_000)]
    with contacts_are(aws, contacts, Behaviour(), most_results=500):
        pages = walk(api, itertools.repeat(100), last="P8W")
    assert ids(pages) == [
        f"contact-{number}"
        for second in (range(399, -1, -1), range(799, 399, -1), range(999, 799, -1))
        for number in second
    ]


@pytest.mark.parametrize("length", [0, 100_000])
def test_where_the_token_has_died_the_walk_resumes_if_its_order_allows(api: Api, aws: AwsServer, length: int) -> None:
    contacts = [contact(number, END - timedelta(hours=number)) for number in range(30)]
    window = {"from_": (END - EIGHT_WEEKS).isoformat(), "to": END.isoformat(), "limit": 7}
    for order, status in ({}, 200), ({"sort": "channel"}, 410):
        with contacts_are(aws, contacts, Behaviour(token_length=length)):
            cursor = api.get(**window, **order).json["next_cursor"]
            aws.connect.behaviour.token_life = timedelta(seconds=-1)
            answer = api.get(**window, **order, cursor=cursor)
        assert answer.status == status, answer.text
        if status == 200:
            assert [one["id"] for one in answer.json["contacts"]] == [f"contact-{number}" for number in range(7, 14)]
            assert answer.json["total"] == {"value": 30, "relation": "eq"}
        else:
            assert answer.json["type"] == "/problems/cursor-expired"


@pytest.mark.parametrize("order", ["initiation_timestamp", "-initiation_timestamp"])
@pytest.mark.parametrize(
    "behaviour", [Behaviour(), Behaviour(token_life=timedelta(seconds=-1))], ids=["token lives", "token dies"]
)
def test_contacts_that_come_and_change_meanwhile_do_no_harm(
    api: Api, aws: AwsServer, order: str, behaviour: Behaviour
) -> None:
    """Add contacts before, at and after the position of the walk, or change the channel of old ones."""
    contacts = [contact(number, START + timedelta(days=6 * number)) for number in range(60)]
    numbers = itertools.count(1_000)
    with contacts_are(aws, contacts, behaviour, most_results=10):
        found: list[str] = []
        parameters: dict[str, Any] = {**LONG_WALK, "sort": order, "limit": 3}
        while parameters.get("cursor", "") is not None:
            page = api.get(**parameters).json
            found += [one["id"] for one in page["contacts"]]
            parameters["cursor"] = page["next_cursor"]
            if page["contacts"]:
                at = datetime.fromisoformat(page["contacts"][-1]["initiation_timestamp"])
                moved = [
                    at + timedelta(days=days) for days in (-30, 0, 30) if START <= at + timedelta(days=days) <= END
                ]
                aws.connect.contacts.put(contact(next(numbers), moment) for moment in moved[: 1 + len(found) % 3])
                changed = int(found[-1].removeprefix("contact-"))
                if changed < 60:
                    aws.connect.contacts.put([contact(changed, START + timedelta(days=6 * changed), Channel="CHAT")])
    assert len(found) == len(set(found))
    assert {f"contact-{number}" for number in range(60)} <= set(found)


@pytest.mark.usefixtures("still")
def test_a_window_that_reaches_far_ahead_ends_where_contacts_can_be(api: Api, aws: AwsServer) -> None:
    contacts = [contact(0, NOW + timedelta(days=5)), contact(1, END)]
    for order in ("scheduled_timestamp", "-scheduled_timestamp"):
        with contacts_are(aws, contacts, Behaviour()) as requests:
            parameters = {"from_": START.isoformat(), "to": "9999-12-31", "time_field": "scheduled_timestamp"}
            assert sorted(ids(walk(api, itertools.repeat(100), **parameters, sort=order))) == ["contact-0", "contact-1"]
        assert len(requests) < 2 * 8


@pytest.mark.usefixtures("still")
def test_an_order_that_cannot_be_kept_is_a_fault(api: Api, aws: AwsServer) -> None:
    calls = aws.connect.quota.requests
    for sort in ("channel", "-disconnect_timestamp"):
        assert api.get(last="P57D", sort=sort).faults == {("sort", "conflict")}
        assert api.get(last="P56D", sort=sort, limit="x").faults == {("limit", "not_an_integer")}
    assert api.get(last="P1Y", time_field="enqueue_timestamp", sort="-initiation_timestamp").faults == {
        ("sort", "conflict")
    }
    time_range = {"type": "INITIATION_TIMESTAMP", "start_time": START.isoformat(), "end_time": END.isoformat()}
    body = {"time_range": time_range, "sort": {"field_name": "CHANNEL", "order": "ASCENDING"}, "limit": 101}
    assert api.post(body).faults == {("/sort/field_name", "conflict"), ("/limit", "out_of_range")}
    assert aws.connect.quota.requests == calls


def test_the_order_is_judged_on_the_first_page_only(api: Api, still: Clock, aws: AwsServer) -> None:
    contacts = [contact(number, END - timedelta(hours=number)) for number in range(30)]
    with contacts_are(aws, contacts, Behaviour()):
        window: dict[str, Any] = {"from_": (NOW - EIGHT_WEEKS).isoformat(), "sort": "channel", "limit": 7}
        cursor = api.get(**window).json["next_cursor"]
        still.advance(timedelta(hours=5))
        assert api.get(**window).status == 422
        assert api.get(**window, cursor=cursor).status == 200


@pytest.fixture
def without_table(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make DynamoDB unreachable."""

    def take_away() -> None:
        import search_handler  # noqa: PLC0415

        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
        table = TransientTable("gone", dynamodb_client(read_timeout=2, attempts=1))
        cursors = CursorCodec(search_handler.settings.cursor_key_ids, search_handler.kms, table)
        monkeypatch.setattr(search_handler, "services", replace(search_handler.services, cursors=cursors))

    return take_away


@pytest.mark.parametrize("already_away", [True, False])
def test_without_the_table_a_walk_resumes_by_itself_or_can_be_tried_again(
    api: Api, aws: AwsServer, without_table: Callable[[], None], already_away: bool
) -> None:
    contacts = [contact(number, END - timedelta(hours=number)) for number in range(30)]
    window = {"from_": (END - EIGHT_WEEKS).isoformat(), "to": END.isoformat(), "limit": 7}
    with contacts_are(aws, contacts, Behaviour(token_length=100_000)):
        api.get(**window)
        cursors = (
            {}
            if already_away
            else {
                sort: api.get(**window, sort=sort).json["next_cursor"] for sort in ("channel", "-initiation_timestamp")
            }
        )
        without_table()
        if already_away:
            cursors = {"-initiation_timestamp": api.get(**window).json["next_cursor"]}
            refused = api.get(**window, sort="channel")
        else:
            refused = api.get(**window, sort="channel", cursor=cursors["channel"])
        resumed = api.get(**window, cursor=cursors["-initiation_timestamp"])
    assert [one["id"] for one in resumed.json["contacts"]] == [f"contact-{number}" for number in range(7, 14)]
    assert (refused.status, refused.json["type"]) == (503, "/problems/upstream-unavailable")
    assert "retry-after" in refused.headers


def test_what_has_expired_in_the_table_is_not_used(api: Api, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    contacts = [contact(number, END - timedelta(hours=number)) for number in range(30)]
    window = {"from_": (END - EIGHT_WEEKS).isoformat(), "to": END.isoformat(), "limit": 7}
    with contacts_are(aws, contacts, Behaviour(token_length=100_000)) as requests:
        cursor = api.get(**window).json["next_cursor"]
        later = (NOW + timedelta(hours=24.1)).timestamp()
        monkeypatch.setattr(
            "contact_search.storage.transient_table.time",
            SimpleNamespace(time=lambda: later, monotonic=time.monotonic),
        )
        answer = api.get(**window, cursor=cursor)
    assert [one["id"] for one in answer.json["contacts"]] == [f"contact-{number}" for number in range(7, 14)]
    assert "NextToken" not in requests[-1]
