"""Read the headers of a request."""

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent


def read_header(event: APIGatewayProxyEvent, name: str) -> str:
    """Return a header in any letter case, its repeats joined by commas (RFC 9110, section 5.3); empty if missing."""
    return ", ".join(event.multi_value_headers.get(name) or ())
