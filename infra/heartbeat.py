"""The heartbeat: a scheduled check through the public door. An API that is dead sends no metrics, only silence."""

import inspect

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import heartbeat_check
from infra.logs import LogGroups


class Heartbeat(Construct):
    """Ask the API for its health every minute, as a caller would. `beats` counts the checks that succeeded."""

    def __init__(self, scope: Construct, construct_id: str, *, address: str, log_groups: LogGroups) -> None:
        super().__init__(scope, construct_id)
        logs = log_groups.add(construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        logs.grant_write(role)
        function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_inline(inspect.getsource(heartbeat_check)),
            memory_size=128,
            retry_attempts=0,
            timeout=cdk.Duration.seconds(20),
            tracing=lambda_.Tracing.ACTIVE,
            role=role,
            log_group=logs,
            environment={"ADDRESS": address},
        )
        # A check that is late is no use: the next one comes within the minute.
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(cdk.Duration.minutes(1)),
            targets=[
                targets.LambdaFunction(function, retry_attempts=0, max_event_age=cdk.Duration.minutes(1)),
            ],
        )
        self.beats = cloudwatch.MathExpression(
            expression="FILL(checks, 0) - FILL(failures, 0)",
            using_metrics={"checks": function.metric_invocations(), "failures": function.metric_errors()},
            label="successful checks",
        )
