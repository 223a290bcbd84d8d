"""Requests of scripts on other origins."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.conftest import Api

OURS = "https://app.example.com"


@pytest.fixture
def for_origins(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Api]:
    """The API, where these origins are configured."""
    import search_handler  # noqa: PLC0415

    def configured(origins: str) -> Api:
        services = search_handler.services
        settings = services.settings.model_copy(update={"cors_origins": origins.split()})
        monkeypatch.setattr(search_handler, "services", replace(services, settings=settings))
        return api

    return configured


@pytest.mark.parametrize("path", ["/v1/contacts", "/v1/contacts/search"])
def test_a_preflight_request_is_answered_without_a_credential(for_origins: Callable[[str], Api], path: str) -> None:
    asked = {"origin": OURS, "access-control-request-method": "GET", "access-control-request-headers": "x-api-key"}
    answer = for_origins(f"https://a.b {OURS}").as_client(None).send("OPTIONS", path, headers=asked)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["access-control-allow-origin"] == OURS
    assert answer.headers["allow"] == answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"x-api-key", "authorization", "content-type", "prefer", "traceparent", "tracestate", "baggage"} <= set(
        allowed
    )
    assert int(answer.headers["access-control-max-age"]) > 0
    assert "Origin" in answer.headers["vary"]


def test_what_is_answered_can_be_read(for_origins: Callable[[str], Api]) -> None:
    api = for_origins(OURS)
    for answer in (api.get({"origin": OURS}, last="P1D"), api.get({"origin": OURS}, last="x")):
        assert answer.headers["access-control-allow-origin"] == OURS
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert {
            "Link",
            "ETag",
            "Retry-After",
            "RateLimit",
            "RateLimit-Policy",
            "Page-Limit",
            "X-Request-Id",
            "Cache-Status",
        } <= exposed
        assert "access-control-allow-credentials" not in answer.headers


def test_other_origins_and_no_origin_get_none_of_it(for_origins: Callable[[str], Api]) -> None:
    api = for_origins(OURS)
    for origin in ("https://evil.example", f"{OURS}.evil.example", "null", OURS.upper(), "*"):
        answer = api.get({"origin": origin}, last="P1D")
        assert not any(name.startswith("access-control") for name in answer.headers)
        answer = api.send("OPTIONS", "/v1/contacts", headers={"origin": origin})
        assert not any(name.startswith("access-control") for name in answer.headers)
    assert not any(name.startswith("access-control") for name in api.get(last="P1D").headers)


def test_any_origin_may_be_configured(for_origins: Callable[[str], Api]) -> None:
    answer = for_origins("*").get({"origin": "http://localhost:3000"}, last="P1D")
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_what_api_gateway_answers_can_be_read_too(api: Api) -> None:
    answer = api.as_client(None).get({"origin": OURS}, last="P1D")
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nothing", 404), ("DELETE", "/v1/contacts", 405)])
def test_scripts_can_read_what_is_wrong_with_a_path_or_a_method(
    for_origins: Callable[[str], Api], method: str, path: str, status: int
) -> None:
    """A browser asks first, and sends the request only if the answer is a 2xx that allows method and headers."""
    api = for_origins(OURS)
    asked = {"origin": OURS, "access-control-request-method": method, "access-control-request-headers": "x-api-key"}
    preflight = api.as_client(None).send("OPTIONS", path, headers=asked)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == OURS
    assert method in preflight.headers["access-control-allow-methods"].split(", ")
    answer = api.send(method, path, headers={"origin": OURS})
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers["access-control-allow-origin"] in (OURS, "*")
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
