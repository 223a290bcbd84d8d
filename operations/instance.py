"""Call the Amazon Connect instance of a stage."""

from typing import Any

import boto3

from operations.laptop import find_laptop
from operations.stages import Stage, open_session


def open_connect(stage: Stage) -> Any:
    """Create a boto3 client of Amazon Connect: for the laptop's stage of the stand-in, else with your credentials.

    Raises:
        NoCredentialsError, WrongAccountError: See `open_session`.
    """
    if not stage.is_laptop:
        return open_session(stage).client("connect")
    laptop = find_laptop()
    return boto3.Session("sandbox", "sandbox", region_name=laptop.region).client("connect", endpoint_url=laptop.aws_url)
