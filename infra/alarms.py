"""What wakes somebody up. docs/operations.md says of each alarm what it means and what to do."""

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

from infra.metrics import Metrics


class Alarms(Construct):
    """A topic, and the alarms that are sent to it."""

    def __init__(
        self, scope: Construct, name: str, *, api: apigateway.RestApi, search: lambda_.Function, email: str | None
    ) -> None:
        super().__init__(scope, name)
        self.topic = _topic(self)
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        of = Metrics.of
        percent = cloudwatch.MathExpression(
            expression="IF(asked > 0, 100 * failed / asked, 0)",
            using_metrics={"failed": api.metric_server_error(), "asked": api.metric_count()},
            label="server errors, %",
        )
        # name: (metric, more than, times of 5 minutes)
        rules: dict[str, tuple[cloudwatch.IMetric, float, int]] = {
            "ServerErrors": (percent, 2, 3),
            "Misconfigured": (of("Problems", problem="misconfigured"), 0, 1),
            "InstanceNotFound": (of("Problems", problem="instance-not-found"), 0, 1),
            "Internal": (of("Problems", problem="internal"), 0, 1),
            "UpstreamThrottles": (of("UpstreamThrottles"), 5, 3),
            "QuotaExhausted": (of("Refusals"), 100, 6),
            "TableUnavailable": (of("TableUnavailable"), 0, 2),
            "IssuerUnavailable": (of("IssuerUnavailable"), 0, 2),
            "Unauthenticated": (of("Unauthenticated"), 500, 3),
            "SlowAnswers": (api.metric_latency(statistic="p90"), 10_000, 6),
        }
        for alarm, (metric, threshold, periods) in rules.items():
            self._add(alarm, metric, threshold, periods)
        # Of the new version alone, while it is rolled out.
        self.rollback = [
            self._add("NewVersionFails", _errors_of_new_version(search), 0, 1, minutes=1),
            self._add("NewVersionErrs", of("Problems", problem="internal"), 0, 1, minutes=1),
        ]

    def _add(
        self, name: str, metric: cloudwatch.IMetric, threshold: float, periods: int, minutes: int = 5
    ) -> cloudwatch.Alarm:
        assert isinstance(metric, cloudwatch.Metric | cloudwatch.MathExpression)  # noqa: S101 - tells mypy
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric.with_(period=cdk.Duration.minutes(minutes)),
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=f"docs/operations.md, {name}",
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))
        return alarm


def _topic(scope: Construct) -> sns.Topic:
    """With a key of its own: CloudWatch may not use the one that AWS manages for SNS."""
    key = kms.Key(
        scope,
        "TopicKey",
        description="Alarms of the contact search",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    cloudwatch_ = iam.ServicePrincipal("cloudwatch.amazonaws.com")
    key.grant(cloudwatch_, "kms:Decrypt", "kms:GenerateDataKey")
    topic = sns.Topic(scope, "Topic", display_name="Contact search", master_key=key, enforce_ssl=True)
    topic.grant_publish(cloudwatch_)  # a policy of one's own takes the place of the one that lets CloudWatch in
    return topic


def _errors_of_new_version(search: lambda_.Function) -> cloudwatch.Metric:
    """As Lambda counts them of a version that is invoked by its alias."""
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="Errors",
        statistic="Sum",
        dimensions_map={
            "FunctionName": search.function_name,
            "Resource": f"{search.function_name}:live",
            "ExecutedVersion": search.current_version.version,
        },
    )
