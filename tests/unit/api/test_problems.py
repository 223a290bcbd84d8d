"""Test the table that maps exceptions to problems."""

import io
import json
from typing import Any

import pytest

from contact_search.amazon_connect import errors
from contact_search.api.problem import Problem, RefusedError
from contact_search.api.problems import log_problem, problem_for
from contact_search.logger import logger
from contact_search.search.cursor import CursorExpiredError, InvalidCursorError
from contact_search.search.faults import Fault, InvalidSearchError
from contact_search.search.grants import ForbiddenError
from contact_search.storage.errors import StorageUnavailableError

REFUSED = Problem("not-acceptable", "This resource is available as a poem only.")

EXPECTED = [
    (RefusedError(REFUSED), 406, "not-acceptable"),
    (InvalidSearchError([Fault("limit", "out_of_range", "must be less")], "parameter"), 422, "validation"),
    (ForbiddenError(["fields"], "parameter"), 403, "forbidden"),
    (InvalidCursorError(), 400, "invalid-cursor"),
    (CursorExpiredError(), 410, "cursor-expired"),
    (errors.RejectedError("InvalidRequestException", "No"), 422, "rejected-by-connect"),
    (errors.ThrottledError("QuotaExceeded", 7), 429, "throttled"),
    (errors.InstanceNotFoundError("ResourceNotFoundException"), 500, "instance-not-found"),
    (errors.MisconfiguredError("AccessDeniedException"), 500, "misconfigured"),
    (errors.UpstreamError("InternalServiceException"), 502, "upstream-error"),
    (errors.UnavailableError("ServiceUnavailableException"), 503, "upstream-unavailable"),
    (StorageUnavailableError("EndpointConnectionError"), 503, "upstream-unavailable"),
    (errors.TimedOutError("ReadTimeoutError"), 504, "upstream-timeout"),
    (KeyError("secret"), 500, "internal"),
]


@pytest.mark.parametrize(("error", "status", "problem_type"), EXPECTED, ids=[type(e[0]).__name__ for e in EXPECTED])
def test_each_error_has_its_problem(error: Exception, status: int, problem_type: str) -> None:
    problem = problem_for(error)
    assert (problem.status, problem.type) == (status, problem_type)


@pytest.mark.parametrize(("error", "status", "problem_type"), EXPECTED, ids=[type(e[0]).__name__ for e in EXPECTED])
def test_a_subclass_has_the_problem_of_its_base(error: Exception, status: int, problem_type: str) -> None:
    subclass: Any = type("SubclassError", (type(error),), {})
    instance = subclass.__new__(subclass)
    instance.__dict__.update(error.__dict__)
    problem = problem_for(instance)
    assert (problem.status, problem.type) == (status, problem_type)


def test_retry_after_is_part_of_the_problem() -> None:
    assert problem_for(errors.ThrottledError("QuotaExceeded", 7)).headers == {"Retry-After": "7"}
    assert problem_for(errors.UnavailableError("x")).headers == {"Retry-After": "5"}
    assert problem_for(StorageUnavailableError("x")).headers == {"Retry-After": "5"}


def test_faults_are_named_by_parameter_or_pointer() -> None:
    fault = Fault("/limit", "out_of_range", "must be less")
    assert problem_for(InvalidSearchError([fault], "pointer")).errors == [
        {"pointer": "/limit", "code": "out_of_range", "detail": "must be less"}
    ]
    [forbidden] = problem_for(ForbiddenError(["fields"], "parameter")).errors
    assert (forbidden["parameter"], forbidden["code"]) == ("fields", "forbidden")


def test_no_more_than_1000_faults_are_listed() -> None:
    problem = problem_for(InvalidSearchError([Fault("x", "unknown", "")] * 2_000, "pointer"))
    assert len(problem.errors) == 1_000
    assert "2000 faults" in problem.detail


def test_connects_reason_is_passed_on_unless_it_is_about_our_resources() -> None:
    assert problem_for(errors.RejectedError("x", "Key is not searchable")).detail == "Key is not searchable"
    assert "arn" not in problem_for(errors.RejectedError("x", "no arn:aws:connect:::instance/1")).detail


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    assert json.loads(REFUSED.to_json("request-1")) == {
        "type": "/problems/not-acceptable",
        "title": "Not acceptable",
        "status": 406,
        "detail": "This resource is available as a poem only.",
        "request_id": "request-1",
    }


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", text)
    return text


def raise_secret() -> None:
    raise RuntimeError("secret")


def test_an_unforeseen_error_is_logged_with_its_place_but_not_its_message(log: io.StringIO) -> None:
    with pytest.raises(RuntimeError) as caught:
        raise_secret()
    log_problem(caught.value, problem_for(caught.value), "/v1/contacts/{id}")
    line = json.loads(log.getvalue())
    assert (line["level"], line["message"]) == ("ERROR", "failed")
    assert (line["problem"], line["failure"]) == ("internal", "RuntimeError")
    assert "raise_secret" in line["at"][-1]
    assert '"secret"' not in log.getvalue().replace('raise RuntimeError(\\"secret\\")', "")


@pytest.mark.parametrize(
    ("error", "level", "message"),
    [
        (errors.UpstreamError("InternalServiceException"), "ERROR", "failed"),
        (errors.RejectedError("InvalidRequestException", "secret"), "INFO", "refused"),
    ],
)
def test_other_errors_are_logged_with_their_code(
    log: io.StringIO, error: errors.ConnectError, level: str, message: str
) -> None:
    log_problem(error, problem_for(error), "/v1/contacts/{id}")
    line = json.loads(log.getvalue())
    assert (line["level"], line["message"], line["code"]) == (level, message, error.code)
    assert line["resource"] == "/v1/contacts/{id}"
    assert "at" not in line
    assert "secret" not in log.getvalue()
