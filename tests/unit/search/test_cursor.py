"""Test that cursors keep a position, and that everything else is refused."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from itsdangerous import TimestampSigner

from contact_search.search import cursor as cursor_module
from contact_search.search import query
from contact_search.search.cursor import (
    LIFETIME,
    LONGEST_LIFETIME,
    MAX_LENGTH,
    CursorCodec,
    CursorExpiredError,
    InvalidCursorError,
)
from contact_search.search.position import DIGEST_LENGTH, Position
from contact_search.search.window import Window
from contact_search.storage.errors import StorageUnavailableError
from contact_search.storage.transient_table import TransientTable
from tests import clock
from tests.clock import Clock

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
IDENTITY = "0123456789abcdef" * 2
POSITION = Position(NOW, None, Window(NOW - timedelta(days=7), NOW))
SHORT_TEXT = "token"
# Random, because a cursor is compressed.
LONG_TOKEN = Random(1).randbytes(5_000).hex()  # noqa: S311
# POSITION, as it was written when VERSION became 4.
EARLIER_CURSOR = (
    "08f1.eJyLNtFRMjA0MjYxNTO3sExMSk5JTUPnK-lEG5pbmhqamxnAgE5eaU6ODlDUxNTc0Aguil2ZgQ6EEaujpARBs"
    "QDMFByG.awA2QA.r-YEE0qpmhh-QzkKdArn8hp88wY"
)


class FakeKms:
    """Answer GenerateMac of KMS, or raise `error`."""

    def __init__(self) -> None:
        self.key_ids: list[str] = []
        self.error: Exception | None = None

    def generate_mac(self, *, KeyId: str, Message: bytes, MacAlgorithm: str) -> dict[str, Any]:  # noqa: N803
        assert (Message, MacAlgorithm) == (b"cursor", "HMAC_SHA_256")
        self.key_ids.append(KeyId)
        if self.error is not None:
            raise self.error
        return {"Mac": sha256(KeyId.encode()).digest()}


class FakeTable(TransientTable):
    """Keep items in memory, unless the table is unavailable."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.is_available = True

    def get(self, key: str) -> dict[str, Any] | None:
        self._check()
        return self.items.get(key)

    def put(self, key: str, item: Mapping[str, Any], lifetime: timedelta) -> None:
        self._check()
        assert lifetime == LIFETIME
        self.items[key] = dict(item)

    def _check(self) -> None:
        if not self.is_available:
            raise StorageUnavailableError("Resting")


@pytest.fixture
def kms() -> FakeKms:
    return FakeKms()


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


@pytest.fixture
def codec(kms: FakeKms, table: FakeTable) -> CursorCodec:
    return CursorCodec(["key"], kms, table)


