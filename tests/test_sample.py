"""The sample contacts: repeatable, and like those of a contact centre."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from sandbox.contact_data.sample import sample_contacts

DAY = date(2026, 11, 21)


def test_the_same_seed_and_day_give_the_same_contacts() -> None:
    assert list(sample_contacts(300, 1, DAY)) == list(sample_contacts(300, 1, DAY))
    first = {sample.record["ContactId"] for sample in sample_contacts(300, 1, DAY)}
    for other in (sample_contacts(300, 2, DAY), sample_contacts(300, 1, DAY + timedelta(days=1))):
        assert first.isdisjoint(sample.record["ContactId"] for sample in other)


def test_there_are_exactly_as_many_as_asked_for_over_90_days() -> None:
    for count in (0, 1, 7, 3_000):
        records = [sample.record for sample in sample_contacts(count, 1, DAY)]
        assert len({record["ContactId"] for record in records}) == count
    starts = [datetime.fromisoformat(record["InitiationTimestamp"]) for record in records]
    end = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    assert end - timedelta(days=90) <= min(starts) < end - timedelta(days=89)
    assert end - timedelta(days=1) < max(starts) < end


def test_they_are_believable() -> None:
    samples = list(sample_contacts(5_000, 1, DAY))
    records = [sample.record for sample in samples]
    by_id = {record["ContactId"]: record for record in records}
    channels = Counter(record["Channel"] for record in records)
    assert channels["VOICE"] > channels["CHAT"] > channels["TASK"] > channels["EMAIL"] > 0
    transfers = [record for record in records if record["PreviousContactId"]]
    assert len(transfers) > 100
    for record in transfers:
        before = by_id[record["PreviousContactId"]]
        assert record["InitiationTimestamp"] == before["DisconnectTimestamp"]
        assert record["InitialContactId"] == before["InitialContactId"] or before["ContactId"]
        assert record["InitiationMethod"] in ("TRANSFER", "QUEUE_TRANSFER")
    assert 0 < sum(record["DisconnectTimestamp"] is None for record in records) < 100
    starts = [datetime.fromisoformat(record["InitiationTimestamp"]) for record in records]
    assert sum(9 <= start.hour < 17 for start in starts) > len(starts) / 2
    weekend = sum(start.weekday() >= 5 for start in starts)
    assert 0 < weekend < len(starts) * 2 / 7 * 0.6
    assert sum(sample.analysis is not None for sample in samples) > len(samples) / 3
