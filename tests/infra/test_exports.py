"""Bulk export in the stack: where the parts are, and the state machine that has them written."""

import json
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from tests.infra.conftest import Synthesize
from tests.infra.resources import actions, environment, only, role_statements

# History events, by the Step Functions developer guide: a slice that succeeds enters and leaves three states, and is
# scheduled, started and succeeds; an attempt that fails is scheduled, started and fails.
EVENTS_PER_SLICE, EVENTS_PER_FAILURE, MOST_EVENTS = 9, 3, 25_000


@pytest.fixture
def states(template: Template) -> dict[str, Any]:
    """The states of the state machine, with what refers to other resources as `<logical id>`."""
    joined = only(template, "AWS::StepFunctions::StateMachine")["DefinitionString"]["Fn::Join"][1]
    text = "".join(part if isinstance(part, str) else f"<{next(iter(part.values()))}>" for part in joined)
    found: dict[str, Any] = json.loads(text)["States"]
    return found


def test_parts_are_private_and_encrypted_and_end(template: Template, synthesize: Synthesize) -> None:
    bucket = {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": True,
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": Match.any_value(),
                    },
                }
            ]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    }
    template.has_resource_properties("AWS::S3::Bucket", bucket)
    template.has_resource("AWS::S3::Bucket", {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"})
    for days, stack in ((7, template), (30, synthesize(export_days=30))):
        [rule] = only(stack, "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
        assert (rule["Prefix"], rule["ExpirationInDays"], rule["Status"]) == ("exports/", days, "Enabled")


def test_parts_travel_by_tls_alone(template: Template) -> None:
    denied = {
        json.dumps(statement["Condition"])
        for statement in only(template, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Action"] == "s3:*"
    }
    assert denied == {
        '{"Bool": {"aws:SecureTransport": "false"}}',
        '{"NumericLessThan": {"s3:TlsVersion": 1.2}}',
    }


def test_the_state_machine_may_invoke_the_worker_and_continue_itself(template: Template) -> None:
    allowed = {
        action: statement["Resource"]
        for statement in role_statements(template, "ExportStateMachine")
        for action in actions(statement)
    }
    assert "ExportFunctionAliaslive" in json.dumps(allowed.pop("lambda:InvokeFunction"))
    assert "stateMachine:contact-search-test-exports" in json.dumps(allowed.pop("states:StartExecution"))
    # These have no resources.
    assert {action.partition(":")[0] for action in allowed} == {"logs", "xray"}
    assert set(allowed.values()) == {"*"}


def test_executions_are_traced_and_logged_without_payloads(template: Template) -> None:
    machine = only(template, "AWS::StepFunctions::StateMachine")
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine.get("StateMachineType", "STANDARD") == "STANDARD"


def test_an_export_waits_out_an_hour_without_connect(states: dict[str, Any]) -> None:
    for name in ("ExportSlice", "MarkFailed"):
        [retry] = states[name]["Retry"]
        assert retry["ErrorEquals"] == ["States.ALL"]
        delays = [
            min(retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt, retry["MaxDelaySeconds"])
            for attempt in range(retry["MaxAttempts"])
        ]
        assert 2 * 3600 < sum(delays) < 4 * 3600
        assert max(delays) <= 300  # seconds after which it goes on when Connect is back


def test_what_fails_in_the_end_is_marked_as_failed(states: dict[str, Any]) -> None:
    assert states["ExportSlice"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "MarkFailed"}
    ]
    payload = states["MarkFailed"]["Parameters"]["Payload"]
    assert payload == {"client.$": "$.client", "export_id.$": "$.export_id", "error.$": "$.failure"}
    assert states["MarkFailed"]["Next"] == "Failed"
    assert states["Failed"]["Type"] == "Fail"


def test_an_execution_stays_well_below_the_events_it_may_have(states: dict[str, Any]) -> None:
    [_, many] = states["IsDone"]["Choices"]
    assert many["Next"] == "Continue"
    slices = many["NumericGreaterThanEquals"]
    assert slices * (EVENTS_PER_SLICE + 10 * EVENTS_PER_FAILURE) < MOST_EVENTS
    [retry] = states["ExportSlice"]["Retry"]
    assert slices * EVENTS_PER_SLICE + 10 * retry["MaxAttempts"] * EVENTS_PER_FAILURE < MOST_EVENTS / 4
    # The next one has a name that follows from this one's, so that there is no second of it.
    assert states["Continue"]["Parameters"]["Name.$"] == "States.Format('{}-', $$.Execution.Name)"
    assert states["Continue"]["Catch"][0] == {
        "ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"],
        "Next": "Done",
    }


def test_the_worker_has_time_to_finish_its_slice(template: Template, states: dict[str, Any]) -> None:
    worker = environment(template, "export")
    # After the slice's time it may still be waiting for a slot and a call, and has to write the part.
    assert int(worker["EXPORT_SLICE_SECONDS"]) <= 900 - 120
    assert int(worker["EXPORT_SLICE_CONTACTS"]) <= 10_000
    assert states["ExportSlice"]["TimeoutSeconds"] > 900


def test_settings_reach_both_functions(synthesize: Synthesize) -> None:
    template = synthesize(export_days=30, exports_per_client=5)
    for name in ("search", "export"):
        variables = environment(template, name)
        assert (variables["EXPORT_DAYS"], variables["EXPORTS_PER_CLIENT"]) == ("30", "5")
        assert "ExportBucket" in json.dumps(variables["EXPORT_BUCKET_NAME"])
    assert "ExportStateMachine" in json.dumps(environment(template, "search")["EXPORT_STATE_MACHINE_ARN"])
    assert "EXPORT_STATE_MACHINE_ARN" not in environment(template, "export")


def test_exports_that_fail_or_stand_still_set_off_alarms(template: Template) -> None:
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmDescription": "docs/operations.md, ExportStuck",
            "MetricName": "ExportIdle",
            "Statistic": "Maximum",
            "Threshold": 3600,
        },
    )
    [failed] = template.find_resources(
        "AWS::CloudWatch::Alarm", {"Properties": {"AlarmDescription": "docs/operations.md, ExportsFailed"}}
    ).values()
    names = {
        one["MetricStat"]["Metric"]["MetricName"] for one in failed["Properties"]["Metrics"] if "MetricStat" in one
    }
    assert names == {"ExportsFailed", "ExecutionsFailed"}


def test_calls_for_exports_count_as_use_of_the_quota(template: Template) -> None:
    filters = template.find_resources("AWS::Logs::MetricFilter").values()
    groups = [
        json.dumps(one["Properties"]["LogGroupName"])
        for one in filters
        if one["Properties"]["MetricTransformations"][0]["MetricName"] == "UpstreamCalls"
    ]
    assert len(set(groups)) == 2
