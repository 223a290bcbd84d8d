"""Cursors while the key that they are signed with is changed."""

from collections.abc import Callable

import pytest

from contacts.cursor import Cursors
from sandbox.aws_server import AwsServer
from tests.conftest import Api


@pytest.fixture
def with_keys(api: Api, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Api]:  # noqa: ARG001
    """The API, where these are the keys' ids."""
    import search_handler  # noqa: PLC0415

    def configured(*key_ids: str) -> Api:
        cursors = Cursors(key_ids, lambda key_id: f"key {key_id}".encode(), search_handler.transient_table)
        monkeypatch.setattr(search_handler, "cursors", lambda: cursors)
        return api

    return configured


def test_cursors_outlive_a_rotation_of_their_key_by_as_long_as_the_old_key_is_known(
    with_keys: Callable[..., Api],
) -> None:
    old = with_keys("A").get(last="P40D", limit=1).json["next_cursor"]
    assert with_keys("A", "B").get(last="P40D", cursor=old).status == 200
    assert with_keys("B", "A").get(last="P40D", cursor=old).status == 200
    new = with_keys("B", "A").get(last="P40D", limit=1).json["next_cursor"]
    assert with_keys("A", "B").get(last="P40D", cursor=new).status == 200
    assert with_keys("B").get(last="P40D", cursor=new).status == 200
    assert with_keys("B").get(last="P40D", cursor=old).json["type"] == "/problems/invalid-cursor"
    renamed = new[:4] + old[4:]
    assert with_keys("B", "A").get(last="P40D", cursor=renamed).json["type"] == "/problems/invalid-cursor"
