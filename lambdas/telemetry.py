"""What the functions log and count."""

from aws_lambda_powertools import Logger

SERVICE = "contact-search"

logger = Logger(service=SERVICE)


def count(metric: str) -> None:
    """Adds one to a CloudWatch metric, in the embedded metric format."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415 - seldom needed

    with single_metric(metric, MetricUnit.Count, 1, namespace="ContactSearch", default_dimensions={"service": SERVICE}):
        pass
