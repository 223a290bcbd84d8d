"""Test the negotiation of media types."""

import pytest

from contact_search.api.accept import choose_media_type, require_acceptable
from contact_search.api.problem import RefusedError

JSON = "application/json"


@pytest.mark.parametrize(
    "accept",
    [
        "",
        " ",
        JSON,
        JSON.upper(),
        "*/*",
        "application/*;q=0.1",
        "text/html, application/json",
        "*/*;q=0, application/json",
        "application/json; q=1; x=y",
    ],
)
def test_what_fits_is_accepted(accept: str) -> None:
    require_acceptable(accept, JSON)


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/*",
        "application/json;q=0",
        "application/json;q=0, */*",
        "application/*;q=0, */*",
        "application/json;q=x",
        "nonsense",
    ],
)
def test_what_does_not_fit_is_a_406(accept: str) -> None:
    with pytest.raises(RefusedError) as refused:
        require_acceptable(accept, JSON)
    assert (refused.value.problem.status, refused.value.problem.type) == (406, "not-acceptable")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html", "text/html"),
        ("text/html, */*;q=0.8", "text/html"),
        ("text/html;q=0.5, application/json", JSON),
        ("text/html, application/json", JSON),
        ("text/*", "text/html"),
    ],
)
def test_the_preferred_type_is_chosen(accept: str, chosen: str) -> None:
    assert choose_media_type(accept, JSON, "text/html") == chosen


def test_a_refusal_names_all_types() -> None:
    with pytest.raises(RefusedError) as caught:
        choose_media_type("image/png", JSON, "text/html")
    assert caught.value.problem.detail == "This resource is available as application/json or text/html only."
