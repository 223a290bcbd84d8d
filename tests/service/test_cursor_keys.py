"""Cursors while the key that they are signed with is changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contact_search.search.cursor import CursorCodec
from contact_search.storage.transient_table import TransientTable
from sandbox.aws_server import AwsServer
from tests.conftest import Api


class FakeKms:
    """Has keys of any id."""

    def generate_mac(self, **parameters: Any) -> dict[str, bytes]:
        return {"Mac": f"key {parameters['KeyId']}".encode()}


@pytest.fixture
def with_keys(api: Api, aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Api]:  # noqa: ARG001
    """The API, where these are the keys' ids."""
    import search_handler  # noqa: PLC0415

    def configured(*key_ids: str) -> Api:
        table = TransientTable(search_handler.settings.transient_table_name, search_handler.dynamodb)
        cursors = CursorCodec(key_ids, FakeKms(), table)
        monkeypatch.setattr(search_handler, "services", replace(search_handler.services, cursors=cursors))
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


def test_a_follower_goes_on_after_deployments_that_keep_the_key_of_its_cursor(with_keys: Callable[..., Api]) -> None:
    query = {"follow": "true", "last": "P40D", "limit": "2"}
    cursor = with_keys("A").get(**query).json["next_cursor"]
    following = with_keys("A").get(**query, cursor=cursor).json["contacts"]
    assert len(following) == 2
    for key_ids in (["A", "B"], ["B", "A"], ["C", "B", "A"]):
        assert with_keys(*key_ids).get(**query, cursor=cursor).json["contacts"] == following
    assert with_keys("C", "B").get(**query, cursor=cursor).json["type"] == "/problems/invalid-cursor"
