"""Log JSON lines. Metrics are counted from these lines: see infra/monitoring.py."""

from aws_lambda_powertools import Logger

logger = Logger(service="contact-search")
