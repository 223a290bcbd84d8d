"""Test that a walk returns each contact exactly once and in order, whatever Connect does."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contact_search.amazon_connect.connect import AmazonConnect, Patience, Result
from contact_search.amazon_connect.contact import Contact, QueueInfo, SearchContactsResponse
from contact_search.amazon_connect.errors import RejectedError
from contact_search.search import position as position_module
from contact_search.search.cursor import CursorCodec, CursorExpiredError
from contact_search.search.model import Search
from contact_search.search.position import RESULT_LIMIT, Position
from contact_search.search.walk import Page, Walk, WalkPage, can_restart, fetch_page
from contact_search.search.window import EIGHT_WEEKS, RequestedWindow, Window, two_years_before
from contact_search.storage.errors import StorageUnavailableError
from contact_search.storage.transient_table import TransientTable
from tests.profiles import examples

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TWO_YEARS_AGO = NOW - timedelta(days=720)
SPAN = NOW - TWO_YEARS_AGO
HOUR = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)
INITIATION, ENQUEUE = "INITIATION_TIMESTAMP", "ENQUEUE_TIMESTAMP"
PATIENCE = Patience("caller", 3)
# Longer than a cursor can hold, and different for each offset.
TOKEN_PADDING = "".join(f"{number:x}" for number in range(2_000))


class FakeConnect(AmazonConnect):
    """Search a list of contacts as SearchContacts does.

    Attributes:
        requests: All requests so far.
        result_limit: How many results one search has; further ones cannot be read.
        counts: "exact", "capped" at the result limit, or "none" for no TotalCount at all.
        token_padding: Text that makes each NextToken longer.
        tokens_work: Whether a NextToken is accepted.
        has_token_at_limit: Whether the last result within the limit has a NextToken, if there are more.
        rounds_down: Whether windows lose the fractions of their seconds, as some versions of botocore send them.
    """

    def __init__(self, contacts: Sequence[Contact]) -> None:
        self.contacts = list(contacts)
        self.requests: list[Mapping[str, Any]] = []
        self.result_limit = RESULT_LIMIT
        self.counts = "exact"
        self.token_padding = ""
        self.tokens_work = True
        self.has_token_at_limit = False
        self.rounds_down = False

    def search(self, request: Mapping[str, Any], patience: Patience) -> Result[SearchContactsResponse]:
        assert patience is PATIENCE
        self.requests.append(request)
        time_range = request["TimeRange"]
        assert timedelta(0) <= time_range["EndTime"] - time_range["StartTime"] <= EIGHT_WEEKS
        assert 1 <= request["MaxResults"] <= 100
        offset = self._offset(request.get("NextToken"))
        matches = self._matches(request)
        end = min(offset + request["MaxResults"], self.result_limit)
        has_more = end < len(matches) and (end < self.result_limit or self.has_token_at_limit)
        counts = {"exact": len(matches), "capped": min(len(matches), self.result_limit), "none": None}
        response = SearchContactsResponse.model_construct(
            contacts=matches[offset:end],
            next_token=f"{end} {self.token_padding}" if has_more else None,
            total_count=counts[self.counts],
        )
        return Result(response, 0, None, "fwd=bypass")

    def _offset(self, token: str | None) -> int:
        if token is None:
            return 0
        offset = int(token.split()[0])
        if not self.tokens_work or offset >= self.result_limit:
            raise RejectedError("InvalidRequestException", "NextToken")
        return offset

    def _matches(self, request: Mapping[str, Any]) -> list[Contact]:
        additional = request["SearchCriteria"].get("AdditionalTimeRange", {"Criteria": []})["Criteria"]
        ranges = [request["TimeRange"], *(criterion["TimeRange"] for criterion in additional)]
        if self.rounds_down:
            ranges = [bounds | {"StartTime": bounds["StartTime"].replace(microsecond=0)} for bounds in ranges]
        matches = [contact for contact in self.contacts if all(is_within(contact, bounds) for bounds in ranges)]
        sort = request["Sort"]
        matches.sort(key=lambda contact: (sort_key(contact, sort["FieldName"]), contact.id))
        return matches[::-1] if sort["Order"] == "DESCENDING" else matches


class FakeKms:
    """Answer GenerateMac of KMS."""

    def generate_mac(self, **_: Any) -> dict[str, bytes]:
        return {"Mac": b"secret"}


class FakeTable(TransientTable):
    """Keep items in memory, unless the table is unavailable."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.is_available = True

    def get(self, key: str) -> dict[str, Any] | None:
        return self.items.get(key)

    def put(self, key: str, item: Mapping[str, Any], lifetime: timedelta) -> None:
        assert lifetime > timedelta(0)
        if not self.is_available:
            raise StorageUnavailableError("Resting")
        self.items[key] = dict(item)


