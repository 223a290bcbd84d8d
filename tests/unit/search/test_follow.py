"""Test that a follower gets each contact once and in order, however it polls and whatever Connect does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contact_search.amazon_connect.connect import AmazonConnect, Patience, Result
from contact_search.amazon_connect.contact import Contact, SearchContactsResponse
from contact_search.amazon_connect.errors import RejectedError
from contact_search.search import position as position_module
from contact_search.search.cursor import CursorCodec
from contact_search.search.follow import Horizon, fetch_followed_page
from contact_search.search.model import Search
from contact_search.search.walk import Page
from contact_search.search.window import EIGHT_WEEKS, RequestedWindow
from tests.clock import Clock
from tests.unit.search.test_walk import FakeTable, new_codec

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
STEP = 10
SETTLE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
FIELD = "DISCONNECT_TIMESTAMP"
RESULT_LIMIT = 20


@dataclass(frozen=True)
class LateContact:
    """A contact, and when Connect learns of it."""

    contact: Contact
    appears_at: datetime

    @property
    def timestamp(self) -> datetime:
        assert self.contact.disconnect_timestamp
        return self.contact.disconnect_timestamp


@dataclass
class DelayedConnect(AmazonConnect):
    """Find contacts once they have appeared, and cache every result forever, as the result cache may.

    Attributes:
        now: The time.
        requests: All requests that no cached result could answer.
        tokens_work: Whether a NextToken is accepted.
        rounds_down: Whether windows lose the fractions of their seconds, as they do on the wire.
    """

    contacts: Sequence[LateContact]
    now: datetime = START
    tokens_work: bool = True
    rounds_down: bool = True
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    pages: dict[str, SearchContactsResponse] = field(default_factory=dict)

    def search(self, request: Mapping[str, Any], patience: Patience) -> Result[SearchContactsResponse]:
        token = request.get("NextToken")
        if token and not self.tokens_work:
            raise RejectedError("InvalidRequestException", "NextToken")
        key = f"{patience.cache_scope} {request}"
        if key not in self.pages:
            self.requests.append(request)
            self.pages[key] = self._page(request, int(token or 0))
        return Result(self.pages[key], 300, None, "fwd=miss")

    def _page(self, request: Mapping[str, Any], offset: int) -> SearchContactsResponse:
        assert request["Sort"] == {"FieldName": FIELD, "Order": "ASCENDING"}
        start, end = request["TimeRange"]["StartTime"], request["TimeRange"]["EndTime"]
        assert timedelta(0) <= end - start <= EIGHT_WEEKS
        assert end.microsecond == 0 or end - start == EIGHT_WEEKS
        if self.rounds_down:
            start, end = start.replace(microsecond=0), end.replace(microsecond=0)
        known = [late for late in self.contacts if late.appears_at <= self.now]
        matches = [late for late in known if start <= late.timestamp <= end]
        matches.sort(key=lambda late: (late.timestamp, late.contact.id))
        page_end = min(offset + request["MaxResults"], RESULT_LIMIT)
        has_more = page_end < min(len(matches), RESULT_LIMIT)
        return SearchContactsResponse.model_construct(
            contacts=[late.contact for late in matches[offset:page_end]],
            next_token=str(page_end) if has_more else None,
            total_count=len(matches),
        )


@dataclass
class Follower:
    """Poll a search from page to page."""

    connect: DelayedConnect
    settle: timedelta = SETTLE
    start: datetime = START
    limit: int = 3
    skew: timedelta = timedelta(0)
    cursor: str | None = None
    codec: CursorCodec = field(default_factory=new_codec)
    pages: list[Page] = field(default_factory=list)

    def fetch(self, cursor: str | None) -> Page:
        now = self.connect.now + self.skew
        search = Search(
            time_field=FIELD,
            window=RequestedWindow(self.start, None),
            requested_at=self.start,
            criteria={},
            sort={"FieldName": FIELD, "Order": "ASCENDING"},
            limit=self.limit,
            cursor=cursor,
            settle=self.settle,
            source_type="parameter",
        )
        patience = Patience("caller", 3)
        return fetch_followed_page(search, self.connect, self.codec, patience, Horizon(now, STEP, self.settle))

    def poll(self) -> Page:
        page = self.fetch(self.cursor)
        self.cursor = page.next_cursor
        assert self.cursor is not None
        assert page.count <= self.limit
        self.pages.append(page)
        return page

    def catch_up(self) -> None:
        for _ in range(1000):
            if progress_of(self.poll()).poll_after:
                return
        raise AssertionError("the walk does not reach its end")


def progress_of(page: Page) -> Any:
    assert page.progress is not None
    return page.progress


def late_contact(number: int, timestamp: datetime, delay: timedelta = timedelta(0)) -> LateContact:
    contact = Contact.model_construct(id=f"contact-{number:03}", disconnect_timestamp=timestamp)
    return LateContact(contact, timestamp + delay)


def ids(pages: Sequence[Page]) -> list[str | None]:
    return [contact.id for page in pages for contact in page.contacts]


@pytest.fixture(autouse=True)
def few_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position_module, "RESULT_LIMIT", RESULT_LIMIT)


def test_the_walk_reaches_up_to_now_less_settle() -> None:
    contacts = [late_contact(1, START), late_contact(2, START + 10 * SECOND), late_contact(3, START + 11 * SECOND)]
    follower = Follower(DelayedConnect(contacts, now=START + SETTLE + 19.9 * SECOND))
    page = follower.poll()
    assert ids([page]) == ["contact-001", "contact-002"]
    assert progress_of(page).complete_until == START + 10 * SECOND
    assert progress_of(page).poll_after == 1


def test_a_page_within_the_walk_has_not_caught_up() -> None:
    contacts = [late_contact(number, START + number * SECOND) for number in range(5)]
    page = Follower(DelayedConnect(contacts, now=START + SETTLE + 60 * SECOND)).poll()
    assert ids([page]) == ["contact-000", "contact-001", "contact-002"]
    assert progress_of(page).poll_after is None
    assert START + SECOND <= progress_of(page).complete_until < START + 3 * SECOND


def test_polling_early_costs_no_call_and_polling_in_time_one() -> None:
    connect = DelayedConnect([], now=START + SETTLE)
    follower = Follower(connect)
    poll_after = progress_of(follower.poll()).poll_after
    assert poll_after == STEP
    for wait in (0, 1, poll_after - 0.001):
        connect.now = START + SETTLE + wait * SECOND
        early = follower.poll()
        assert (early.contacts, early.next_cursor is not None, early.result.lifetime) == (
            [],
            True,
            early.result.lifetime,
        )
        assert progress_of(early).poll_after >= 1
        assert len(connect.requests) == 1
    connect.now = START + SETTLE + poll_after * SECOND
    follower.poll()
    assert len(connect.requests) == 2


def test_a_walk_can_begin_at_its_horizon_or_later() -> None:
    connect = DelayedConnect([late_contact(1, START)], now=START)
    follower = Follower(connect)
    page = follower.poll()
    assert (page.contacts, progress_of(page).poll_after, connect.requests) == ([], 60, [])
    connect.now += 60 * SECOND
    assert ids([follower.poll()]) == ["contact-001"]


def test_a_result_for_a_shorter_settle_is_not_reused() -> None:
    connect = DelayedConnect([late_contact(1, START, 50 * SECOND)], now=START + 10 * SECOND)
    assert ids([Follower(connect, settle=10 * SECOND).poll()]) == []
    connect.now = START + SETTLE
    assert ids([Follower(connect).poll()]) == ["contact-001"]


def test_equal_followers_share_calls() -> None:
    contacts = [late_contact(number, START + number * SECOND) for number in range(300)]
    connect = DelayedConnect(contacts, now=START + SETTLE)
    followers = [Follower(connect, limit=100) for _ in range(20)]
    for _ in range(20):
        connect.now += 10 * SECOND
        for number, follower in enumerate(followers):
            connect.now += number / 10 * MILLISECOND
            follower.catch_up()
    assert len(connect.requests) <= 21
    assert {tuple(ids(follower.pages)) for follower in followers} == {tuple(ids(followers[0].pages))}


def test_a_walk_goes_on_beyond_8_weeks_and_more_contacts_at_a_timestamp_than_connect_returns() -> None:
    start = START - timedelta(weeks=30)
    contacts = [late_contact(number, start + number * timedelta(weeks=1)) for number in range(30)]
    contacts += [late_contact(100 + number, START) for number in range(2 * RESULT_LIMIT)]
    contacts += [late_contact(200, START + 5 * SECOND)]
    follower = Follower(DelayedConnect(contacts, now=START + 10 * SECOND + SETTLE), start=start)
    follower.catch_up()
    found = ids(follower.pages)
    assert found[:30] == [f"contact-{number:03}" for number in range(30)]
    assert found[-1] == "contact-200"
    assert len(set(found)) == len(found) == 31 + RESULT_LIMIT
    assert any(page.truncated for page in follower.pages)


_milliseconds = st.one_of(
    st.integers(0, 300_000), st.sampled_from([0, 1, 9_999, 10_000, 10_001, 20_000, 30_000, 30_500, 60_000])
)
_delays = st.one_of(st.integers(0, 60_000), st.sampled_from([0, 58_000, 60_000, 60_001, 75_000, 200_000]))
_polls = st.tuples(
    st.one_of(st.integers(0, 90_000), st.sampled_from([0, 9_999, 10_000, 30_000])),  # milliseconds to wait
    st.integers(1, 7),  # limit
    st.booleans(),  # whether tokens work
    st.integers(-3_000, 0),  # how far the environment's clock is behind
    st.integers(0, 3),  # how many pages to go back before
)


@settings(deadline=None)
@given(
    st.lists(st.tuples(_milliseconds, _delays), max_size=60),
    st.lists(_polls, max_size=25),
    st.booleans(),
    st.sampled_from([timedelta(0), timedelta(weeks=20)]),
)
def test_each_contact_that_appears_in_time_is_returned_once_and_in_order(
    drawn: list[tuple[int, int]], polls: list[tuple[int, int, bool, int, int]], rounds_down: bool, before: timedelta
) -> None:
    contacts = [
        late_contact(number, START + timestamp * MILLISECOND, delay * MILLISECOND)
        for number, (timestamp, delay) in enumerate(drawn)
    ]
    connect = DelayedConnect(contacts, rounds_down=rounds_down)
    follower = Follower(connect, start=START - before)
    horizon = START - before
    for wait, limit, tokens_work, skew, back in polls:
        connect.now += wait * MILLISECOND
        connect.tokens_work = tokens_work
        follower.limit, follower.skew = limit, skew * MILLISECOND
        if back and len(follower.pages) > back:  # the follower crashed, and lost what it had not stored
            del follower.pages[-back:]
            follower.cursor = follower.pages[-1].next_cursor
        horizon = max(horizon, connect.now - SETTLE)
        calls = len(connect.requests)
        page = follower.poll()
        # A call without the lost token is refused before it costs anything here.
        assert len(connect.requests) - calls <= 1
        assert progress_of(page).complete_until <= max(horizon, START - before)
    connect.now, connect.tokens_work, follower.skew = START + timedelta(hours=1), True, timedelta(0)
    follower.catch_up()
    check(follower, contacts)


def check(follower: Follower, contacts: Sequence[LateContact]) -> None:
    found = ids(follower.pages)
    in_time = {late.contact.id for late in contacts if late.appears_at <= late.timestamp + SETTLE}
    if not any(page.truncated for page in follower.pages):
        assert in_time <= set(found)
    assert len(found) == len(set(found))
    timestamps = {late.contact.id: late.timestamp for late in contacts}
    assert found == sorted(found, key=lambda contact_id: timestamps[contact_id])
    complete_until = None
    for page in follower.pages:
        assert complete_until is None or all(timestamps[each] > complete_until for each in ids([page]))
        assert complete_until is None or progress_of(page).complete_until >= complete_until
        complete_until = progress_of(page).complete_until


@settings(deadline=None)
@given(st.lists(_milliseconds, max_size=30), st.lists(st.integers(0, 60_000), min_size=1, max_size=10))
def test_a_cursor_used_again_returns_the_same_contacts_and_newer_ones(drawn: list[int], waits: list[int]) -> None:
    contacts = [late_contact(number, START + timestamp * MILLISECOND) for number, timestamp in enumerate(drawn)]
    connect = DelayedConnect(contacts)
    follower = Follower(connect)
    cursors: list[str | None] = []
    for wait in waits:
        connect.now += wait * MILLISECOND
        cursors.append(follower.cursor)
        follower.poll()
    connect.now = START + timedelta(days=20)
    for cursor, page in zip(cursors, follower.pages, strict=True):
        assert ids([follower.fetch(cursor)])[: page.count] == ids([page])


def test_a_cursor_can_be_used_for_30_days(still: Clock) -> None:
    connect = DelayedConnect([late_contact(1, START + timedelta(days=29))], now=START + SETTLE)
    follower = Follower(connect)
    follower.poll()
    connect.now += timedelta(days=29.9)
    still.advance(timedelta(days=29.9))
    follower.catch_up()
    assert ids(follower.pages) == ["contact-001"]


def test_a_follower_keeps_its_place_without_the_table() -> None:
    table = FakeTable()
    contacts = [late_contact(number, START + number * SECOND) for number in range(10)]
    connect = DelayedConnect(contacts, now=START + timedelta(hours=1))
    follower = Follower(connect, codec=new_codec(table))
    follower.poll()
    table.items.clear()
    connect.tokens_work = False
    follower.catch_up()
    assert ids(follower.pages) == [late.contact.id for late in contacts]


def test_conditions_on_other_timestamps_have_no_end() -> None:
    connect = DelayedConnect([], now=START + SETTLE)
    follower = Follower(connect)
    criterion = {"TimeRange": {"Type": "INITIATION_TIMESTAMP", "StartTime": START, "EndTime": None}}
    search = replace(
        Search(
            FIELD, RequestedWindow(START, None), START, {}, {"FieldName": FIELD, "Order": "ASCENDING"}, 3, "parameter"
        ),
        settle=SETTLE,
        criteria={"AdditionalTimeRange": {"Criteria": [criterion], "MatchType": "MATCH_ALL"}},
    )
    cursor = None
    for day in range(3):
        now = START + SETTLE + timedelta(days=day)
        horizon = Horizon(now, STEP, SETTLE)
        page = fetch_followed_page(replace(search, cursor=cursor), connect, follower.codec, Patience("c", 3), horizon)
        cursor = page.next_cursor
        [sent] = connect.requests[-1]["SearchCriteria"]["AdditionalTimeRange"]["Criteria"]
        assert sent["TimeRange"]["EndTime"] > now
