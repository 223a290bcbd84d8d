"""Test which bodies are JSON, and how the others are refused."""

import base64
from typing import Any

import pytest

from contact_search.api.json_body import LARGEST_BODY, parse_json
from contact_search.api.problem import RefusedError

JSON = "application/json"


def refusal(body: str | None, content_type: str = JSON, *, is_base64: bool = False) -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        parse_json(body, content_type, is_base64=is_base64)
    return refused.value.problem.status, refused.value.problem.type


@pytest.mark.parametrize(
    ("body", "value"), [('{"a": [1, 2.5, "é", null, true]}', {"a": [1, 2.5, "é", None, True]}), ("[]", []), ("1", 1)]
)
def test_json_is_parsed(body: str, value: Any) -> None:
    assert parse_json(body, JSON, is_base64=False) == value
    assert parse_json(base64.b64encode(body.encode()).decode(), JSON, is_base64=True) == value


@pytest.mark.parametrize("content_type", ["", JSON, JSON.upper(), f"{JSON}; charset=utf-8", "application/x+json"])
def test_media_types_of_json(content_type: str) -> None:
    assert parse_json("{}", content_type, is_base64=False) == {}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data", "text/json", "x+json", "application/xml"]
)
def test_other_media_types_are_a_415(content_type: str) -> None:
    assert refusal("{}", content_type) == (415, "unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "{",
        "nonsense",
        "\ud800",
        "[" * 100_000,
        '{"limit": ' + "1" * 5_000 + "}",
        '{"limit": NaN}',
        '{"limit": -Infinity}',
        '{"limit": 1, "limit": 2}',
        '{"a": {"b": 1, "b": 1}}',
    ],
)
def test_what_is_not_json_is_malformed(body: str | None) -> None:
    assert refusal(body) == (400, "malformed")


@pytest.mark.parametrize("body", [base64.b64encode(b"\xff\xfe").decode(), "not base64", "é"])
def test_what_is_not_utf_8_is_malformed(body: str) -> None:
    assert refusal(body, is_base64=True) == (400, "malformed")


def test_the_size_is_counted_in_bytes() -> None:
    longest = '"' + "é" * (LARGEST_BODY // 2 - 1) + '"'
    assert len(parse_json(longest, JSON, is_base64=False)) == LARGEST_BODY // 2 - 1
    assert refusal(longest + " ") == (413, "content-too-large")
