"""Log JSON lines. Metrics are counted from those in log_lines.py."""

from aws_lambda_powertools import Logger

logger = Logger(service="contact-search")