def is_within(contact: Contact, time_range: Mapping[str, Any]) -> bool:
    timestamp = sort_key(contact, time_range["Type"])
    return bool(time_range["StartTime"] <= timestamp <= time_range["EndTime"])


def sort_key(contact: Contact, field_name: str) -> Any:
    if field_name == ENQUEUE:
        assert contact.queue_info
        return contact.queue_info.enqueue_timestamp
    return getattr(contact, field_name.lower())


def new_contact(number: int, timestamp: datetime, *, queued_for: timedelta = timedelta(0)) -> Contact:
    """Create a contact that was initiated at a timestamp, and enqueued `queued_for` later."""
    return Contact.model_construct(
        id=f"contact-{number:05}",
        channel="VOICE",
        initiation_timestamp=timestamp,
        queue_info=QueueInfo.model_construct(enqueue_timestamp=timestamp + queued_for),
    )


def hourly_contacts(count: int) -> list[Contact]:
    """Create contacts at intervals of an hour, newest first."""
    return [new_contact(number, NOW - number * HOUR) for number in range(count)]


def new_search(
    *,
    start: datetime = NOW - EIGHT_WEEKS,
    time_field: str = INITIATION,
    sort: str | None = INITIATION,
    order: str = "DESCENDING",
    limit: int = 10,
    **members: Any,
) -> Search:
    return Search(
        time_field=time_field,
        window=RequestedWindow(start, NOW, None),
        requested_at=NOW,
        criteria=members.pop("criteria", {}),
        sort=sort and {"FieldName": sort, "Order": order},  # type: ignore[arg-type]
        limit=limit,
        source_type="parameter",
        **members,
    )


def new_codec(table: TransientTable | None = None) -> CursorCodec:
    return CursorCodec(["key"], FakeKms(), table or FakeTable())


def fetch_pages(search: Search, connect: AmazonConnect, limits: Iterator[int] | None = None) -> list[Page]:
    """Fetch all pages, each with the next of the `limits` if there are any."""
    codec, pages, cursor = new_codec(), list[Page](), None
    while not pages or cursor:
        limit = next(limits) if limits else search.limit
        pages.append(fetch_page(replace(search, cursor=cursor, limit=limit), connect, codec, PATIENCE))
        assert pages[-1].count <= limit
        assert len(pages) < 1_000, "the walk does not reach its end"
        cursor = pages[-1].next_cursor
    return pages


def ids(pages: Sequence[Page]) -> list[str | None]:
    return [contact.id for page in pages for contact in page.contacts]


