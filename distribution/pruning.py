"""Remove what installed requirements contain and no function reads."""

import shutil
from pathlib import Path

# Functions do not need metadata of distributions: pydantic looks there for plugins, and urllib3 for HTTP/2. Without
# RECORD and direct_url.json two builds are the same.
_UNUSED = (
    "*.dist-info",
    ".lock",
    "bin",
    "**/tests",
    "**/*.pyi",
    "**/py.typed",
    "boto3/data",  # resources
    "boto3/examples",
    "dateutil/zoneinfo",  # timestamps of AWS are in UTC or have an offset
    "pydantic/mypy.py",
    "pydantic/v1",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.min.*",  # the documentation has files of its own
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/batch",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/feature_flags",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/parameters",
    "aws_lambda_powertools/utilities/parser",
    "aws_lambda_powertools/utilities/streaming",
)
_UNUSED_BY: dict[str, tuple[str, ...]] = {
    "search": (
        "flask_swagger_ui/templates",
        "flask_swagger_ui/dist/swagger-ui.js",  # a part of swagger-ui-bundle.js
        "flask_swagger_ui/dist/swagger-ui-standalone-preset.js",
    ),
    "authorizer": (
        "aws_lambda_powertools/event_handler",
        "aws_lambda_powertools/utilities/data_classes",
        "cffi",  # cryptography needs only its backend, which is a file beside it
        "pycparser",
    ),
}


def prune(tree: Path, function: str) -> None:
    """Remove unused files from the folder into which the function's requirements were installed."""
    for pattern in (*_UNUSED, *_UNUSED_BY[function]):
        for path in list(tree.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
