"""What is counted: metric filters over the functions' log lines, so that the functions themselves count nothing."""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

NAMESPACE = "ContactSearch"

# By metric: the log lines that count, and the member of them that is the value (1 a line, where it is a figure).
_SEARCH_METRICS = {
    "Searches": ('{ $.message = "searched" }', "1"),
    "CacheHits": ('{ $.message = "searched" && $.cache = "hit*" }', "1"),
    "SharedCalls": ('{ $.message = "searched" && $.cache = "*collapsed*" }', "1"),
    "StalePages": ('{ $.message = "searched" && $.cache = "*stale*" }', "1"),
    "UpstreamCalls": ('{ $.message = "asked Amazon Connect" }', "1"),
    "QuotaWait": ('{ $.message = "asked Amazon Connect" }', "$.waited"),
    "UpstreamThrottles": ('{ $.message = "asked Amazon Connect" && $.outcome = "ThrottlingException" }', "1"),
    "Refusals": ('{ $.code = "QuotaExceeded" }', "1"),
    "TableUnavailable": ('{ $.message = "table unavailable" }', "1"),
}
_AUTHORIZER_METRICS = {
    "Unauthenticated": ('{ $.message = "unauthenticated" }', "1"),
    "IssuerUnavailable": ('{ $.message = "issuer unavailable" }', "1"),
}


class Metrics(Construct):
    """The filters; `of` gives the metrics that they make."""

    def __init__(
        self, scope: Construct, name: str, *, search_logs: logs.ILogGroup, authorizer_logs: logs.ILogGroup
    ) -> None:
        super().__init__(scope, name)
        self._add(search_logs, _SEARCH_METRICS)
        self._add(authorizer_logs, _AUTHORIZER_METRICS)
        logs.MetricFilter(
            self,
            "Problems",
            log_group=search_logs,
            filter_pattern=logs.FilterPattern.literal('{ $.problem = "*" }'),
            metric_namespace=NAMESPACE,
            metric_name="Problems",
            metric_value="1",
            dimensions={"problem": "$.problem"},
        )

    def _add(self, log_group: logs.ILogGroup, metrics: Mapping[str, tuple[str, str]]) -> None:
        for metric, (pattern, value) in metrics.items():
            logs.MetricFilter(
                self,
                metric,
                log_group=log_group,
                filter_pattern=logs.FilterPattern.literal(pattern),
                metric_namespace=NAMESPACE,
                metric_name=metric,
                metric_value=value,
                default_value=0 if value == "1" else None,
            )

    @staticmethod
    def of(metric: str, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
        """The metric, over 5 minutes."""
        return cloudwatch.Metric(
            namespace=NAMESPACE, metric_name=metric, statistic=statistic, dimensions_map=dimensions or None
        )
