"""Log JSON lines. Metrics are counted from these lines: see infra/metrics.py."""

from aws_lambda_powertools import Logger

logger = Logger(service="contact-search")
