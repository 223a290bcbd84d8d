"""What an operator looks at."""

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.metrics import NAMESPACE, Metrics


class Dashboard(cloudwatch.Dashboard):
    """Requests and latency; what is asked of Amazon Connect, and what need not be; what goes wrong."""

    def __init__(self, scope: Construct, name: str, *, api: apigateway.RestApi, quota_rate: float) -> None:
        super().__init__(scope, name, dashboard_name=Stack.of(scope).stack_name)
        of = Metrics.of
        calls = of("UpstreamCalls")
        quota_use = cloudwatch.MathExpression(
            expression=f"100 * calls / ({quota_rate} * PERIOD(calls))",
            using_metrics={"calls": calls},
            label="quota used, %",
        )
        hits = cloudwatch.MathExpression(
            expression="IF(searches > 0, 100 * hits / searches, 0)",
            using_metrics={"hits": of("CacheHits"), "searches": of("Searches")},
            label="cache hits, %",
        )
        problems = cloudwatch.SearchExpression(
            expression=f"SEARCH('{{{NAMESPACE},problem}} MetricName=\"Problems\"', 'Sum', 300)", label=""
        )
        self.add_widgets(
            _graph("Requests", api.metric_count(), api.metric_client_error(), api.metric_server_error()),
            _graph("Latency, ms", *(api.metric_latency(statistic=share) for share in ("p50", "p90", "p99"))),
        )
        self.add_widgets(
            _graph("Calls of Amazon Connect", calls, of("UpstreamThrottles")),
            _graph("Quota use and cache hits, %", quota_use, hits),
            _graph("Waiting for a turn, ms; refusals", of("QuotaWait", "p90"), right=[of("Refusals")]),
        )
        self.add_widgets(
            _graph("Answers without a call of their own", of("CacheHits"), of("SharedCalls"), of("StalePages")),
            _graph("Problems by type", problems),
            _graph("Dependencies", of("TableUnavailable"), of("IssuerUnavailable"), of("Unauthenticated")),
        )


def _graph(
    title: str, *left: cloudwatch.IMetric, right: list[cloudwatch.IMetric] | None = None
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), right=right, width=8)
