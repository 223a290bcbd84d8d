"""What installed requirements bring along that no function reads."""

import shutil
from pathlib import Path

# Nobody asks importlib.metadata in a function: neither pydantic (which looks for plugins, of which there are none) nor
# urllib3 (for HTTP/2 alone) nor Powertools. And without RECORD and direct_url.json two builds are the same.
_NEEDED_NOWHERE = (
    "*.dist-info",
    ".lock",
    "bin",
    "**/tests",
    "**/*.pyi",
    "**/py.typed",
    "dateutil/zoneinfo",  # AWS's timestamps have an offset, if they are not of UTC
    "pydantic/mypy.py",
    "pydantic/v1",
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
_NOT_NEEDED_BY: dict[str, tuple[str, ...]] = {
    "search": (),
    "authorizer": (
        "aws_lambda_powertools/event_handler",
        "aws_lambda_powertools/utilities/data_classes",
        "cffi",  # cryptography needs its backend alone, which is a file beside it
        "pycparser",
    ),
}


def prune(tree: Path, function: str) -> None:
    """Removes it from the tree that the requirements of the function were installed into."""
    for pattern in (*_NEEDED_NOWHERE, *_NOT_NEEDED_BY[function]):
        for path in list(tree.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
