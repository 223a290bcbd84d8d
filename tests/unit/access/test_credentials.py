"""Test that a request must have exactly one credential."""

from typing import Any

import pytest

from contact_search.access.credentials import Credential, UnauthenticatedError, hash_api_key, read_credential


def event(headers: dict[str, list[str]], query: dict[str, Any] | None = None) -> dict[str, Any]:
    names = {name.replace("_", "-"): values for name, values in headers.items()}
    return {"multiValueHeaders": names or None, "multiValueQueryStringParameters": query}


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ({"x_api_key": ["key"]}, Credential("key", is_token=False)),
        ({"X_API_KEY": [" key"]}, Credential(" key", is_token=False)),
        ({"Authorization": ["Bearer a.b.c"]}, Credential("a.b.c", is_token=True)),
        ({"authorization": ["bearer  a.b.c "]}, Credential("a.b.c", is_token=True)),
    ],
)
def test_one_credential_in_a_header_is_read(headers: dict[str, list[str]], credential: Credential) -> None:
    assert read_credential(event(headers)) == credential
    assert read_credential(event(headers, {"last": ["P1D"]})) == credential


@pytest.mark.parametrize(
    ("headers", "query", "reason"),
    [
        ({}, None, "no credential"),
        ({"cookie": ["x-api-key=key"]}, None, "no credential"),
        ({"x_api_key": ["key", "key"]}, None, "two credentials"),
        ({"x_api_key": ["key"], "X_Api_Key": ["key"]}, None, "two credentials"),
        ({"x_api_key": ["key"], "authorization": [""]}, None, "two credentials"),
        ({"authorization": ["key"]}, None, "another scheme"),
        ({"authorization": ["Basic key"]}, None, "another scheme"),
        ({"x_api_key": ["k" * 8_193]}, None, "oversized"),
        ({"x_api_key": ["key"]}, {"X-API-KEY": ["key"]}, "in the query"),
        ({}, {"access_token": ["a.b.c"]}, "in the query"),
    ],
)
def test_anything_else_is_unauthenticated(
    headers: dict[str, list[str]], query: dict[str, Any] | None, reason: str
) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        read_credential(event(headers, query))
    assert caught.value.reason == reason


def test_a_credential_does_not_show_in_its_representation() -> None:
    assert "secret" not in repr(Credential("secret", is_token=False))


def test_keys_are_hashed_with_sha256() -> None:
    assert hash_api_key("key") == "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"
