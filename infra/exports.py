"""Bulk export: the bucket of the parts, and the state machine that has one slice after another exported."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.functions import EXPORT_TIMEOUT, EXPORTS_PREFIX
from infra.logs import LogGroups

# An execution may have 25,000 events, and a slice takes 9. The next execution goes on after so many slices, which
# leaves room for 13 failed attempts (of 3 events) at each of them.
SLICES_PER_EXECUTION = 500
_EXPORT = {"client": sfn.JsonPath.string_at("$.client"), "export_id": sfn.JsonPath.string_at("$.export_id")}
# 1, 2, 4 … 256 s and then every 5 minutes: Connect may be away for two hours and a half.
_ATTEMPTS = 36
_LONGEST_DELAY = cdk.Duration.minutes(5)


class ExportBucket(s3.Bucket):
    """Hold the parts of exports, each for a number of days. Nothing of it is public, and it outlives the stack."""

    def __init__(self, scope: Construct, construct_id: str, *, export_days: int) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=kms.Key(
                scope,
                f"{construct_id}Key",
                description="Encrypts the exports of the contact search",
                enable_key_rotation=True,
                removal_policy=cdk.RemovalPolicy.RETAIN,
            ),
            bucket_key_enabled=True,  # one call of KMS for many parts
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            # An export expires so many days after it was created, and its parts are younger than it is.
            lifecycle_rules=[
                s3.LifecycleRule(
                    prefix=EXPORTS_PREFIX,
                    expiration=cdk.Duration.days(export_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


class ExportStateMachine(sfn.StateMachine):
    """Invoke the export function until an export is done, however often it fails in between.

    An export that needs more slices than an execution has events for is continued by another execution.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, worker: lambda_.Alias, log_groups: LogGroups
    ) -> None:
        name = f"contact-search-{stage}-exports"
        arn = cdk.Stack.of(scope).format_arn(
            service="states",
            region=cdk.Aws.REGION,  # on the laptop it may be another one than the stage's
            account=cdk.Aws.ACCOUNT_ID,
            resource="stateMachine",
            resource_name=name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        role = iam.Role(scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        _allow(role, ["lambda:InvokeFunction"], worker.function_arn)
        _allow(role, ["states:StartExecution"], arn)
        _allow(role, [*_LOG_DELIVERY, *_TRACING], "*")
        super().__init__(
            scope,
            construct_id,
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(_definition(scope, worker, arn)),
            role=role.without_policy_updates(),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=log_groups.add(construct_id),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
        )


# Source: Step Functions developer guide, "Using CloudWatch Logs", "IAM policies for logging". They have no resources.
_LOG_DELIVERY = [
    *("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery"),
    *("logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"),
]
_TRACING = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"]


def _allow(role: iam.Role, actions: list[str], resource: str) -> None:
    role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[resource]))


def _definition(scope: Construct, worker: lambda_.Alias, own_arn: str) -> sfn.IChainable:
    """Return the states: export slices; where that is given up, have the export marked as failed."""
    failed = _invoke(scope, "MarkFailed", worker, {"error": sfn.JsonPath.object_at("$.failure")})
    failed.next(sfn.Fail(scope, "Failed", error="ExportFailed"))
    done = sfn.Succeed(scope, "Done")
    slice_ = _invoke(
        scope,
        "ExportSlice",
        worker,
        result_selector={"is_done": sfn.JsonPath.string_at("$.Payload.is_done")},
        result_path="$.slice",
    )
    slice_.add_catch(failed, result_path="$.failure")
    continued = _continue(scope, own_arn)
    continued.add_catch(done, errors=["StepFunctions.ExecutionAlreadyExistsException"])
    continued.add_catch(failed, result_path="$.failure")
    count = sfn.Pass(
        scope,
        "Count",
        parameters={**_EXPORT, "slices": sfn.JsonPath.math_add(sfn.JsonPath.number_at("$.slices"), 1)},
    )
    slice_.next(
        sfn.Choice(scope, "IsDone")
        .when(sfn.Condition.boolean_equals("$.slice.is_done", value=True), done)
        .when(sfn.Condition.number_greater_than_equals("$.slices", SLICES_PER_EXECUTION), continued.next(done))
        .otherwise(count.next(slice_))
    )
    return sfn.Pass(scope, "Begin", parameters={**_EXPORT, "slices": 1}).next(slice_)


def _invoke(
    scope: Construct,
    construct_id: str,
    worker: lambda_.Alias,
    payload: Mapping[str, Any] | None = None,
    **options: Any,
) -> tasks.LambdaInvoke:
    """Return a state that invokes the worker, and retries whatever its error is."""
    task = tasks.LambdaInvoke(
        scope,
        construct_id,
        lambda_function=worker,
        payload=sfn.TaskInput.from_object({**_EXPORT, **(payload or {})}),
        # An invocation that was lost would be waited for as long as the execution may run.
        task_timeout=sfn.Timeout.duration(cdk.Duration.seconds(EXPORT_TIMEOUT + 60)),
        retry_on_service_exceptions=False,
        **options,
    )
    _retry(task)
    return task


def _continue(scope: Construct, own_arn: str) -> tasks.StepFunctionsStartExecution:
    """Return a state that starts the next execution. Its name follows from this one's: there is no second of it."""
    task = tasks.StepFunctionsStartExecution(
        scope,
        "Continue",
        state_machine=sfn.StateMachine.from_state_machine_arn(scope, "Itself", own_arn),
        name=sfn.JsonPath.format("{}-", sfn.JsonPath.execution_name),
        input=sfn.TaskInput.from_object(_EXPORT),
        result_path=sfn.JsonPath.DISCARD,
    )
    task.add_retry(errors=["StepFunctions.ExecutionAlreadyExistsException"], max_attempts=0)
    _retry(task)
    return task


def _retry(task: sfn.TaskStateBase) -> None:
    task.add_retry(
        errors=["States.ALL"],
        interval=cdk.Duration.seconds(1),
        backoff_rate=2,
        max_delay=_LONGEST_DELAY,
        max_attempts=_ATTEMPTS,
    )
