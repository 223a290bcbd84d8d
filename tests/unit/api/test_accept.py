"""Test the negotiation of media types."""

import pytest

from contact_search.api.accept import require_acceptable
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
