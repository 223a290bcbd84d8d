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
# What the export function adds to the metrics above, and metrics of its own. Its waits are no concern of callers.
_EXPORT_METRICS = {
    **{name: _SEARCH_METRICS[name] for name in ("UpstreamCalls", "UpstreamThrottles")},
    **{name: _SEARCH_METRICS[name] for name in ("DirectoryUnavailable", "TableUnavailable")},
    "ExportCalls": LineFilter(f"{{ {_CALLED} }}"),
    "ExportedContacts": LineFilter('{ $.message = "exported" }', "$.contacts"),
    # Seconds since an export's last progress, at the begin of each attempt at its next slice.
    "ExportIdle": LineFilter('{ $.message = "slice begun" }', "$.idle"),
    # That a client's grant has changed is no failure of the service.
    "ExportsFailed": LineFilter('{ $.message = "export ended" && $.status = "failed" && $.problem != "forbidden" }'),
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
        export_logs: logs.ILogGroup,
        access_logs: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self.namespace = f"ContactSearch/{stage}"
        self._add(search_logs, _SEARCH_METRICS)
        self._add(authorizer_logs, _AUTHORIZER_METRICS)
        self._add(access_logs, _ACCESS_METRICS)
        self._add(export_logs, _EXPORT_METRICS, prefix="Export")
        # The end of an export names the problem a second time.
        problems = '{ $.problem = "*" && $.message != "export ended" }'
        ended = '{ $.message = "export ended" }'
        for prefix, log_group in {"": search_logs, "Export": export_logs}.items():
            self._add_by(f"{prefix}Problems", log_group, problems, "Problems", "problem")
            # Clients end exports by the API, and the others end by themselves.
            self._add_by(f"{prefix}Ends", log_group, ended, "ExportsEnded", "status")

    def metric(self, name: str, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
        """Return one of the metrics, over periods of 5 minutes."""
        return cloudwatch.Metric(
            namespace=self.namespace, metric_name=name, statistic=statistic, dimensions_map=dimensions or None
        )

    def _add_by(
        self, construct_id: str, log_group: logs.ILogGroup, pattern: str, metric_name: str, member: str
    ) -> None:
        """Count lines by one of their members."""
        logs.MetricFilter(
            self,
            construct_id,
            log_group=log_group,
            filter_pattern=logs.FilterPattern.literal(pattern),
            metric_namespace=self.namespace,
            metric_name=metric_name,
            metric_value="1",
            dimensions={member: f"$.{member}"},
        )

    def _add(self, log_group: logs.ILogGroup, filters: Mapping[str, LineFilter], prefix: str = "") -> None:
        for name, line in filters.items():
            logs.MetricFilter(
                self,
                f"{prefix}{name}",
                log_group=log_group,
                filter_pattern=logs.FilterPattern.literal(line.pattern),
                metric_namespace=self.namespace,
                metric_name=name,
                metric_value=line.value,
                # A count is 0 while there are no lines; a duration is nothing.
                default_value=0 if line.value == "1" else None,
            )
