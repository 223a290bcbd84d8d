"""The resource that API Gateway finds for a path."""

import pytest

from sandbox.gateway.resource_paths import find_resource

RESOURCES = ["/", "/v1/contacts", "/v1/contacts/{id}", "/v1/contacts/search", "/problems/{type}"]
GREEDY = [*RESOURCES, "/{proxy+}"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/", ("/", {})),
        ("/v1/contacts", ("/v1/contacts", {})),
        ("/v1/contacts/search", ("/v1/contacts/search", {})),
        ("/v1/contacts/a-1", ("/v1/contacts/{id}", {"id": "a-1"})),
        ("/v1/contacts/a%2Fb%20c", ("/v1/contacts/{id}", {"id": "a/b c"})),
        ("/v1/contacts/", None),
        ("/v1/contacts/a/b", None),
        ("/v1", None),
        ("//", None),
    ],
)
def test_fixed_segments_win_over_parameters(path: str, found: tuple[str, dict[str, str]] | None) -> None:
    assert find_resource(RESOURCES, path) == found
    assert find_resource(RESOURCES[::-1], path) == found
    if found:
        assert find_resource(GREEDY[::-1], path) == found


@pytest.mark.parametrize(
    ("path", "rest"), [("/v1", "v1"), ("/v1/contacts/a/b", "v1/contacts/a/b"), ("/a%20b/", "a b/")]
)
def test_a_greedy_parameter_takes_what_is_left(path: str, rest: str) -> None:
    assert find_resource(GREEDY, path) == ("/{proxy+}", {"proxy": rest})
