"""Test that a client's list of exports fits into one item, and keeps idempotency keys for a day."""

from datetime import timedelta

from contact_search.exports.job import new_id
from contact_search.exports.listing import MOST_EXPORTS, Entry, Listing, digest
from tests.unit.exports.conftest import NOW

DAY = timedelta(days=1)


def entry(age: timedelta = timedelta(0), key: str = "") -> Entry:
    created = NOW - age
    seconds, expires = int(created.timestamp()), int((created + 7 * DAY).timestamp())
    return Entry(new_id(created), seconds, expires, may_be_unfinished=True, key=key, body=key and "body")


def test_the_newest_export_comes_first() -> None:
    listing = Listing()
    first, second = entry(DAY), entry()
    listing = listing.with_new(first, NOW).with_new(second, NOW)
    assert listing.entries == (second, first)
    assert listing.version == 2
    assert Listing.from_item(listing.to_item()) == listing
    assert Listing.from_item(None) == Listing()


def test_a_key_is_known_for_24_hours() -> None:
    listing = Listing((entry(DAY - timedelta(seconds=1), "new"), entry(DAY, "old")))
    found = listing.find("new", NOW)
    assert found is not None
    assert found.body == "body"
    assert listing.find("old", NOW) is None
    assert listing.find("other", NOW) is None
    assert [one.key for one in listing.with_new(entry(), NOW).entries] == ["", "new", ""]


def test_an_ended_export_is_marked() -> None:
    one, other = entry(), entry()
    listing = Listing((one, other))
    assert listing.unfinished() == [one.id, other.id]
    assert listing.with_ended({one.id}).unfinished() == [other.id]
    assert listing.without({one.id}).entries == (other,)


def test_the_oldest_export_expires_first() -> None:
    listing = Listing((entry(), entry(7 * DAY), entry(8 * DAY)))
    assert listing.expired(NOW) == [listing.entries[2].id, listing.entries[1].id]


def test_the_longest_list_fits_into_an_item() -> None:
    entries = tuple(entry(timedelta(seconds=number), digest(number)) for number in range(MOST_EXPORTS))
    entries = tuple(one._replace(body=digest([one.id])) for one in entries)
    assert len(Listing(entries).to_item()["entries"]) < 390_000


def test_a_digest_does_not_depend_on_the_format() -> None:
    assert digest({"a": 1, "b": [1.5, "ü"]}) == digest({"b": [1.5, "ü"], "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})
