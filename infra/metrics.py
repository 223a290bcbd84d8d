"""The service's metrics: filters count the lines of log_lines.py, so the functions themselves count nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from contact_search import log_lines
from contact_search.api.route_table import CONTACT
from contact_search.log_lines import LogLine


@dataclass(frozen=True)
class LineFilter:
    """The log lines that count, and what each adds to the metric: 1, or the value of one of its members."""

    pattern: str
    value: str = "1"


def _where(line: LogLine, **conditions: str) -> str:
    """Return the pattern of this line, if its fields meet the conditions."""
    return _pattern(f'$.message = "{line.message}"', *_conditions(line, conditions))


def _where_problem(**conditions: str) -> str:
    """Return the pattern of a problem's line, whatever its message is, if its fields meet the conditions."""
    return _pattern(*_conditions(log_lines.REFUSED, conditions))


def _conditions(line: LogLine, conditions: Mapping[str, str]) -> list[str]:
    return [f"{_field(line, field)} {condition}" for field, condition in conditions.items()]


def _pattern(*conditions: str) -> str:
    return f"{{ {' && '.join(conditions)} }}"


def _field(line: LogLine, field: str) -> str:
    """Return the field as patterns write it.

    Raises:
        ValueError: The line has no such field.
    """
    return f"$.{line.fields[line.fields.index(field)]}"


_CALLED = {"operation": '= "SearchContacts"'}
_DESCRIBED = {"operation": '!= "SearchContacts"'}
_THROTTLED = {"outcome": '= "ThrottlingException"'}
_SEARCH_METRICS = {
    "Searches": LineFilter(_where(log_lines.SEARCHED)),
    "CacheHits": LineFilter(_where(log_lines.SEARCHED, cache='= "hit*"')),
    "SharedCalls": LineFilter(_where(log_lines.SEARCHED, cache='= "*collapsed*"')),
    "StalePages": LineFilter(_where(log_lines.SEARCHED, cache='= "*stale*"')),
    "UpstreamCalls": LineFilter(_where(log_lines.CALLED_CONNECT, **_CALLED)),
    "QuotaWait": LineFilter(_where(log_lines.CALLED_CONNECT, **_CALLED), _field(log_lines.CALLED_CONNECT, "waited")),
    "UpstreamThrottles": LineFilter(_where(log_lines.CALLED_CONNECT, **_CALLED, **_THROTTLED)),
    "Refusals": LineFilter(_where_problem(code='= "QuotaExceeded"', resource=f'!= "{CONTACT.path}"')),
    "Contacts": LineFilter(_where(log_lines.DESCRIBED)),
    "ContactRefusals": LineFilter(_where_problem(code='= "QuotaExceeded"', resource=f'= "{CONTACT.path}"')),
    "ContactCalls": LineFilter(_where(log_lines.CALLED_CONNECT, **_DESCRIBED)),
    "ContactThrottles": LineFilter(_where(log_lines.CALLED_CONNECT, **_DESCRIBED, **_THROTTLED)),
    "DirectoryUnavailable": LineFilter(_where(log_lines.DIRECTORY_UNAVAILABLE)),
    "TableUnavailable": LineFilter(_where(log_lines.TABLE_UNAVAILABLE)),
}
# What the export function adds to the metrics above, and its own metrics. Its waits do not concern callers.
_EXPORT_METRICS = {
    **{name: _SEARCH_METRICS[name] for name in ("UpstreamCalls", "UpstreamThrottles")},
    **{name: _SEARCH_METRICS[name] for name in ("DirectoryUnavailable", "TableUnavailable")},
    "ExportCalls": _SEARCH_METRICS["UpstreamCalls"],
    "ExportedContacts": LineFilter(_where(log_lines.EXPORTED), _field(log_lines.EXPORTED, "contacts")),
    # Seconds since an export's last progress, when each attempt at its next slice begins.
    "ExportIdle": LineFilter(_where(log_lines.SLICE_BEGUN), _field(log_lines.SLICE_BEGUN, "idle")),
    # That a client's grant has changed is no failure of the service.
    "ExportsFailed": LineFilter(_where(log_lines.EXPORT_ENDED, status='= "failed"', problem='!= "forbidden"')),
}
_AUTHORIZER_METRICS = {
    "Unauthenticated": LineFilter(_where(log_lines.UNAUTHENTICATED)),
    "IssuerUnavailable": LineFilter(_where(log_lines.ISSUER_UNAVAILABLE)),
}
# Lambda counts every bad credential as an error of the authorizer. The access log tells these from real failures.
_ACCESS_METRICS = {
    "AuthorizerFailures": LineFilter('{ $.gateway_response = "AUTHORIZER_*" }'),
}


class Metrics(Construct):
    """Make the filters. Each stage has its own namespace, so that the stages of an account stay apart."""

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
        problem = _field(log_lines.REFUSED, "problem")
        problems = _pattern(f'{problem} = "*"', f'$.message != "{log_lines.EXPORT_ENDED.message}"')
        ended = _where(log_lines.EXPORT_ENDED)
        for prefix, log_group in {"": search_logs, "Export": export_logs}.items():
            self._add_by(f"{prefix}Problems", log_group, problems, "Problems", problem)
            # Clients end exports by the API, and the others end by themselves.
            self._add_by(f"{prefix}Ends", log_group, ended, "ExportsEnded", _field(log_lines.EXPORT_ENDED, "status"))

    def metric(self, name: str, statistic: str = "Sum", **dimensions: str) -> cloudwatch.Metric:
        """Return one of the metrics, over periods of 5 minutes."""
        return cloudwatch.Metric(
            namespace=self.namespace, metric_name=name, statistic=statistic, dimensions_map=dimensions or None
        )

    def _add_by(self, construct_id: str, log_group: logs.ILogGroup, pattern: str, metric_name: str, field: str) -> None:
        """Count lines by one of their fields."""
        logs.MetricFilter(
            self,
            construct_id,
            log_group=log_group,
            filter_pattern=logs.FilterPattern.literal(pattern),
            metric_namespace=self.namespace,
            metric_name=metric_name,
            metric_value="1",
            dimensions={field.removeprefix("$."): field},
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