@pytest.fixture
def few_results(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lower the result limit of an upstream search."""
    monkeypatch.setattr(position_module, "RESULT_LIMIT", 20)
    return 20


@pytest.mark.parametrize(
    ("start", "order", "expected"),
    [
        pytest.param(NOW - HOUR, "DESCENDING", Window(NOW - HOUR, NOW), id="short"),
        pytest.param(NOW - EIGHT_WEEKS, "ASCENDING", Window(NOW - EIGHT_WEEKS, NOW), id="exactly 8 weeks"),
        pytest.param(TWO_YEARS_AGO, "DESCENDING", Window(NOW - EIGHT_WEEKS, NOW), id="newest first"),
        pytest.param(TWO_YEARS_AGO, "ASCENDING", Window(TWO_YEARS_AGO, TWO_YEARS_AGO + EIGHT_WEEKS), id="oldest first"),
    ],
)
def test_a_walk_begins_with_8_weeks_at_most(start: datetime, order: str, expected: Window) -> None:
    walk = Walk.begin(new_search(start=start, order=order))
    assert walk.position == Position(NOW, None, expected)
    assert walk.request() == {
        "TimeRange": {"Type": INITIATION, "StartTime": expected.start, "EndTime": expected.end},
        "SearchCriteria": {},
        "Sort": {"FieldName": INITIATION, "Order": order},
        "MaxResults": 10,
    }


@pytest.mark.parametrize(
    ("members", "changes", "expected"),
    [
        pytest.param({"limit": 7}, {}, 7, id="the limit"),
        pytest.param({"limit": 0}, {}, 1, id="a count"),
        pytest.param({"limit": 7}, {"remaining": 3}, 3, id="the end of max_items"),
        pytest.param({"limit": 7}, {"results_read": RESULT_LIMIT - 2}, 2, id="the end of the results"),
        pytest.param({"limit": 7}, {"last_timestamp": NOW, "seen": frozenset("ab")}, 9, id="two repeats"),
        pytest.param({"limit": 99}, {"last_timestamp": NOW, "seen": frozenset("ab")}, 100, id="Connect's largest page"),
    ],
)
def test_a_request_has_as_many_results_as_the_page_needs(
    members: dict[str, Any], changes: dict[str, Any], expected: int
) -> None:
    walk = Walk.begin(new_search(**members))
    assert Walk(walk.search, replace(walk.position, **changes)).request()["MaxResults"] == expected


def test_a_page_has_a_cursor_only_if_there_is_another_page() -> None:
    pages = fetch_pages(new_search(limit=10), FakeConnect(hourly_contacts(25)))
    assert [page.count for page in pages] == [10, 10, 5]
    assert [page.next_cursor is None for page in pages] == [False, False, True]
    assert {(page.total, page.is_lower_bound) for page in pages} == {(25, False)}
    assert [page.result.response.contacts for page in pages] == [page.contacts for page in pages]


def test_the_next_page_is_requested_with_connects_token() -> None:
    connect = FakeConnect(hourly_contacts(15))
    fetch_pages(new_search(limit=10), connect)
    assert [request.get("NextToken") for request in connect.requests] == [None, "10 "]


@pytest.mark.parametrize(
    ("start", "counts", "expected"),
    [
        pytest.param(NOW - EIGHT_WEEKS, "exact", (25, False), id="one upstream search"),
        pytest.param(TWO_YEARS_AGO, "exact", (25, True), id="several upstream searches"),
        pytest.param(NOW - EIGHT_WEEKS, "none", (1, True), id="Connect does not count"),
    ],
)
def test_a_limit_of_0_counts_with_one_call(start: datetime, counts: str, expected: tuple[int, bool]) -> None:
    connect = FakeConnect(hourly_contacts(25))
    connect.counts = counts
    page = fetch_page(new_search(start=start, limit=0), connect, new_codec(), PATIENCE)
    assert (page.contacts, page.count, page.next_cursor, page.truncated) == ([], 0, None, False)
    assert (page.total, page.is_lower_bound) == expected
    assert len(page.result.response.contacts) == 1
    assert [request["MaxResults"] for request in connect.requests] == [1]


def test_without_a_count_the_total_is_what_has_been_read() -> None:
    connect = FakeConnect(hourly_contacts(25))
    connect.counts = "none"
    pages = fetch_pages(new_search(limit=10), connect)
    assert [(page.total, page.is_lower_bound) for page in pages] == [(10, True), (20, True), (25, True)]


def test_a_count_is_a_lower_bound_where_connect_may_have_stopped_counting(few_results: int) -> None:
    connect = FakeConnect(hourly_contacts(few_results + 5))
    connect.result_limit, connect.counts = few_results, "capped"
    page = fetch_page(new_search(limit=0), connect, new_codec(), PATIENCE)
    assert (page.total, page.is_lower_bound) == (few_results, True)


@pytest.mark.parametrize("max_items", [1, 10, 12, 25, 99])
def test_max_items_ends_a_walk_which_is_not_truncated(max_items: int) -> None:
    pages = fetch_pages(new_search(limit=5, max_items=max_items), FakeConnect(hourly_contacts(25)))
    assert len(ids(pages)) == min(max_items, 25)
    assert {page.total for page in pages} == {25}
    assert not any(page.truncated for page in pages)


def test_a_lost_token_is_replaced_by_a_search_from_the_last_timestamp() -> None:
    connect, codec = FakeConnect(hourly_contacts(15)), new_codec()
    search = new_search(limit=10)
    first = fetch_page(search, connect, codec, PATIENCE)
    connect.tokens_work = False
    second = fetch_page(replace(search, cursor=first.next_cursor), connect, codec, PATIENCE)
    assert ids([first, second]) == [contact.id for contact in connect.contacts]
    assert (second.total, second.is_lower_bound) == (15, False)
    assert ["NextToken" in request for request in connect.requests] == [False, True, False]
    assert connect.requests[-1]["TimeRange"]["EndTime"] == first.contacts[-1].initiation_timestamp


def test_a_lost_token_is_replaced_while_the_walk_has_not_left_its_first_timestamp() -> None:
    connect, codec = FakeConnect([new_contact(number, NOW) for number in range(15)]), new_codec()
    search = new_search(limit=10)
    first = fetch_page(search, connect, codec, PATIENCE)
    connect.tokens_work = False
    second = fetch_page(replace(search, cursor=first.next_cursor), connect, codec, PATIENCE)
    assert ids([first, second]) == [contact.id for contact in reversed(connect.contacts)]


@pytest.mark.parametrize("token", ["t", None], ids=["with a token", "its token is lost"])
def test_a_restart_begins_anew_if_no_contact_is_returned_yet(token: str | None) -> None:
    walk = Walk.begin(new_search())
    assert Walk(walk.search, replace(walk.position, results_read=3, next_token=token)).restart() == walk


@pytest.mark.parametrize("token", ["t", None], ids=["with a token", "its token is lost"])
def test_a_restart_begins_at_the_last_timestamp(token: str | None) -> None:
    walk = Walk.begin(new_search())
    reached = {"last_timestamp": NOW - HOUR, "seen": frozenset("a")}
    position = replace(walk.position, matches_before=7, results_read=5, next_token=token, **reached)  # type: ignore[arg-type]
    window = Window(NOW - EIGHT_WEEKS, NOW - HOUR)
    expected = replace(walk.position, window=window, matches_before=7 + 5 - 1, **reached)  # type: ignore[arg-type]
    assert Walk(walk.search, position).restart() == Walk(walk.search, expected)


def test_a_token_may_be_lost_before_the_first_contact() -> None:
    class HesitantConnect(FakeConnect):
        """Return nothing at first but a token."""

        def search(self, request: Mapping[str, Any], patience: Patience) -> Result[SearchContactsResponse]:
            result = super().search(request, patience)
            if len(self.requests) > 1:
                return result
            return replace(result, response=result.response.model_copy(update={"contacts": [], "next_token": "0 "}))

    connect = HesitantConnect(hourly_contacts(15))
    connect.tokens_work = False
    pages = fetch_pages(new_search(start=TWO_YEARS_AGO, limit=10), connect)
    assert ids(pages) == [contact.id for contact in connect.contacts]
    check_totals(pages, 15)


def test_a_lost_stored_token_is_replaced_as_well() -> None:
    connect, table = FakeConnect(hourly_contacts(15)), FakeTable()
    connect.token_padding = TOKEN_PADDING
    codec, search = new_codec(table), new_search(limit=10)
    first = fetch_page(search, connect, codec, PATIENCE)
    table.items.clear()
    second = fetch_page(replace(search, cursor=first.next_cursor), connect, codec, PATIENCE)
    assert ids([first, second]) == [contact.id for contact in connect.contacts]
    assert connect.requests[-1]["TimeRange"]["EndTime"] == first.contacts[-1].initiation_timestamp
    assert (second.total, second.is_lower_bound) == (15, False)


def test_a_lost_token_expires_the_cursor_if_the_order_does_not_allow_a_restart() -> None:
    connect, codec = FakeConnect(hourly_contacts(15)), new_codec()
    search = new_search(sort="CHANNEL", limit=10)
    cursor = fetch_page(search, connect, codec, PATIENCE).next_cursor
    connect.tokens_work = False
    with pytest.raises(CursorExpiredError):
        fetch_page(replace(search, cursor=cursor), connect, codec, PATIENCE)


def test_lost_tokens_expire_the_cursor_among_too_many_equal_timestamps() -> None:
    connect, codec = FakeConnect([new_contact(number, NOW) for number in range(250)]), new_codec()
    search = new_search(limit=100)
    cursor = fetch_page(search, connect, codec, PATIENCE).next_cursor
    connect.tokens_work = False
    with pytest.raises(CursorExpiredError):
        fetch_page(replace(search, cursor=cursor), connect, codec, PATIENCE)


def test_a_rejected_first_page_is_the_callers_fault() -> None:
    class RejectingConnect(FakeConnect):
        def search(self, request: Mapping[str, Any], patience: Patience) -> Result[SearchContactsResponse]:
            super().search(request, patience)
            raise RejectedError("InvalidParameterException", "No.")

    connect = RejectingConnect([])
    with pytest.raises(RejectedError):
        fetch_page(new_search(), connect, new_codec(), PATIENCE)
    assert len(connect.requests) == 1


def test_without_the_table_the_next_page_is_requested_without_the_token() -> None:
    connect, table = FakeConnect(hourly_contacts(15)), FakeTable()
    connect.token_padding, table.is_available = TOKEN_PADDING, False
    codec, search = new_codec(table), new_search(limit=10)
    first = fetch_page(search, connect, codec, PATIENCE)
    second = fetch_page(replace(search, cursor=first.next_cursor), connect, codec, PATIENCE)
    assert ids([first, second]) == [contact.id for contact in connect.contacts]
    with pytest.raises(StorageUnavailableError):
        fetch_page(replace(search, sort={"FieldName": "CHANNEL", "Order": "ASCENDING"}), connect, codec, PATIENCE)


@pytest.mark.parametrize(
    ("count", "counts", "has_token_at_limit", "is_truncated", "calls"),
    [
        pytest.param(19, "capped", False, False, 1, id="fewer than the limit"),
        pytest.param(20, "exact", False, False, 2, id="exactly the limit, which takes a second call to know"),
        pytest.param(20, "capped", False, False, 2, id="a capped count that is exact"),
        pytest.param(21, "capped", False, True, 2, id="a capped count"),
        pytest.param(21, "exact", False, True, 1, id="an exact count"),
        pytest.param(21, "capped", True, True, 1, id="a token at the limit"),
    ],
)
def test_a_walk_that_cannot_pass_the_result_limit_says_whether_more_match(
    few_results: int, count: int, counts: str, *, has_token_at_limit: bool, is_truncated: bool, calls: int
) -> None:
    connect = FakeConnect(hourly_contacts(count))
    connect.result_limit, connect.counts, connect.has_token_at_limit = few_results, counts, has_token_at_limit
    search = new_search(sort="DISCONNECT_TIMESTAMP", limit=100)
    for contact in connect.contacts:
        contact.disconnect_timestamp = contact.initiation_timestamp
    page = fetch_page(search, connect, new_codec(), PATIENCE)
    assert (page.count, page.next_cursor, page.truncated) == (min(count, few_results), None, is_truncated)
    assert len(connect.requests) == calls


def test_a_walk_that_max_items_ends_at_the_result_limit_is_not_truncated(few_results: int) -> None:
    connect = FakeConnect(hourly_contacts(few_results + 5))
    connect.result_limit = few_results
    search = new_search(sort="CHANNEL", limit=100, max_items=few_results)
    page = fetch_page(search, connect, new_codec(), PATIENCE)
    assert (page.count, page.next_cursor, page.truncated) == (few_results, None, False)
    assert len(connect.requests) == 1


def test_a_walk_is_truncated_where_more_contacts_share_a_timestamp_than_connect_returns(few_results: int) -> None:
    connect = FakeConnect([new_contact(number, NOW) for number in range(few_results + 1)])
    connect.result_limit = few_results
    pages = fetch_pages(new_search(limit=7), connect)
    assert len(ids(pages)) == few_results
    assert [page.truncated for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_walk_passes_more_contacts_of_one_timestamp_than_a_page_holds() -> None:
    contacts = [new_contact(number, NOW - number // 400 * HOUR) for number in range(1_000)]
    pages = fetch_pages(new_search(limit=100), FakeConnect(contacts))
    expected = sorted(contacts, key=lambda contact: (contact.initiation_timestamp, contact.id), reverse=True)
    assert ids(pages) == [contact.id for contact in expected]


@pytest.mark.parametrize("rounds_down", [False, True], ids=["to the microsecond", "full seconds"])
@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
def test_a_contact_where_two_windows_meet_is_returned_and_counted_once(order: str, *, rounds_down: bool) -> None:
    seam = TWO_YEARS_AGO + EIGHT_WEEKS if order == "ASCENDING" else NOW - EIGHT_WEEKS
    contacts = [new_contact(number, seam + number * HOUR) for number in (-1, 0, 1)]
    connect = FakeConnect(contacts)
    connect.rounds_down = rounds_down
    pages = fetch_pages(new_search(start=TWO_YEARS_AGO, order=order, limit=2), connect)
    contacts.sort(key=lambda contact: (contact.initiation_timestamp, contact.id), reverse=order == "DESCENDING")
    assert ids(pages) == [contact.id for contact in contacts]
    if not rounds_down:
        assert pages[-1].total == 3


def test_the_last_result_within_the_limit_is_read_on_a_page_of_its_own(few_results: int) -> None:
    contacts = hourly_contacts(few_results)
    pages = fetch_pages(new_search(sort="CHANNEL", limit=few_results - 1), FakeConnect(contacts))
    assert [page.count for page in pages] == [few_results - 1, 1]


@pytest.mark.parametrize("tokens_work", [True, False], ids=["with tokens", "without tokens"])
def test_contacts_that_begin_during_the_walk_do_not_repeat_others(*, tokens_work: bool) -> None:
    connect, codec = FakeConnect(hourly_contacts(30)), new_codec()
    connect.tokens_work = tokens_work
    search, pages, cursor = new_search(limit=7), list[Page](), None
    while not pages or cursor:
        pages.append(fetch_page(replace(search, cursor=cursor), connect, codec, PATIENCE))
        cursor = pages[-1].next_cursor
        connect.contacts += [new_contact(100 * len(pages) + number, NOW) for number in range(3)]
    assert ids(pages) == [contact.id for contact in connect.contacts[:30]]


def test_a_contact_that_vanishes_during_the_walk_does_not_hide_others() -> None:
    # Given a page of contacts with the same timestamp, and others after it
    contacts = [new_contact(number, NOW - 9 * HOUR) for number in range(3)]
    contacts += [new_contact(number, NOW - (9 - number) * HOUR) for number in range(3, 9)]
    connect, codec, search = FakeConnect(contacts), new_codec(), new_search(order="ASCENDING", limit=3)
    pages = [fetch_page(search, connect, codec, PATIENCE)]
    # When the token is lost and one of the contacts vanishes, so that Connect repeats fewer than the walk expects
    connect.contacts.pop(0)
    connect.tokens_work = False
    pages.append(fetch_page(replace(search, cursor=pages[-1].next_cursor), connect, codec, PATIENCE))
    connect.tokens_work = True
    while cursor := pages[-1].next_cursor:
        pages.append(fetch_page(replace(search, cursor=cursor), connect, codec, PATIENCE))
    # Then
    assert ids(pages) == [contact.id for contact in contacts]
    assert [page.count for page in pages] == [3, 3, 3]
    assert pages[-1].total == 8


def test_an_enqueue_window_restarts_by_initiation_timestamp(few_results: int) -> None:
    contacts = [new_contact(number, NOW - number * HOUR, queued_for=HOUR / 2) for number in range(1, 51)]
    connect = FakeConnect(contacts)
    connect.result_limit = few_results
    pages = fetch_pages(new_search(time_field=ENQUEUE, sort=None, limit=10), connect)
    assert ids(pages) == [contact.id for contact in contacts]
    bounds = [request["SearchCriteria"].get("AdditionalTimeRange") for request in connect.requests]
    assert bounds[0] is None
    assert bounds[-1]["Criteria"][-1]["TimeRange"]["Type"] == INITIATION
    assert {request["TimeRange"]["EndTime"] for request in connect.requests} == {NOW}


@pytest.mark.parametrize("tokens_work", [True, False], ids=["with tokens", "without tokens"])
def test_an_enqueue_walk_begins_again_with_each_window(*, tokens_work: bool) -> None:
    # Given contacts of the newest 8 weeks of which the last was initiated long before one of the next 8 weeks
    weeks_ago = [NOW - timedelta(weeks=weeks) for weeks in range(20)]
    contacts = [
        new_contact(0, weeks_ago[12], queued_for=timedelta(weeks=12)),
        new_contact(1, weeks_ago[13], queued_for=timedelta(weeks=12)),
        new_contact(2, weeks_ago[10]),
        new_contact(3, weeks_ago[11]),
    ]
    connect = FakeConnect(contacts)
    connect.tokens_work = tokens_work
    # When
    search = new_search(start=weeks_ago[16], time_field=ENQUEUE, sort=None, limit=1)
    pages = fetch_pages(search, connect)
    # Then
    assert ids(pages) == [contact.id for contact in contacts]
    check_totals(pages, len(contacts))
    if tokens_work:
        assert {request["MaxResults"] for request in connect.requests} == {1}, "nothing is read twice"


@pytest.mark.parametrize(
    ("count", "is_halved"),
    [
        pytest.param(50, True, id="too many matches"),
        pytest.param(19, True, id="soon too many matches"),
        pytest.param(18, False, id="few enough matches"),
    ],
)
def test_an_enqueue_window_that_cannot_restart_is_halved_until_its_matches_fit(
    few_results: int, count: int, *, is_halved: bool
) -> None:
    contacts = hourly_contacts(count)
    connect = FakeConnect(contacts)
    connect.result_limit = few_results
    anywhere = {"Type": INITIATION, "StartTime": TWO_YEARS_AGO, "EndTime": NOW}
    either = {"MatchType": "MATCH_ANY", "Criteria": [{"TimeRange": anywhere}, {"TimeRange": anywhere}]}
    search = new_search(time_field=ENQUEUE, sort=None, criteria={"AdditionalTimeRange": either})
    pages = fetch_pages(search, connect)
    assert sorted(ids(pages), key=str) == [contact.id for contact in contacts]
    assert (pages[0].count == 0) is is_halved
    assert pages[0].next_cursor
    lengths = [request["TimeRange"]["EndTime"] - request["TimeRange"]["StartTime"] for request in connect.requests]
    assert lengths[1] == (lengths[0] / 2 if is_halved else lengths[0])


@pytest.mark.parametrize(("milliseconds", "is_halved"), [(1.5, False), (2, True), (60_000, True)])
def test_a_window_is_halved_down_to_a_millisecond(milliseconds: float, *, is_halved: bool) -> None:
    anywhere = {"TimeRange": {"Type": INITIATION, "StartTime": TWO_YEARS_AGO, "EndTime": NOW}}
    neither = {"MatchType": "MATCH_NONE", "Criteria": [anywhere]}
    start = NOW - milliseconds * MILLISECOND
    search = new_search(start=start, time_field=ENQUEUE, sort=None, criteria={"AdditionalTimeRange": neither})
    walk = Walk.begin(search)
    narrowed = walk.narrow()
    assert (narrowed.position.window if narrowed else None) == (
        Window(NOW - milliseconds / 2 * MILLISECOND, NOW) if is_halved else None
    )
    if narrowed:
        response = SearchContactsResponse.model_construct(contacts=[], next_token=None, total_count=RESULT_LIMIT)
        assert walk.page(response) == WalkPage([], walk, narrowed)


@pytest.mark.parametrize(
    ("match_type", "count", "expected"),
    [("MATCH_ALL", 2, True), ("MATCH_ANY", 1, True), ("MATCH_ANY", 2, False), ("MATCH_NONE", 1, False)],
)
def test_a_walk_can_restart_if_another_time_range_can_be_added(match_type: str, count: int, *, expected: bool) -> None:
    criterion = {"TimeRange": {"Type": INITIATION, "StartTime": TWO_YEARS_AGO, "EndTime": NOW}}
    additional = {"AdditionalTimeRange": {"MatchType": match_type, "Criteria": [criterion] * count}}
    assert can_restart(new_search(time_field=ENQUEUE, sort=None, criteria=additional)) is expected
    assert can_restart(new_search(time_field=ENQUEUE, sort=None))


@pytest.mark.parametrize("count", [0, 1])
def test_a_restart_adds_a_time_range_to_those_of_the_search(count: int) -> None:
    criterion = {"TimeRange": {"Type": "DISCONNECT_TIMESTAMP", "StartTime": TWO_YEARS_AGO, "EndTime": None}}
    criteria = {"AdditionalTimeRange": {"MatchType": "MATCH_ANY", "Criteria": [criterion]}} if count else {}
    walk = Walk.begin(new_search(time_field=ENQUEUE, sort=None, criteria=criteria))
    restarted = Walk(walk.search, replace(walk.position, initiated_until=NOW - HOUR))
    own = {"TimeRange": criterion["TimeRange"] | {"EndTime": NOW}}
    start = two_years_before(NOW) - EIGHT_WEEKS  # a contact may have been initiated before the 2 years
    bound = {"TimeRange": {"Type": INITIATION, "StartTime": start, "EndTime": NOW - HOUR}}
    assert restarted.request()["SearchCriteria"] == {
        "AdditionalTimeRange": {"Criteria": [own, bound][1 - count :], "MatchType": "MATCH_ALL"}
    }


SPAN_MILLISECONDS = SPAN // MILLISECOND
SEAMS = [
    offset
    for weeks in range(0, 104, 8)
    for seam in (timedelta(weeks=weeks) // MILLISECOND, (SPAN - timedelta(weeks=weeks)) // MILLISECOND)
    for offset in (seam - 1, seam, seam + 1)
    if 0 <= offset <= SPAN_MILLISECONDS
]
MAX_EQUAL_TIMESTAMPS = 4
OFFSETS = st.one_of(
    st.integers(0, SPAN_MILLISECONDS),  # anywhere
    st.integers(SPAN_MILLISECONDS // 3, SPAN_MILLISECONDS // 3 + 5),  # crowded
    st.sampled_from(SEAMS),  # where one upstream search follows another
)
LIMITS = st.lists(st.sampled_from([1, 2, 7, 100]), min_size=1, max_size=3)


@st.composite
def offsets_in_span(draw: st.DrawFn) -> list[int]:
    """Draw milliseconds since TWO_YEARS_AGO, of which only a few are equal."""
    offsets = draw(st.lists(OFFSETS, max_size=60))
    return [offset for index, offset in enumerate(offsets) if offsets[:index].count(offset) < MAX_EQUAL_TIMESTAMPS]


BEHAVIOR = {
    "result_limit": st.integers(MAX_EQUAL_TIMESTAMPS + 2, 40),
    "counts": st.sampled_from(["exact", "capped", "none"]),
    "token_padding": st.sampled_from(["", TOKEN_PADDING]),
    "tokens_work": st.booleans(),
    "has_token_at_limit": st.booleans(),
}


def behave(connect: FakeConnect, behavior: Mapping[str, Any], patch: pytest.MonkeyPatch) -> None:
    """Configure Connect's behaviour, and lower the result limit that walks know."""
    vars(connect).update(behavior)
    patch.setattr(position_module, "RESULT_LIMIT", connect.result_limit)


def check_totals(pages: Sequence[Page], count: int) -> None:
    for page in pages:
        assert page.total <= count if page.is_lower_bound else page.total == count


@given(
    offsets=offsets_in_span(),
    order=st.sampled_from(["ASCENDING", "DESCENDING"]),
    limits=LIMITS,
    behavior=st.fixed_dictionaries(BEHAVIOR),
)
@settings(deadline=None, max_examples=examples(30))
def test_a_walk_returns_each_contact_exactly_once_and_in_order(
    offsets: list[int], order: str, limits: list[int], behavior: Mapping[str, Any]
) -> None:
    # Given contacts over two years
    contacts = [new_contact(number, TWO_YEARS_AGO + offset * MILLISECOND) for number, offset in enumerate(offsets)]
    connect = FakeConnect(contacts)
    # When a caller follows the cursors
    with pytest.MonkeyPatch.context() as patch:
        behave(connect, behavior, patch)
        pages = fetch_pages(new_search(start=TWO_YEARS_AGO, order=order), connect, itertools.cycle(limits))
    # Then
    contacts.sort(key=lambda contact: (contact.initiation_timestamp, contact.id), reverse=order == "DESCENDING")
    assert ids(pages) == [contact.id for contact in contacts]
    assert not any(page.truncated for page in pages)
    check_totals(pages, len(contacts))


@given(offsets=offsets_in_span(), limits=LIMITS, behavior=st.fixed_dictionaries(BEHAVIOR), data=st.data())
@settings(deadline=None, max_examples=examples(30))
def test_an_enqueue_walk_goes_from_its_newest_upstream_search_to_its_oldest(
    offsets: list[int], limits: list[int], behavior: Mapping[str, Any], data: st.DataObject
) -> None:
    # Given contacts that were enqueued over two years, up to 50 days after they were initiated
    enqueued = [TWO_YEARS_AGO + offset * MILLISECOND for offset in offsets]
    queued_for = [timedelta(days=data.draw(st.integers(0, 50))) for _ in offsets]
    contacts = [
        new_contact(number, timestamp - wait, queued_for=wait)
        for number, (timestamp, wait) in enumerate(zip(enqueued, queued_for, strict=True))
    ]
    connect = FakeConnect(contacts)
    # When a caller follows the cursors
    search = new_search(start=TWO_YEARS_AGO, time_field=ENQUEUE, sort=None)
    with pytest.MonkeyPatch.context() as patch:
        behave(connect, behavior, patch)
        pages = fetch_pages(search, connect, itertools.cycle(limits))

    # Then
    def place(number: int) -> tuple[int, timedelta, int]:
        age = NOW - enqueued[number]
        # Both ends belong to a window, so its older end is not in the next one.
        window = max(-(-age // EIGHT_WEEKS) - 1, 0)
        return window, NOW - enqueued[number] + queued_for[number], -number

    assert ids(pages) == [contacts[number].id for number in sorted(range(len(contacts)), key=place)]
    check_totals(pages, len(contacts))
