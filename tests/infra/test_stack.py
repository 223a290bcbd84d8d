"""Test the properties of the deployed stack that matter."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from contact_search import __version__, log_lines
from contact_search.api.route_table import OTHER_PATHS, ROUTES
from infra.firewall import COUNTED_RULES
from tests.infra.conftest import ARN, Synthesize
from tests.infra.resources import actions, environment, only, properties, role_statements

ROOT = Path(__file__).parent.parent.parent


# Permissions of every function, and of each function that searches.
LOGGED = {*("logs:CreateLogStream", "logs:PutLogEvents"), *("xray:PutTraceSegments", "xray:PutTelemetryRecords")}
SEARCHING = {
    *("connect:SearchContacts", "connect:DescribeContact", "connect:GetContactAttributes"),
    *("connect:ListQueues", "connect:ListUsers"),
    *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    *("s3:DeleteObject", "s3:ListBucket"),
}
STARTING = {"kms:GenerateMac", "states:StartExecution"}


@pytest.mark.parametrize(
    ("role", "needed"),
    [
        ("SearchFunction", LOGGED | SEARCHING | STARTING | {"s3:GetObject", "kms:Decrypt"}),
        ("ExportFunction", LOGGED | SEARCHING | {"s3:PutObject", "kms:GenerateDataKey"}),
        ("AuthorizerFunction", LOGGED | {"dynamodb:GetItem"}),
    ],
)
def test_functions_may_do_what_they_need_and_no_more(template: Template, role: str, needed: set[str]) -> None:
    allowed = {
        action: statement["Resource"] for statement in role_statements(template, role) for action in actions(statement)
    }
    assert set(allowed) == needed
    # These two have no resources.
    without_resource = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    assert {action for action, resource in allowed.items() if resource == "*"} == without_resource
    resources = {
        "connect:SearchContacts": ARN,
        "connect:DescribeContact": f"{ARN}/contact/*",
        "connect:GetContactAttributes": f"{ARN}/contact/*",
        "connect:ListQueues": f"{ARN}/queue/*",
        "connect:ListUsers": ARN,
    }
    assert {action: allowed[action] for action in resources.keys() & allowed.keys()} in (resources, {})


def test_functions_that_search_cannot_read_hashes_of_api_keys(template: Template) -> None:
    for role in ("SearchFunction", "ExportFunction"):
        [durable] = template.find_resources("AWS::DynamoDB::Table", {"Properties": {"DeletionProtectionEnabled": True}})
        of_table = [one for one in role_statements(template, role) if durable in json.dumps(one["Resource"])]
        assert of_table
        for statement in of_table:
            [keys] = statement["Condition"]["ForAllValues:StringLike"].values()
            assert set(keys) <= {"client *", "export *", "exports *"}
            assert keys != ["client *"] or statement["Action"] == "dynamodb:GetItem"


def test_parts_of_exports_are_all_of_the_bucket_that_functions_may_touch(template: Template) -> None:
    for statement in role_statements(template):
        [action, *_] = actions(statement)
        if action == "s3:ListBucket":
            assert statement["Condition"] == {"StringLike": {"s3:prefix": ["exports/*"]}}
        elif action.startswith("s3:"):
            assert statement["Resource"]["Fn::Join"][1][1] == "/exports/*"
        elif action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert statement["Condition"] == {"StringEquals": {"kms:ViaService": ["s3.eu-west-2.amazonaws.com"]}}


def test_transcript_search_can_be_switched_off(template: Template, synthesize: Synthesize) -> None:
    assert not [statement for statement in role_statements(template) if statement["Effect"] == "Deny"]
    without = synthesize(transcript_search=False)
    [denied, also_denied] = [statement for statement in role_statements(without) if statement["Effect"] == "Deny"]
    assert denied == also_denied  # of the functions that search
    assert denied["Action"] == "connect:SearchContacts"
    assert denied["Condition"] == {"StringEquals": {"connect:SearchContactsByContactAnalysis": ["Transcript"]}}


def methods(template: Template) -> dict[str, dict[str, Any]]:
    """Return the methods by path and name."""
    resources = template.find_resources("AWS::ApiGateway::Resource")

    def path(name: str) -> str:
        if name not in resources:
            return ""
        resource = resources[name]["Properties"]
        return f"{path(resource['ParentId'].get('Ref', ''))}/{resource['PathPart']}"

    found: dict[str, dict[str, Any]] = {}
    for method in properties(template, "AWS::ApiGateway::Method"):
        found.setdefault(path(method["ResourceId"].get("Ref", "")) or "/", {})[method["HttpMethod"]] = method
    return found


def test_the_api_has_the_routes_of_the_route_table(template: Template) -> None:
    found = methods(template)
    assert {path: set(of_path) for path, of_path in found.items()} == {
        **{route.path: {*route.methods, "OPTIONS", "ANY"} for route in ROUTES},
        OTHER_PATHS: {"OPTIONS"},
    }
    for route in ROUTES:
        for method in route.methods:
            assert (found[route.path][method]["AuthorizationType"] == "CUSTOM") is route.needs_credential
            assert found[route.path][method].get("ApiKeyRequired", False) is route.needs_credential


def test_credentials_are_checked_in_every_request(template: Template) -> None:
    template.has_resource_properties("AWS::ApiGateway::Authorizer", {"AuthorizerResultTtlInSeconds": 0})
    template.has_resource_properties("AWS::ApiGateway::RestApi", {"ApiKeySourceType": "AUTHORIZER"})


def test_requests_without_a_credential_have_throttles_of_their_own(template: Template) -> None:
    settings = {
        (setting["ResourcePath"].replace("~1", "/"), setting["HttpMethod"]): setting
        for setting in only(template, "AWS::ApiGateway::Stage")["MethodSettings"]
    }
    stage = settings["/*", "*"]
    assert (stage["ThrottlingRateLimit"], stage["ThrottlingBurstLimit"]) == (100, 1000)
    open_methods = {
        ("/" if route.path == "/" else f"/{route.path}", method)  # the root is not encoded
        for route in ROUTES
        for method in ("OPTIONS", *(() if route.needs_credential else route.methods))
    } | {(f"/{OTHER_PATHS}", "OPTIONS")}
    assert {(path, method) for path, method in settings if method != "*"} == open_methods
    assert all(settings[key]["ThrottlingRateLimit"] <= 50 for key in open_methods)
    # API Gateway refuses ANY in method settings.
    assert "ANY" not in {method for _, method in settings}


def test_per_method_metrics_are_off_as_they_are_charged_for(template: Template) -> None:
    assert not any(
        setting.get("MetricsEnabled") for setting in only(template, "AWS::ApiGateway::Stage")["MethodSettings"]
    )


def test_clients_and_logs_outlive_the_stack(template: Template) -> None:
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    template.has_resource(
        "AWS::DynamoDB::Table",
        kept
        | {
            "Properties": {
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            }
        },
    )
    template.all_resources("AWS::Logs::LogGroup", kept)
    template.has_resource("AWS::KMS::Key", kept | {"Properties": {"Description": Match.string_like_regexp("logs")}})


def test_logs_are_encrypted_and_end(template: Template) -> None:
    template.all_resources_properties("AWS::Logs::LogGroup", {"RetentionInDays": 90, "KmsKeyId": Match.any_value()})


def test_a_restored_table_can_take_the_place_of_the_stacks_own(synthesize: Synthesize) -> None:
    restored = synthesize(durable_table_name="clients-restored")
    assert environment(restored, "search")["DURABLE_TABLE_NAME"] == "clients-restored"
    assert environment(restored, "authorizer")["DURABLE_TABLE_NAME"] == "clients-restored"
    restored.has_output("DurableTableName", {"Value": "clients-restored"})
    restored.resource_count_is("AWS::DynamoDB::Table", 1)


def test_functions_run_on_python_3_13_on_arm_within_their_callers_time(template: Template) -> None:
    template.all_resources_properties("AWS::Lambda::Function", {"Runtime": "python3.13", "Architectures": ["arm64"]})
    timeouts = {function["Handler"]: function["Timeout"] for function in properties(template, "AWS::Lambda::Function")}
    assert timeouts.pop("export_handler.handler") == 900
    assert all(timeout <= 29 for timeout in timeouts.values())


def test_functions_start_from_snapshots_behind_an_alias(template: Template) -> None:
    for name in ("search", "authorizer", "export"):
        template.has_resource_properties(
            "AWS::Lambda::Function",
            {"Handler": f"{name}_handler.handler", "SnapStart": {"ApplyOn": "PublishedVersions"}},
        )
    template.resource_properties_count_is("AWS::Lambda::Alias", {"Name": "live"}, 3)
    for method in properties(template, "AWS::ApiGateway::Method"):
        assert "Aliaslive" in json.dumps(method["Integration"]["Uri"])


def test_both_functions_are_rolled_out_gradually_and_back_on_an_alarm(template: Template) -> None:
    groups = properties(template, "AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == 2
    for group in groups:
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert group["AlarmConfiguration"]["Alarms"]


def test_concurrency_can_be_reserved(template: Template, synthesize: Synthesize) -> None:
    template.resource_properties_count_is(
        "AWS::Lambda::Function", {"ReservedConcurrentExecutions": Match.any_value()}, 0
    )
    numbers = {"search": 40, "authorizer": 20, "export": 5}
    reserved = synthesize(reserved_concurrency=numbers, account_concurrency=500)
    for name, number in numbers.items():
        reserved.has_resource_properties(
            "AWS::Lambda::Function",
            {"Handler": f"{name}_handler.handler", "ReservedConcurrentExecutions": number},
        )
    reserved.has_resource_properties(
        "AWS::CloudWatch::Alarm", {"MetricName": "ClaimedAccountConcurrency", "Threshold": 400}
    )


def test_tables_and_topics_are_encrypted(template: Template) -> None:
    template.all_resources_properties("AWS::DynamoDB::Table", {"SSESpecification": {"SSEEnabled": True}})
    template.all_resources_properties("AWS::SNS::Topic", {"KmsMasterKeyId": Match.any_value()})


def test_nothing_is_public(template: Template) -> None:
    documents = {
        "AWS::KMS::Key": "KeyPolicy",
        "AWS::SNS::TopicPolicy": "PolicyDocument",
        "AWS::S3::BucketPolicy": "PolicyDocument",
    }
    for resource_type, document in documents.items():
        for resource in properties(template, resource_type):
            for statement in resource[document]["Statement"]:
                assert statement["Effect"] == "Deny" or statement["Principal"] not in ("*", {"AWS": "*"})
    for permission in properties(template, "AWS::Lambda::Permission"):
        assert permission["Principal"] in ("apigateway.amazonaws.com", "events.amazonaws.com")
        assert "SourceArn" in permission


def test_gateway_responses_are_problems(template: Template) -> None:
    for response in properties(template, "AWS::ApiGateway::GatewayResponse"):
        [(media_type, body)] = response["ResponseTemplates"].items()
        assert media_type == "application/problem+json"
        assert "$context.requestId" in body
        assert response["ResponseParameters"]["gatewayresponse.header.X-Request-Id"] == "context.requestId"


def test_no_validator_answers_before_the_function(template: Template) -> None:
    template.resource_count_is("AWS::ApiGateway::RequestValidator", 0)


def test_the_access_log_holds_nothing_that_was_sent(template: Template) -> None:
    stage = only(template, "AWS::ApiGateway::Stage")
    log = json.loads(stage["AccessLogSetting"]["Format"])
    assert (log["client"], log["user"]) == ("$context.authorizer.principalId", "$context.authorizer.user")
    assert not [value for value in log.values() if "$context.path" in value or "header" in value.lower()]
    assert all(setting.get("LoggingLevel", "OFF") == "OFF" for setting in stage["MethodSettings"])
    assert not any(setting.get("DataTraceEnabled") for setting in stage["MethodSettings"])


def test_the_firewall_lets_the_longest_request_and_any_search_text_through(template: Template) -> None:
    acl = only(template, "AWS::WAFv2::WebACL")
    rules = {rule["Name"]: rule for rule in acl["Rules"]}
    common = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {rule["Name"] for rule in common["RuleActionOverrides"] if rule["ActionToUse"] == {"Count": {}}}
    assert {"SizeRestrictions_QUERYSTRING", "SizeRestrictions_BODY", "CrossSiteScripting_QUERYARGUMENTS"} <= counted
    assert not any("SQL" in name for name in rules)
    assert rules["LongQuery"]["Statement"]["SizeConstraintStatement"]["Size"] >= 8_192
    assert rules["RatePerAddress"]["Action"] == {"Block": {}}
    assert not any(rule["VisibilityConfig"]["SampledRequestsEnabled"] for rule in acl["Rules"])
    template.has_resource_properties("AWS::ApiGateway::GatewayResponse", {"ResponseType": "WAF_FILTERED"})
    template.resource_count_is("AWS::WAFv2::WebACLAssociation", 1)


# The rules of the current static versions. Only an account can be asked for them (wafv2:DescribeManagedRuleGroup).
# They are published as https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html and
# …/aws-managed-rule-groups-ip-rep.html. Compared on 28 November 2026 with the sources of these pages in
# github.com/awsdocs/aws-waf-and-shield-advanced-developer-guide, which end in 2023: ReactJSRCE_BODY is newer.
PUBLISHED_RULES = {
    "AWSManagedRulesCommonRuleSet": {
        *("NoUserAgent_HEADER", "UserAgent_BadBots_HEADER"),
        *("SizeRestrictions_QUERYSTRING", "SizeRestrictions_Cookie_HEADER", "SizeRestrictions_BODY"),
        *("SizeRestrictions_URIPATH", "EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_URIPATH"),
        *("EC2MetaDataSSRF_QUERYARGUMENTS", "GenericLFI_QUERYARGUMENTS", "GenericLFI_URIPATH", "GenericLFI_BODY"),
        *("RestrictedExtensions_URIPATH", "RestrictedExtensions_QUERYARGUMENTS", "GenericRFI_QUERYARGUMENTS"),
        *("GenericRFI_BODY", "GenericRFI_URIPATH", "CrossSiteScripting_COOKIE", "CrossSiteScripting_QUERYARGUMENTS"),
        *("CrossSiteScripting_BODY", "CrossSiteScripting_URIPATH"),
    },
    "AWSManagedRulesKnownBadInputsRuleSet": {
        *("JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_BODY", "JavaDeserializationRCE_URIPATH"),
        *("JavaDeserializationRCE_QUERYSTRING", "Host_localhost_HEADER", "PROPFIND_METHOD"),
        *("ExploitablePaths_URIPATH", "Log4JRCE_HEADER", "Log4JRCE_QUERYSTRING", "Log4JRCE_BODY"),
        *("Log4JRCE_URIPATH", "ReactJSRCE_BODY"),
    },
    "AWSManagedRulesAmazonIpReputationList": {
        *("AWSManagedIPReputationList", "AWSManagedReconnaissanceList", "AWSManagedIPDDoSList"),
    },
}


def test_the_firewall_only_names_rules_that_aws_publishes() -> None:
    for group, rules in COUNTED_RULES.items():
        assert set(rules) <= PUBLISHED_RULES[group]


def test_the_firewall_logs_blocks_without_query_path_or_credentials(template: Template) -> None:
    logging = only(template, "AWS::WAFv2::LoggingConfiguration")
    redacted = logging["RedactedFields"]
    assert {"QueryString": {}} in redacted
    assert {"UriPath": {}} in redacted
    assert {field["SingleHeader"]["Name"] for field in redacted if "SingleHeader" in field} == {
        *("authorization", "x-api-key", "cookie"),
    }
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    template.has_resource_properties(
        "AWS::Logs::LogGroup",
        {"LogGroupName": {"Fn::Join": ["", Match.array_with([Match.string_like_regexp("^aws-waf-logs-")])]}},
    )


def test_addresses_can_be_blocked_and_exempted(synthesize: Synthesize) -> None:
    template = synthesize(blocked_addresses=["192.0.2.0/24", "2001:db8::/32"], allowed_addresses=["198.51.100.7"])
    rules = sorted(only(template, "AWS::WAFv2::WebACL")["Rules"], key=lambda rule: int(rule["Priority"]))
    assert [rule["Name"] for rule in rules][:3] == ["BlockedAddresses", "AllowedAddresses", "RatePerAddress"]
    assert [rule["Action"] for rule in rules[:2]] == [{"Block": {}}, {"Allow": {}}]
    sets = {
        tuple(ip_set["Addresses"]): ip_set["IPAddressVersion"] for ip_set in properties(template, "AWS::WAFv2::IPSet")
    }
    assert sets == {("192.0.2.0/24",): "IPV4", ("2001:db8::/32",): "IPV6", ("198.51.100.7/32",): "IPV4"}


def test_every_alarm_is_explained_and_sent(template: Template) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    for alarm in properties(template, "AWS::CloudWatch::Alarm"):
        assert alarm["AlarmActions"]
        name = alarm["AlarmDescription"].removeprefix("docs/operations.md, ")
        assert f"**{name}**" in manual
    [policy] = properties(template, "AWS::SNS::TopicPolicy")
    allowed = [
        statement["Principal"] for statement in policy["PolicyDocument"]["Statement"] if statement["Effect"] == "Allow"
    ]
    assert allowed == [{"Service": "cloudwatch.amazonaws.com"}]


def test_alarms_can_go_to_an_existing_topic(synthesize: Synthesize) -> None:
    arn = "arn:aws:sns:eu-west-2:111122223333:pagerduty"
    template = synthesize(alarm_topic_arn=arn)
    template.resource_count_is("AWS::SNS::Topic", 0)
    template.all_resources_properties("AWS::CloudWatch::Alarm", {"AlarmActions": [arn], "OKActions": [arn]})
    template.has_output("AlarmTopicArn", {"Value": arn})


def test_silence_raises_the_alarm_of_the_heartbeat_and_no_other(template: Template, synthesize: Synthesize) -> None:
    alarms = {alarm["AlarmDescription"]: alarm for alarm in properties(template, "AWS::CloudWatch::Alarm")}
    heartbeat = alarms.pop("docs/operations.md, NoHeartbeat")
    assert heartbeat["TreatMissingData"] == "breaching"
    assert heartbeat["ComparisonOperator"] == "LessThanThreshold"
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"notBreaching"}
    template.has_resource_properties("AWS::Events::Rule", {"ScheduleExpression": "rate(1 minute)"})
    # A private API cannot be reached from outside its VPC, where the check would run.
    synthesize(vpc_endpoint_ids=["vpce-1"]).resource_count_is("AWS::Events::Rule", 0)


def test_metrics_count_lines_that_the_functions_log(template: Template) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "lambdas").rglob("*.py"))
    lines = {name: line for name, line in vars(log_lines).items() if isinstance(line, log_lines.LogLine)}
    logged = {line.message for name, line in lines.items() if f"{name}.extra(" in sources}
    patterns = [metric["FilterPattern"] for metric in properties(template, "AWS::Logs::MetricFilter")]
    counted = {message for pattern in patterns for message in re.findall(r'\$\.message !?= "(.*?)"', pattern)}
    assert counted <= logged


def test_the_environment_of_each_function_tells_the_version(template: Template) -> None:
    for function in ("search", "authorizer"):
        assert environment(template, function)["CONTACT_SEARCH_VERSION"] == __version__


def test_each_stage_has_names_of_its_own(template: Template) -> None:
    template.has_resource_properties("AWS::ApiGateway::RestApi", {"Name": "contact-search-test"})
    template.has_resource_properties("AWS::CloudWatch::Dashboard", {"DashboardName": "ContactSearch-test"})
    for alarm in properties(template, "AWS::CloudWatch::Alarm"):
        described = json.dumps(alarm)
        by_account = "ClaimedAccountConcurrency" in described
        by_function = '"AWS/Lambda"' in described
        assert by_account or by_function or "ContactSearch/test" in described or "-test" in described, described


def test_a_stage_goes_to_the_account_and_region_of_its_instance(new_stack: Any) -> None:
    stack = new_stack()
    assert (stack.account, stack.region) == ("111122223333", "eu-west-2")
    assert stack.stack_name == "ContactSearch-test"
    assert stack.termination_protection


def test_the_address_is_the_domains_if_there_is_one(template: Template, synthesize: Synthesize) -> None:
    assert "execute-api" in json.dumps(template.find_outputs("Address"))
    certificate = "arn:aws:acm:eu-west-2:111122223333:certificate/1"
    own = synthesize(domain={"name": "contacts.example.com", "certificate_arn": certificate})
    own.has_output("Address", {"Value": "https://contacts.example.com"})
    assert not [name for name in own.find_outputs("*") if "Endpoint" in name]
    own.has_resource_properties("AWS::ApiGateway::DomainName", {"SecurityPolicy": "TLS_1_2"})
    own.has_resource_properties("AWS::ApiGateway::RestApi", {"DisableExecuteApiEndpoint": True})


def test_an_api_can_be_private(synthesize: Synthesize) -> None:
    api = only(synthesize(vpc_endpoint_ids=["vpce-1"]), "AWS::ApiGateway::RestApi")
    assert api["EndpointConfiguration"] == {"Types": ["PRIVATE"], "VpcEndpointIds": ["vpce-1"]}
    [invoke] = api["Policy"]["Statement"]
    assert invoke["Condition"] == {"StringEquals": {"aws:SourceVpce": ["vpce-1"]}}


def test_operators_find_everything_by_outputs(template: Template) -> None:
    assert set(template.find_outputs("*")) == {
        *("Address", "ApiId", "AlarmTopicArn", "DashboardName", "DurableTableName", "WebAclArn"),
        *("ExportBucketName", "ExportStateMachineArn"),
        *("InternalUsagePlanId", "PartnerUsagePlanId", "FrontendUsagePlanId"),
    }


def test_cursor_keys_can_overlap(synthesize: Synthesize) -> None:
    template = synthesize(cursor_keys=["B", "A"])
    first, second = str(environment(template, "search")["CURSOR_KEY_IDS"]).split("CursorKey")[1:]
    assert (first[0], second[0]) == ("B", "A")
    template.resource_properties_count_is("AWS::KMS::Key", {"KeySpec": "HMAC_256"}, 2)


def test_settings_reach_the_functions(synthesize: Synthesize) -> None:
    sign_in = {
        "client_id": "explorer",
        "authorization_endpoint": "https://issuer.example/authorize",
        "token_endpoint": "https://issuer.example/token",
        "scopes": ["openid", "contacts"],
        "parameters": {"audience": "us", "prompt": "login"},
    }
    oidc = {"issuer": "https://issuer.example", "audience": "us", "client_claims": ["azp"], "sign_in": sign_in}
    template = synthesize(
        quota_rate=2,
        page_seconds=30,
        waiting_per_caller=7,
        describe_rate=20,
        cors_origins=["https://a.b", "https://c.d"],
        oidc=oidc,
    )
    search = environment(template, "search")
    assert (search["QUOTA_RATE"], search["PAGE_SECONDS"], search["WAITING_PER_CALLER"]) == ("2", "30", "7")
    assert (search["DESCRIBE_RATE"], search["DESCRIBE_BURST"]) == ("20", "15")
    assert search["CORS_ORIGINS"] == "https://a.b https://c.d"
    authorizer = environment(template, "authorizer")
    assert (authorizer["OIDC_ISSUER"], authorizer["OIDC_CLIENT_CLAIMS"]) == ("https://issuer.example", "azp")
    assert {name: value for name, value in search.items() if name.startswith("SIGN_IN_")} == {
        "SIGN_IN_ISSUER": "https://issuer.example",
        "SIGN_IN_CLIENT_ID": "explorer",
        "SIGN_IN_AUTHORIZATION_ENDPOINT": "https://issuer.example/authorize",
        "SIGN_IN_TOKEN_ENDPOINT": "https://issuer.example/token",
        "SIGN_IN_END_SESSION_ENDPOINT": "",
        "SIGN_IN_SCOPES": "openid contacts",
        "SIGN_IN_PARAMETERS": "audience=us&prompt=login",
    }


@pytest.mark.parametrize(("pace", "config"), [("all_at_once", "AllAtOnce"), ("linear", "Linear10PercentEvery1Minute")])
def test_the_pace_of_a_rollout_can_be_set(synthesize: Synthesize, pace: str, config: str) -> None:
    synthesize(rollout=pace).all_resources_properties(
        "AWS::CodeDeploy::DeploymentGroup", {"DeploymentConfigName": f"CodeDeployDefault.Lambda{config}"}
    )
