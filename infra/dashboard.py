"""The dashboard: requests, calls of Amazon Connect, and what goes wrong."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.alarms import Watched
from infra.functions import PythonFunction


class Dashboard(cloudwatch.Dashboard):
    """Show the stage's metrics. The dashboard has the name of the stack."""

    def __init__(self, scope: Construct, construct_id: str, *, watched: Watched, quota_rate: float) -> None:
        super().__init__(scope, construct_id, dashboard_name=cdk.Stack.of(scope).stack_name)
        api, metric = watched.api, watched.metrics.metric
        calls = metric("UpstreamCalls")
        quota_use = cloudwatch.MathExpression(
            expression=f"100 * calls / ({quota_rate} * PERIOD(calls))",
            using_metrics={"calls": calls},
            label="quota used, %",
        )
        hits = cloudwatch.MathExpression(
            expression="IF(searches > 0, 100 * hits / searches, 0)",
            using_metrics={"hits": metric("CacheHits"), "searches": metric("Searches")},
            label="cache hits, %",
        )
        problems = cloudwatch.SearchExpression(
            expression=f"SEARCH('{{\"{watched.metrics.namespace}\",problem}} MetricName=\"Problems\"', 'Sum', 300)",
            label="",
        )
        self.add_widgets(
            _graph("Requests", api.metric_count(), api.metric_client_error(), api.metric_server_error()),
            _graph("Latency, ms", *(api.metric_latency(statistic=share) for share in ("p50", "p90", "p99"))),
            _graph("Concurrent executions", *_concurrency(watched)),
        )
        self.add_widgets(
            _graph("Calls of Amazon Connect", calls, metric("UpstreamThrottles")),
            _graph("Quota use and cache hits, %", *([quota_use] if quota_rate else []), hits),
            _graph("Waiting for a slot, ms; refusals", metric("QuotaWait", "p90"), right=[metric("Refusals")]),
        )
        self.add_widgets(
            _graph(
                "Searches without a call of their own", metric("CacheHits"), metric("SharedCalls"), metric("StalePages")
            ),
            _graph("Problems by type", problems),
            _graph(
                "Dependencies",
                metric("TableUnavailable"),
                metric("DirectoryUnavailable"),
                metric("IssuerUnavailable"),
                metric("Unauthenticated"),
            ),
        )
        self.add_widgets(
            _graph("Exported contacts", metric("ExportedContacts")),
            _graph(
                "Exports that ended",
                *(metric("ExportsEnded", status=status) for status in ("succeeded", "failed", "canceled")),
            ),
            _graph(
                "Calls for exports; s since progress", metric("ExportCalls"), right=[metric("ExportIdle", "Maximum")]
            ),
        )
        contacts = ("Contacts", "ContactCalls", "ContactThrottles")
        last_row = [_graph("Single contacts; refusals", *map(metric, contacts), right=[metric("ContactRefusals")])]
        if watched.firewall:
            last_row.append(_graph("Blocked by the firewall", *watched.firewall.blocked_requests_by_rule()))
        self.add_widgets(*last_row)


def _concurrency(watched: Watched) -> list[cloudwatch.Metric]:
    return [
        function.metric("ConcurrentExecutions", statistic="Maximum", label=label)
        for label, function in _functions(watched)
    ]


def _functions(watched: Watched) -> tuple[tuple[str, PythonFunction], ...]:
    return ("search", watched.search), ("authorizer", watched.authorizer), ("export", watched.export)


def _graph(title: str, *left: cloudwatch.IMetric, right: Sequence[cloudwatch.IMetric] = ()) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), right=list(right), width=8)
