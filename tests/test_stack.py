"""What is deployed: the properties of the synthesized template that matter."""

from typing import Any

import pytest

from sandbox.gateway.template import Template, synthesized


@pytest.fixture(scope="module")
def template() -> Template:
    return synthesized()


def test_the_function_may_search_its_one_instance_and_no_more(template: Template) -> None:
    statements = [
        statement
        for policy in template.of_type("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    allowed = {action: one["Resource"] for one in statements for action in _list(one["Action"])}
    instance = "arn:aws:connect:eu-west-2:111122223333:instance/c0ffee00-0000-4000-8000-000000000001"
    assert allowed["connect:SearchContacts"] == instance
    assert allowed["connect:GetContactAttributes"] == f"{instance}/contact/*"
    assert set(allowed) == {
        "connect:SearchContacts",
        "connect:GetContactAttributes",
        "kms:GenerateMac",
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert all(resource != "*" for resource in allowed.values())


def test_whoever_searches_needs_a_credential(template: Template) -> None:
    wanting = {
        (path, method)
        for path, methods in template.routes().items()
        for method in methods
        if methods[method].authorizer
    }
    assert wanting == {("/v1/contacts", "GET"), ("/v1/contacts", "HEAD"), ("/v1/contacts/search", "POST")}
    [authorizer] = template.of_type("AWS::ApiGateway::Authorizer").values()
    assert authorizer["AuthorizerResultTtlInSeconds"] == 0
    [api] = template.of_type("AWS::ApiGateway::RestApi").values()
    assert api["ApiKeySourceType"] == "AUTHORIZER"


def test_what_may_not_be_lost_is_kept(template: Template) -> None:
    [durable] = [
        one for one in template.of_type("AWS::DynamoDB::Table").values() if one.get("DeletionProtectionEnabled")
    ]
    assert durable["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]


def test_every_path_answers_its_methods_and_says_405_to_the_rest(template: Template) -> None:
    routes = template.routes()
    assert {path: set(methods) for path, methods in routes.items()} == {
        "/v1/contacts": {"GET", "HEAD", "ANY"},
        "/v1/contacts/search": {"POST", "ANY"},
        "/health": {"GET", "HEAD", "ANY"},
        "/openapi.json": {"GET", "HEAD", "ANY"},
        "/docs": {"GET", "HEAD", "ANY"},
    }


def test_the_function_runs_on_python_3_13_on_arm(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert function["Timeout"] <= 29


def test_logs_are_not_kept_for_ever(template: Template) -> None:
    assert all(group["RetentionInDays"] == 90 for group in template.of_type("AWS::Logs::LogGroup").values())


def test_every_answer_of_api_gateway_is_a_problem(template: Template) -> None:
    for response in template.gateway_responses().values():
        assert response.media_type == "application/problem+json"
        assert "$context.requestId" in response.body
        assert response.headers["X-Request-Id"] == "context.requestId"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
