"""Test the sample contacts: always the same except for their timestamps, and like those of a contact centre."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest

from sandbox.contact_data.contact_lens import parse_transcript
from sandbox.contact_data.sample import Sample, sample_contacts

END = datetime(2026, 11, 21, 14, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Each hour of a day, and each day of a week.
HOURS = [datetime(2027, 3, 22, 0, 1, tzinfo=UTC) + number * timedelta(hours=25) for number in range(24)]


def begin(record: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(record["InitiationTimestamp"])


def records(count: int, end: datetime, days: int = 90) -> list[dict[str, Any]]:
    return [sample.record for sample in sample_contacts(count, 1, end, days)]


def without_times(value: Any) -> Any:
    """Replace each timestamp with whether it exists."""
    if isinstance(value, list):
        return [without_times(element) for element in value]
    if isinstance(value, dict):
        return {
            name: member is not None if name.endswith("Timestamp") else without_times(member)
            for name, member in value.items()
        }
    return value


def known(samples: Iterator[Sample]) -> list[Any]:
    return [(without_times(sample.record), sample.analysis) for sample in samples]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Generate the sample of several tests."""
    return list(sample_contacts(5_000, 1, END))


@pytest.fixture(scope="module")
def found(samples: list[Sample]) -> list[dict[str, Any]]:
    return [sample.record for sample in samples]


def test_the_same_seed_and_moment_give_the_same_contacts() -> None:
    assert list(sample_contacts(300, 1, END)) == list(sample_contacts(300, 1, END))


def test_another_seed_gives_other_contacts_queues_and_agents() -> None:
    def ids(seed: int) -> set[str]:
        found = [sample.record for sample in sample_contacts(300, seed, END)]
        arns = chain.from_iterable((one["Queue"] or {}, one["Agent"] or {}) for one in found)
        return {one["ContactId"] for one in found} | {one["ARN"] for one in arns if one}

    assert ids(1).isdisjoint(ids(2))


@pytest.mark.parametrize("days", [1, 90, 730])
def test_the_seed_decides_everything_but_the_timestamps(days: int) -> None:
    expected = known(sample_contacts(800, 1, END, days))
    later = (timedelta(hours=3), timedelta(days=1, hours=10), timedelta(days=100), timedelta(days=1_000, minutes=7))
    for more in later:
        assert known(sample_contacts(800, 1, END + more, days)) == expected


@pytest.mark.parametrize("count", [1, 20, 100, 300])
def test_some_contacts_are_of_the_last_hour_and_in_progress_at_every_hour(count: int) -> None:
    for end in HOURS:
        recent = [record for record in records(count, end) if begin(record) > end - HOUR]
        assert len(recent) >= min(count / 10, 12)
        assert any(record["DisconnectTimestamp"] is None for record in recent)
        if count >= 100:
            assert any(record["DisconnectTimestamp"] for record in recent)
            assert any(record["Agent"] for record in recent)


def test_nights_stay_quiet() -> None:
    night = END.replace(hour=4)
    assert sum(begin(record) > night - HOUR for record in records(2_000, night)) < 15


@pytest.mark.parametrize("days", [1, 90])
def test_there_are_exactly_as_many_as_asked_for_in_the_days_before(days: int) -> None:
    for count in (0, 1, 7, 3_000):
        found = records(count, END, days)
        assert len({record["ContactId"] for record in found}) == len(found) == count
    begins = [begin(record) for record in found]
    assert END - timedelta(days=days) <= min(begins) < END - timedelta(days=days) * 0.99
    assert END - timedelta(minutes=10) < max(begins) < END


def test_nothing_has_happened_yet_that_lies_ahead(found: list[dict[str, Any]]) -> None:
    for record in found:
        queue, agent = record["Queue"] or {}, record["Agent"] or {}
        for time in (
            record["InitiationTimestamp"],
            record["DisconnectTimestamp"],
            record["LastUpdateTimestamp"],
            queue.get("EnqueueTimestamp"),
            agent.get("ConnectedToAgentTimestamp"),
        ):
            assert time is None or datetime.fromisoformat(time) <= END
    scheduled = [record["ScheduledTimestamp"] for record in found if record["ScheduledTimestamp"]]
    assert any(datetime.fromisoformat(time) > END for time in scheduled)


def test_agents_have_one_user_name_each(found: list[dict[str, Any]]) -> None:
    agents = {(one["Agent"]["ARN"], one["Agent"]["Username"]) for one in found if one["Agent"]}
    assert len(agents) == len({arn for arn, _ in agents}) == len({name for _, name in agents}) == 60
    assert all(name.isascii() and name.islower() for _, name in agents)


def test_they_are_believable(samples: list[Sample], found: list[dict[str, Any]]) -> None:
    by_id = {record["ContactId"]: record for record in found}
    channels = Counter(record["Channel"] for record in found)
    assert channels["VOICE"] > channels["CHAT"] > channels["TASK"] > channels["EMAIL"] > 0
    transfers = [record for record in found if record["PreviousContactId"]]
    assert len(transfers) > 100
    for record in transfers:
        before = by_id[record["PreviousContactId"]]
        assert record["InitiationTimestamp"] == before["DisconnectTimestamp"]
        assert record["InitialContactId"] == (before["InitialContactId"] or before["ContactId"])
        assert record["InitiationMethod"] in ("TRANSFER", "QUEUE_TRANSFER")
    assert 0 < sum(record["DisconnectTimestamp"] is None for record in found) < 100
    begins = [begin(record) for record in found]
    assert sum(9 <= start.hour < 17 for start in begins) > len(begins) / 2
    weekend = sum(start.weekday() >= 5 for start in begins)
    assert 0 < weekend < len(begins) * 2 / 7 * 0.6
    assert sum(sample.analysis is not None for sample in samples) > len(samples) / 3
    recordings = [record for record in found if "Recordings" in record]
    assert len(recordings) > len(found) / 3
    assert all(record["Channel"] == "VOICE" and record["Agent"]["AfterContactWorkDuration"] for record in recordings)
    assert len({record["CustomerEndpoint"]["Address"] for record in recordings}) > 500
    assert all(("DisconnectReason" in record) == (record["DisconnectTimestamp"] is not None) for record in found)
    for sample in samples:
        assert sample.analysis is None or parse_transcript(sample.analysis)[1]
