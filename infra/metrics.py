"""The service's metrics: filters count log lines, so the functions themselves count nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from contact_search.api.route_table import CONTACT


@dataclass(frozen=True)
class LineFilter:
    """The log lines that count, and what each adds to the metric: 1, or the value of one of its members."""

    pattern: str
    value: str = "1"


_CALLED = '$.message = "called Amazon Connect" && $.operation = "SearchContacts"'
_DESCRIBED = '$.message = "called Amazon Connect" && $.operation != "SearchContacts"'
_SEARCH_METRICS = {
    "Searches": LineFilter('{ $.message = "searched" }'),
    "CacheHits": LineFilter('{ $.message = "searched" && $.cache = "hit*" }'),
    "SharedCalls": LineFilter('{ $.message = "searched" && $.cache = "*collapsed*" }'),
    "StalePages": LineFilter('{ $.message = "searched" && $.cache = "*stale*" }'),
    "UpstreamCalls": LineFilter(f"{{ {_CALLED} }}"),
    "QuotaWait": LineFilter(f"{{ {_CALLED} }}", "$.waited"),
    "UpstreamThrottles": LineFilter(f'{{ {_CALLED} && $.outcome = "ThrottlingException" }}'),
    "Refusals": LineFilter(f'{{ $.code = "QuotaExceeded" && $.resource != "{CONTACT.path}" }}'),
    "Contacts": LineFilter('{ $.message = "described" }'),
    "ContactRefusals": LineFilter(f'{{ $.code = "QuotaExceeded" && $.resource = "{CONTACT.path}" }}'),
    "ContactCalls": LineFilter(f"{{ {_DESCRIBED} }}"),
    "ContactThrottles": LineFilter(f'{{ {_DESCRIBED} && $.outcome = "ThrottlingException" }}'),
    "DirectoryUnavailable": LineFilter('{ $.message = "directory unavailable" }'),
    "TableUnavailable": LineFilter('{ $.message = "table unavailable" }'),
}
_AUTHORIZER_METRICS = {
    "Unauthenticated": LineFilter('{ $.message = "unauthenticated" }'),
    "IssuerUnavailable": LineFilter('{ $.message = "issuer unavailable" }'),
}
# Lambda counts every bad credential as an error of the authorizer. The access log tells these from real failures.
_ACCESS_METRICS = {
    "AuthorizerFailures": LineFilter('{ $.gateway_response = "AUTHORIZER_*" }'),
}


class Metrics(Construct):
    """Make the filters. Each stage has a namespace of its own, so that stages of one account stay apart."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: str,
        search_logs: logs.ILogGroup,
        authorizer_logs: logs.ILogGroup,
        access_logs: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self.namespace = f"ContactSearch/{stage}"
        self._add(search_logs, _SEARCH_METRICS)
        self._add(authorizer_logs, _AUTHORIZER_METRICS)
        self._add(access_logs, _ACCESS_METRICS)
        logs.MetricFilter(
            self,
            "Problems",
            log_group=search_logs,
            filter_pattern=logs.FilterPattern.literal('{ $.problem = "*" }'),
            metric_namespace=self.namespace,
            metric_name="Problems",
            metric_value="1",
            dimensions={"problem": "$.problem"},
        )

    def metric(self, name: str, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
        """Return one of the metrics, over periods of 5 minutes."""
        return cloudwatch.Metric(
            namespace=self.namespace, metric_name=name, statistic=statistic, dimensions_map=dimensions or None
        )

    def _add(self, log_group: logs.ILogGroup, filters: Mapping[str, LineFilter]) -> None:
        for name, line in filters.items():
            logs.MetricFilter(
                self,
                name,
                log_group=log_group,
                filter_pattern=logs.FilterPattern.literal(line.pattern),
                metric_namespace=self.namespace,
                metric_name=name,
                metric_value=line.value,
                # A count is 0 while there are no lines; a duration is nothing.
                default_value=0 if line.value == "1" else None,
            )
