"""Test the states of an export and its estimated end."""

from datetime import timedelta

import pytest

from contact_search.exports.job import Job, Total, is_id, new_id
from tests.unit.exports.conftest import NOW, job

PROBLEM = {"type": "/problems/forbidden"}


def test_ids_are_in_the_order_of_time() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=number)) for number in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert len({id_[14:] for id_ in ids}) == 1000
    assert all(map(is_id, ids))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "019ab3c4-5d6e-4f80-9a1b-2c3d4e5f6071",
        "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f607",
        "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f60711",
        "019AB3C4-5D6E-7F80-9A1B-2C3D4E5F6071",
        "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071\n",
        "019ab3c4-5d6e-7f80-1a1b-2c3d4e5f6071",
        "\u066019ab3c-5d6e-7f80-9a1b-2c3d4e5f6071",
    ],
)
def test_other_texts_are_not_ids(text: str) -> None:
    assert not is_id(text)


def running(**members: object) -> Job:
    """Return an export that has exported 1,000 of 4,000 contacts in 10 minutes."""
    later = NOW + timedelta(minutes=10)
    total = Total(value=4000, relation="gte")
    defaults = {"status": "running", "started_at": NOW, "updated_at": later, "contacts": 1000, "total": total}
    return job(**(defaults | members))


@pytest.mark.parametrize(
    ("export", "minutes"),
    [
        (running(), 40),
        (running(total=Total(value=1500, relation="eq")), 15),
        (running(body={"max_items": 2000}), 20),
        (running(body={"max_items": 9000}), 40),
        (running(total=Total(value=900, relation="gte")), 12),  # contacts have begun since then
        (running(contacts=0), None),
        (running(total=None), None),
        (running(status="succeeded"), None),
        (job(), None),
    ],
)
def test_the_end_is_estimated_by_the_rate_until_now(export: Job, minutes: int | None) -> None:
    end = export.estimate_end(NOW + timedelta(minutes=12))
    assert end == (None if minutes is None else NOW + timedelta(minutes=minutes))


def test_an_estimate_is_never_in_the_past() -> None:
    late = NOW + timedelta(hours=5)
    assert running().estimate_end(late) == late


def test_an_export_fails_once() -> None:
    failed = job().failed(NOW, PROBLEM)
    assert failed is not None
    assert (failed.status, failed.files, failed.problem, failed.ended_at) == ("failed", "kept", PROBLEM, NOW)
    assert failed.failed(NOW, {}) is None
    assert job(status="succeeded").failed(NOW, PROBLEM) is None


def test_contacts_are_withdrawn_once() -> None:
    withdrawn = running().withdrawn(NOW, PROBLEM)
    assert withdrawn is not None
    assert (withdrawn.status, withdrawn.files) == ("failed", "to_remove")
    assert withdrawn.withdrawn(NOW, PROBLEM) is None
    succeeded = job(status="succeeded", ended_at=NOW).withdrawn(NOW + timedelta(hours=1), PROBLEM)
    assert succeeded is not None
    assert (succeeded.status, succeeded.files, succeeded.problem) == ("succeeded", "to_remove", None)
    assert succeeded.ended_at == NOW


def test_an_export_is_canceled_once() -> None:
    canceled = running().canceled(NOW)
    assert canceled is not None
    assert (canceled.status, canceled.files, canceled.ended_at) == ("canceled", "to_remove", NOW)
    assert canceled.canceled(NOW) is None
    removed = job(status="failed", files="removed", problem=PROBLEM, ended_at=NOW).canceled(NOW + timedelta(hours=1))
    assert removed is not None
    assert (removed.status, removed.files, removed.problem, removed.ended_at) == ("canceled", "removed", None, NOW)


def test_each_change_makes_another_version() -> None:
    versions = [one.version for one in (job(), job().changed(NOW), job().changed(NOW).changed(NOW))]
    assert versions == [0, 1, 2]


def test_an_export_of_an_earlier_version_can_be_read() -> None:
    """Members that are added later have defaults, and those that are dropped are ignored."""
    text = job().model_dump_json(exclude={"files", "is_truncated", "parts"}).replace('"client"', '"former":1,"client"')
    assert Job.model_validate_json(text).files == "kept"
