"""Test what follows from a position and the contacts around it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contact_search.amazon_connect.contact import AgentInfo, Contact
from contact_search.amazon_connect.errors import UpstreamError
from contact_search.search.position import (
    DIGEST_LENGTH,
    RESULT_LIMIT,
    Position,
    digest,
    digests_at_end,
    get_timestamp,
    may_be_capped,
)
from contact_search.search.window import Window

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = NOW - timedelta(days=7)
MIDDLE = NOW - timedelta(days=3)
POSITION = Position(NOW, None, Window(START, NOW))
INITIATION = "INITIATION_TIMESTAMP"
SHORT_TEXT = "token"


def new_contact(number: int, timestamp: datetime) -> Contact:
    return Contact.model_construct(id=f"contact-{number}", initiation_timestamp=timestamp)


def test_results_left_counts_down_from_the_result_limit() -> None:
    assert POSITION.results_left == RESULT_LIMIT
    assert replace(POSITION, results_read=RESULT_LIMIT - 1).results_left == 1


@pytest.mark.parametrize(
    ("last_timestamp", "initiated_until", "results_read", "expected"),
    [
        pytest.param(START, None, 0, 2, id="the window starts at the last timestamp"),
        pytest.param(NOW, None, 0, 2, id="the window ends at the last timestamp"),
        pytest.param(MIDDLE, MIDDLE, 0, 2, id="the additional bound is the last timestamp"),
        pytest.param(START, None, 1, 1, id="one repeat is behind"),
        pytest.param(START, None, 9, 0, id="all repeats are behind"),
        pytest.param(MIDDLE, None, 0, 0, id="the last timestamp is within the window"),
    ],
)
def test_repeats_are_the_seen_contacts_that_connect_returns_again(
    last_timestamp: datetime, initiated_until: datetime | None, results_read: int, expected: int
) -> None:
    position = replace(
        POSITION,
        last_timestamp=last_timestamp,
        initiated_until=initiated_until,
        results_read=results_read,
        seen=frozenset({"a", "b"}),
    )
    assert position.repeats == expected


def test_positions_are_in_the_same_search_when_its_bounds_are_equal() -> None:
    assert POSITION.has_same_search(replace(POSITION, results_read=5, next_token=SHORT_TEXT))
    assert not POSITION.has_same_search(replace(POSITION, window=Window(MIDDLE, NOW)))
    assert not POSITION.has_same_search(replace(POSITION, initiated_until=MIDDLE))


def test_a_count_at_the_result_limit_may_be_capped() -> None:
    counts = (RESULT_LIMIT - 1, RESULT_LIMIT, RESULT_LIMIT + 1)
    assert [may_be_capped(count) for count in counts] == [False, True, False]


@pytest.mark.parametrize(
    ("field_name", "contact"),
    [
        pytest.param(INITIATION, Contact.model_construct(initiation_timestamp=NOW), id="initiation"),
        pytest.param("SCHEDULED_TIMESTAMP", Contact.model_construct(scheduled_timestamp=NOW), id="scheduled"),
        pytest.param("DISCONNECT_TIMESTAMP", Contact.model_construct(disconnect_timestamp=NOW), id="disconnect"),
        pytest.param(
            "CONNECTED_TO_AGENT_TIMESTAMP",
            Contact.model_construct(agent_info=AgentInfo.model_construct(connected_to_agent_timestamp=NOW)),
            id="connected to agent",
        ),
    ],
)
def test_get_timestamp_reads_each_sort_field_and_fails_without_it(field_name: str, contact: Contact) -> None:
    assert get_timestamp(contact, field_name) == NOW
    with pytest.raises(UpstreamError, match="NoTimestamp"):
        get_timestamp(Contact.model_construct(id="1"), field_name)


def test_digests_are_short_and_differ() -> None:
    digests = {digest(new_contact(number, NOW)) for number in range(100)}
    assert len(digests) == 100
    assert {len(text) for text in digests} == {DIGEST_LENGTH}


def test_a_contact_without_id_is_an_upstream_error() -> None:
    with pytest.raises(UpstreamError, match="NoId"):
        digest(Contact.model_construct(initiation_timestamp=NOW))


def test_digests_at_end_stop_at_another_timestamp() -> None:
    contacts = [new_contact(1, NOW), new_contact(2, MIDDLE), new_contact(3, NOW), new_contact(4, NOW)]
    assert digests_at_end(contacts, INITIATION) == {digest(contacts[2]), digest(contacts[3])}
    assert digests_at_end(contacts[:1], INITIATION) == {digest(contacts[0])}
