"""Test that every problem which the service can answer is explained, and how."""

import re
from pathlib import Path

import pytest

from contact_search.api.problem import Problem
from contact_search.api.problem_types import PROBLEM_TYPES
from contact_search.api.problems import _PROBLEM_BY_ERROR
from infra.gateway_responses import _GATEWAY_RESPONSES
from tests.unit.api.conftest import Send

API = Path(__file__).parents[3] / "lambdas" / "contact_search" / "api"


def types_in_the_code() -> set[str]:
    """Return the types of all problems that the functions and API Gateway answer with."""
    code = "".join(path.read_text() for path in API.glob("*.py"))
    return {
        *re.findall(r'\bProblem\(\s*"([\w-]+)"', code),
        *(problem.type for problem in _PROBLEM_BY_ERROR.values() if isinstance(problem, Problem)),
        *(problem_type for problem_type, _ in _GATEWAY_RESPONSES.values()),
    }


def test_every_type_in_the_code_is_explained() -> None:
    found = types_in_the_code()
    assert {"validation", "not-found", "throttled", "content-too-large", "internal"} <= found
    assert found <= PROBLEM_TYPES.keys()


@pytest.mark.parametrize("name", PROBLEM_TYPES)
def test_each_type_has_a_page_and_json(send: Send, name: str) -> None:
    path = f"/problems/{name}"
    event = {"path": path, "pathParameters": {"type": name}}
    page = send("GET", "/problems/{type}", headers={"accept": "text/html,*/*;q=0.8"}, **event)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert path in page.body
    response = send("GET", "/problems/{type}", headers={"accept": "application/json"}, **event)
    assert response.headers["content-type"] == "application/json"
    assert response.json["type"] == path
    assert response.json["status"] == PROBLEM_TYPES[name].status
    assert all(response.json[member] for member in ("title", "meaning", "remedy"))
    assert "Accept" in page.headers["vary"].split(", ")


def test_without_a_preference_it_is_json(send: Send) -> None:
    response = send("GET", "/problems/{type}", pathParameters={"type": "validation"})
    assert response.json["title"] == "Invalid request"


def test_the_page_allows_its_own_style_alone(send: Send) -> None:
    page = send("GET", "/problems/{type}", headers={"accept": "text/html"}, pathParameters={"type": "throttled"})
    assert page.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "<script" not in page.body


@pytest.mark.parametrize("name", ["nothing", "validation/x", "€", "<b>"])
def test_an_unknown_type_is_a_404(send: Send, name: str) -> None:
    response = send("GET", "/problems/{type}", headers={"accept": "text/html"}, pathParameters={"type": name})
    assert (response.status, response.json["type"]) == (404, "/problems/not-found")
    assert name not in response.body