def new_digests(count: int) -> frozenset[str]:
    random = Random(2)  # noqa: S311
    return frozenset(random.randbytes(DIGEST_LENGTH // 2).hex() for _ in range(count))


@pytest.mark.parametrize(
    "position",
    [
        pytest.param(POSITION, id="at the beginning"),
        pytest.param(replace(POSITION, next_token=SHORT_TEXT, results_read=100), id="with a token"),
        pytest.param(replace(POSITION, remaining=3, matches_before=7), id="with numbers"),
        pytest.param(replace(POSITION, last_timestamp=NOW, seen=new_digests(3)), id="with digests"),
        pytest.param(replace(POSITION, initiated_until=NOW + timedelta(microseconds=1)), id="with microseconds"),
        pytest.param(replace(POSITION, next_token=LONG_TOKEN, seen=new_digests(3)), id="with a long token"),
        pytest.param(replace(POSITION, next_token=SHORT_TEXT, seen=new_digests(900)), id="with very many digests"),
    ],
)
@pytest.mark.parametrize("can_resume", [True, False], ids=["resumable", "not resumable"])
def test_a_cursor_is_short_and_keeps_the_position(codec: CursorCodec, position: Position, *, can_resume: bool) -> None:
    cursor = codec.write(IDENTITY, position)
    assert len(cursor) <= MAX_LENGTH
    assert codec.read(IDENTITY, cursor, can_resume=can_resume) == position


def test_only_a_cursor_that_is_too_long_is_stored(codec: CursorCodec, table: FakeTable) -> None:
    codec.write(IDENTITY, replace(POSITION, next_token=SHORT_TEXT))
    assert not table.items
    codec.write(IDENTITY, replace(POSITION, next_token=LONG_TOKEN))
    assert len(table.items) == 1


def test_a_cursor_of_another_search_is_invalid(codec: CursorCodec) -> None:
    cursor = codec.write(IDENTITY, POSITION)
    with pytest.raises(InvalidCursorError):
        codec.read(IDENTITY[::-1], cursor, can_resume=True)


@pytest.mark.parametrize("text", ["", "x", "0000", "cursor", "é" * 50], ids=repr)
def test_a_text_that_is_not_a_cursor_is_invalid(codec: CursorCodec, text: str) -> None:
    with pytest.raises(InvalidCursorError):
        codec.read(IDENTITY, text, can_resume=True)


@pytest.mark.parametrize("index", [0, 3, 4, 20, -20], ids=lambda index: f"character {index}")
def test_a_changed_cursor_is_invalid(codec: CursorCodec, index: int) -> None:
    cursor = codec.write(IDENTITY, POSITION)
    characters = list(cursor)
    characters[index] = "A" if characters[index] != "A" else "B"
    with pytest.raises(InvalidCursorError):
        codec.read(IDENTITY, "".join(characters), can_resume=True)


def test_a_cursor_of_an_unknown_version_is_invalid(codec: CursorCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later_release:
        later_release.setattr(cursor_module, "VERSION", cursor_module.VERSION + 1)
        cursor = codec.write(IDENTITY, POSITION)
    with pytest.raises(InvalidCursorError):
        codec.read(IDENTITY, cursor, can_resume=True)


@pytest.mark.parametrize(
    ("lifetime", "age", "is_expired"),
    [
        pytest.param(LIFETIME, LIFETIME - timedelta(minutes=1), False, id="before 24 hours"),
        pytest.param(LIFETIME, LIFETIME + timedelta(minutes=1), True, id="after 24 hours"),
        pytest.param(LONGEST_LIFETIME, LONGEST_LIFETIME - timedelta(minutes=1), False, id="before 30 days"),
        pytest.param(LONGEST_LIFETIME, LONGEST_LIFETIME + timedelta(minutes=1), True, id="after 30 days"),
    ],
)
def test_a_cursor_expires(
    codec: CursorCodec, still: Clock, lifetime: timedelta, age: timedelta, *, is_expired: bool
) -> None:
    cursor = codec.write(IDENTITY, POSITION, lifetime=lifetime)
    still.advance(age)
    if is_expired:
        with pytest.raises(CursorExpiredError):
            codec.read(IDENTITY, cursor, can_resume=True)
    else:
        assert codec.read(IDENTITY, cursor, can_resume=True) == POSITION


def test_a_cursor_can_be_read_by_an_environment_whose_clock_is_behind(codec: CursorCodec, still: Clock) -> None:
    cursor = codec.write(IDENTITY, POSITION)
    still.advance(timedelta(seconds=-1))
    assert codec.read(IDENTITY, cursor, can_resume=True) == POSITION


def test_the_cursor_of_a_follower_can_be_read_by_later_releases(codec: CursorCodec, still: Clock) -> None:
    """Followers keep cursors for 30 days, across deployments.

    If this fails, a deployment would end their walks: let the new code read the old cursor too, and keep the identities
    of searches that were there before.
    """
    search = query.parse({"follow": ["true"], "from": ["2026-11-01"], "channel": ["VOICE"]}, NOW)
    still.advance(NOW + timedelta(days=29) - clock.NOW)
    cursor = (
        "08f1.eJxtijESwzAIwP7CzIANDsdbchnANkty6dL8P1napdUoaRUE80YSPawHK6dP62pMrhk-MwhwLWqt6EIf8LyOAx8rTUv92v8bY_0p"
        "G8L7tc8TEJTdYqakjK4xqkvWFsOeBMi03TAnKOQ.awA2QA.ZbyMlILlNZh1GAD-VyWp4UqL7As"
    )
    position = replace(
        POSITION, last_timestamp=NOW, seen=new_digests(2), results_read=2, matches_before=3, next_token=SHORT_TEXT
    )
    assert codec.read(search.identity, cursor, can_resume=True) == position


def test_a_walk_that_can_resume_needs_no_lost_token(codec: CursorCodec, table: FakeTable) -> None:
    position = replace(POSITION, next_token=LONG_TOKEN, last_timestamp=NOW, seen=new_digests(3))
    cursor = codec.write(IDENTITY, position)
    table.items.clear()
    assert codec.read(IDENTITY, cursor, can_resume=True) == replace(position, next_token=None)
    with pytest.raises(CursorExpiredError):
        codec.read(IDENTITY, cursor, can_resume=False)


def test_a_walk_that_can_resume_needs_no_table(codec: CursorCodec, table: FakeTable) -> None:
    position = replace(POSITION, next_token=LONG_TOKEN, last_timestamp=NOW, seen=new_digests(3))
    cursor = codec.write(IDENTITY, position)
    table.is_available = False
    assert codec.read(IDENTITY, cursor, can_resume=True) == replace(position, next_token=None)
    with pytest.raises(StorageUnavailableError):
        codec.read(IDENTITY, cursor, can_resume=False)


def test_every_walk_needs_its_digests(codec: CursorCodec, table: FakeTable) -> None:
    cursor = codec.write(IDENTITY, replace(POSITION, last_timestamp=NOW, seen=new_digests(900)))
    table.items.clear()
    with pytest.raises(CursorExpiredError):
        codec.read(IDENTITY, cursor, can_resume=True)


def test_without_the_table_the_fallback_is_written(codec: CursorCodec, table: FakeTable) -> None:
    table.is_available = False
    position = replace(POSITION, next_token=LONG_TOKEN)
    with pytest.raises(StorageUnavailableError):
        codec.write(IDENTITY, position)
    cursor = codec.write(IDENTITY, position, fallback=POSITION)
    assert codec.read(IDENTITY, cursor, can_resume=True) == POSITION


@pytest.mark.parametrize(
    ("written_with", "read_with", "is_valid"),
    [
        pytest.param(["A"], ["A", "B"], True, id="new key announced"),
        pytest.param(["A"], ["B", "A"], True, id="new key in use"),
        pytest.param(["B", "A"], ["A", "B"], True, id="new key in use, not everywhere"),
        pytest.param(["B", "A"], ["B"], True, id="old key removed"),
        pytest.param(["A"], ["B"], False, id="old cursor after its key is removed"),
    ],
)
def test_keys_can_be_rotated(
    kms: FakeKms, table: FakeTable, written_with: list[str], read_with: list[str], *, is_valid: bool
) -> None:
    cursor = CursorCodec(written_with, kms, table).write(IDENTITY, POSITION)
    reader = CursorCodec(read_with, kms, table)
    if is_valid:
        assert reader.read(IDENTITY, cursor, can_resume=True) == POSITION
    else:
        with pytest.raises(InvalidCursorError):
            reader.read(IDENTITY, cursor, can_resume=True)


def test_a_cursor_that_names_another_key_is_invalid(kms: FakeKms, table: FakeTable) -> None:
    of_a, of_b = (CursorCodec([key_id], kms, table).write(IDENTITY, POSITION) for key_id in "AB")
    with pytest.raises(InvalidCursorError):
        CursorCodec(["A", "B"], kms, table).read(IDENTITY, of_b[:4] + of_a[4:], can_resume=True)


def test_kms_is_called_once_for_each_key_that_is_needed(kms: FakeKms, table: FakeTable) -> None:
    codec = CursorCodec(["new", "old"], kms, table)
    assert kms.key_ids == []
    for _ in range(2):
        codec.read(IDENTITY, codec.write(IDENTITY, POSITION), can_resume=True)
    assert kms.key_ids == ["new"]
    codec.read(IDENTITY, CursorCodec(["old"], FakeKms(), table).write(IDENTITY, POSITION), can_resume=True)
    assert kms.key_ids == ["new", "old"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(
            ClientError({"Error": {"Code": "KMSInternalException"}}, "GenerateMac"),
            "KMSInternalException",
            id="KMS answers with an error",
        ),
        pytest.param(EndpointConnectionError(endpoint_url="x"), "EndpointConnectionError", id="KMS cannot be reached"),
    ],
)
def test_without_kms_the_storage_is_unavailable_until_it_is_back(
    codec: CursorCodec, kms: FakeKms, error: Exception, code: str
) -> None:
    kms.error = error
    with pytest.raises(StorageUnavailableError) as raised:
        codec.write(IDENTITY, POSITION, fallback=POSITION)
    assert raised.value.code == code
    assert len(kms.key_ids) == 1
    kms.error = None
    assert codec.read(IDENTITY, codec.write(IDENTITY, POSITION), can_resume=True) == POSITION


def test_a_lost_token_of_a_walk_without_digests_leaves_no_digests(codec: CursorCodec, table: FakeTable) -> None:
    position = replace(POSITION, next_token=LONG_TOKEN, last_timestamp=NOW)
    cursor = codec.write(IDENTITY, position)
    table.items.clear()
    assert codec.read(IDENTITY, cursor, can_resume=True) == replace(position, next_token=None)


def test_long_cursors_are_stored_in_separate_items(codec: CursorCodec) -> None:
    positions = [replace(POSITION, next_token=LONG_TOKEN[::step]) for step in (1, -1)]
    cursors = [codec.write(IDENTITY, position) for position in positions]
    assert [codec.read(IDENTITY, cursor, can_resume=False) for cursor in cursors] == positions


def test_a_cursor_may_have_the_greatest_length(
    codec: CursorCodec, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = replace(POSITION, next_token=SHORT_TEXT)
    monkeypatch.setattr(cursor_module, "MAX_LENGTH", len(codec.write(IDENTITY, position)))
    codec.write(IDENTITY, position)
    assert not table.items


def test_digests_stay_in_a_cursor_of_the_greatest_length(
    codec: CursorCodec, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = replace(POSITION, next_token=LONG_TOKEN, last_timestamp=NOW, seen=new_digests(3))
    monkeypatch.setattr(cursor_module, "MAX_LENGTH", len(codec.write(IDENTITY, position)))
    cursor = codec.write(IDENTITY, position)
    table.items.clear()
    assert codec.read(IDENTITY, cursor, can_resume=True) == replace(position, next_token=None)


def test_a_fallback_lives_as_long_as_what_it_replaces(
    codec: CursorCodec, table: FakeTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.is_available = False
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(NOW.timestamp()))
    position = replace(POSITION, next_token=LONG_TOKEN)
    cursor = codec.write(IDENTITY, position, fallback=POSITION, lifetime=LONGEST_LIFETIME)
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int((NOW + timedelta(days=29)).timestamp()))
    assert codec.read(IDENTITY, cursor, can_resume=True) == POSITION


def test_a_cursor_keeps_the_place_in_a_list(codec: CursorCodec) -> None:
    place = ["Billing", "q-1"]
    cursor = codec.write_place(IDENTITY, place)
    assert codec.read_place(IDENTITY, cursor) == place
    with pytest.raises(InvalidCursorError):
        codec.read_place(IDENTITY[::-1], cursor)


def test_a_cursor_of_an_earlier_deployment_can_be_read(codec: CursorCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    """If what is derived from the key changed, a deployment would end every walk."""
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: int(NOW.timestamp()))
    assert codec.read(IDENTITY, EARLIER_CURSOR, can_resume=True) == POSITION
