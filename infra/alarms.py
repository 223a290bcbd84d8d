"""The alarms, and the topic they are sent to. docs/operations.md says what each means and what to do."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.exports import ExportStateMachine
from infra.firewall import Firewall
from infra.functions import AuthorizerFunction, ExportFunction, SearchFunction
from infra.heartbeat import Heartbeat
from infra.metrics import Metrics
from infra.settings import Settings


class Condition(NamedTuple):
    """What sets off an alarm: a metric above a threshold for some periods in a row."""

    metric: cloudwatch.Metric | cloudwatch.MathExpression
    above: float
    periods: int = 1
    minutes: int = 5


class Watched(NamedTuple):
    """The parts of the stack that alarms watch."""

    api: apigateway.RestApi
    search: SearchFunction
    authorizer: AuthorizerFunction
    export: ExportFunction
    state_machine: ExportStateMachine
    metrics: Metrics
    firewall: Firewall | None
    heartbeat: Heartbeat | None


class Alarms(Construct):
    """Send the alarms to a topic, and again when they are over."""

    def __init__(self, scope: Construct, construct_id: str, *, watched: Watched, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.topic = self._find_topic(settings.alarm_topic_arn)
        if settings.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        for name, condition in _conditions(watched, settings.account_concurrency).items():
            self._add(name, condition)
        internal = Condition(watched.metrics.metric("Problems", problem="internal"), above=0, minutes=1)
        # While a new version is rolled out, these roll it back.
        self.search_rollback = [
            self._add("NewVersionFails", Condition(_errors_of_new_version(watched.search), above=0, minutes=1)),
            self._add("NewVersionErrs", internal),
        ]
        failures = watched.metrics.metric("AuthorizerFailures")
        self.authorizer_rollback = [self._add("AuthorizerFails", Condition(failures, above=0, minutes=1))]
        if watched.heartbeat:
            self._add_heartbeat(watched.heartbeat)

    def _find_topic(self, existing_arn: str | None) -> sns.ITopic:
        if existing_arn:
            return sns.Topic.from_topic_arn(self, "ExistingTopic", existing_arn)
        return _make_topic(self)

    def _add(self, name: str, condition: Condition) -> cloudwatch.Alarm:
        return self._send(
            cloudwatch.Alarm(
                self,
                name,
                metric=condition.metric.with_(period=cdk.Duration.minutes(condition.minutes)),
                threshold=condition.above,
                evaluation_periods=condition.periods,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
                alarm_description=f"docs/operations.md, {name}",
            )
        )

    def _add_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Add the one alarm for which no data is bad news: then not even the check runs."""
        self._send(
            cloudwatch.Alarm(
                self,
                "NoHeartbeat",
                metric=heartbeat.beats.with_(period=cdk.Duration.minutes(1)),
                threshold=1,
                evaluation_periods=5,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
                alarm_description="docs/operations.md, NoHeartbeat",
            )
        )

    def _send(self, alarm: cloudwatch.Alarm) -> cloudwatch.Alarm:
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))
        return alarm


def _conditions(watched: Watched, account_concurrency: int) -> Mapping[str, Condition]:
    """Return the conditions by the name of their alarm."""
    api, metric = watched.api, watched.metrics.metric
    server_errors = cloudwatch.MathExpression(
        expression="IF(requests > 0, 100 * failed / requests, 0)",
        using_metrics={"failed": api.metric_server_error(), "requests": api.metric_count()},
        label="server errors, %",
    )
    return {
        "ServerErrors": Condition(server_errors, above=2, periods=3),
        "Misconfigured": Condition(metric("Problems", problem="misconfigured"), above=0),
        "InstanceNotFound": Condition(metric("Problems", problem="instance-not-found"), above=0),
        "Internal": Condition(metric("Problems", problem="internal"), above=0),
        "UpstreamThrottles": Condition(metric("UpstreamThrottles"), above=5, periods=3),
        "ContactThrottles": Condition(metric("ContactThrottles"), above=5, periods=3),
        "QuotaExhausted": Condition(metric("Refusals"), above=100, periods=6),
        "DirectoryUnavailable": Condition(metric("DirectoryUnavailable"), above=0, periods=3),
        "TableUnavailable": Condition(metric("TableUnavailable"), above=0, periods=2),
        "IssuerUnavailable": Condition(metric("IssuerUnavailable"), above=0, periods=2),
        "Unauthenticated": Condition(metric("Unauthenticated"), above=500, periods=3),
        "SlowAnswers": Condition(api.metric_latency(statistic="p90"), above=10_000, periods=6),
        **dict(_export_conditions(watched)),
        **dict(_concurrency_conditions(watched, account_concurrency)),
        **({"FirewallBlocks": Condition(watched.firewall.blocked_requests(), 500, 3)} if watched.firewall else {}),
    }


def _export_conditions(watched: Watched) -> Iterator[tuple[str, Condition]]:
    failed = cloudwatch.MathExpression(
        expression="FILL(exports, 0) + FILL(executions, 0)",
        using_metrics={
            "exports": watched.metrics.metric("ExportsFailed"),
            # Those whose export could not even be marked as failed are there alone.
            "executions": watched.state_machine.metric_failed(),
        },
        label="failed exports",
    )
    yield "ExportsFailed", Condition(failed, above=0)
    # There is an attempt every ten minutes at least.
    yield "ExportStuck", Condition(watched.metrics.metric("ExportIdle", "Maximum"), above=3600, minutes=15)


def _concurrency_conditions(watched: Watched, account_concurrency: int) -> Iterator[tuple[str, Condition]]:
    throttles = cloudwatch.MathExpression(
        expression="FILL(search, 0) + FILL(authorizer, 0) + FILL(export, 0)",
        using_metrics={
            "search": watched.search.metric_throttles(),
            "authorizer": watched.authorizer.metric_throttles(),
            "export": watched.export.metric_throttles(),
        },
        label="throttled invocations",
    )
    yield "FunctionThrottles", Condition(throttles, above=0)
    # What all functions of the account use or have reserved. It has no dimensions.
    claimed = cloudwatch.Metric(namespace="AWS/Lambda", metric_name="ClaimedAccountConcurrency", statistic="Maximum")
    yield "ConcurrencyUsed", Condition(claimed, above=0.8 * account_concurrency, periods=2)


def _make_topic(scope: Construct) -> sns.Topic:
    """Make a topic with a key of its own: CloudWatch may not use the key that AWS manages for SNS."""
    key = kms.Key(
        scope,
        "TopicKey",
        description="Encrypts the alarms of the contact search",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    alarms = iam.ServicePrincipal("cloudwatch.amazonaws.com")
    key.grant(alarms, "kms:Decrypt", "kms:GenerateDataKey")
    topic = sns.Topic(scope, "Topic", display_name=cdk.Stack.of(scope).stack_name, master_key=key, enforce_ssl=True)
    # enforce_ssl replaces the default policy, which lets CloudWatch publish.
    topic.grant_publish(alarms)
    return topic


def _errors_of_new_version(function: lambda_.Function) -> cloudwatch.Metric:
    """Return Lambda's count of errors of the newest version, as invoked by the alias."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="Errors",
        statistic="Sum",
        dimensions_map={
            "FunctionName": function.function_name,
            "Resource": f"{function.function_name}:live",
            "ExecutedVersion": function.current_version.version,
        },
    )
