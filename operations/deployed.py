"""The deployed stack of a stage: its table of clients, its usage plans and its address, found by its outputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from contact_search.exports.files import ExportFiles
from contact_search.storage.durable_table import DurableTable
from infra.settings import LAPTOP, stack_name
from operations.stages import Stage, open_session

_SUFFIX = "UsagePlanId"


@dataclass(frozen=True)
class Deployed:
    """What operators work on.

    Attributes:
        usage_plans: Their ids, by name.
        apigateway: A boto3 client.
        export_files: Returns the files of exports. Few commands need them, and a client of S3 takes a while to make.
    """

    stage: str
    address: str
    table: DurableTable
    usage_plans: dict[str, str]
    apigateway: Any = field(repr=False)
    export_files: Callable[[], ExportFiles] = field(repr=False)


def find_deployed(stage: Stage) -> Deployed:
    """Find the stack of a stage with your AWS credentials.

    Raises:
        NoCredentialsError, WrongAccountError: See `open_session`.
        botocore.exceptions.ClientError: There is no such stack.
    """
    return _describe(stage.name, open_session(stage))


def on_this_machine(aws_url: str, region: str) -> Deployed:
    """Find the stack that scripts/serve has made in the AWS stand-in at this address."""
    return _describe(LAPTOP, boto3.Session("sandbox", "sandbox", region_name=region), aws_url)


def _describe(stage: str, session: boto3.Session, endpoint: str | None = None) -> Deployed:
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    [stack] = cloudformation.describe_stacks(StackName=stack_name(stage))["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    dynamodb = session.client(
        "dynamodb",
        endpoint_url=endpoint,
        config=Config(read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5}),
    )
    return Deployed(
        stage=stage,
        address=outputs.get("Address", ""),
        table=DurableTable(outputs["DurableTableName"], dynamodb),
        usage_plans={
            name.removesuffix(_SUFFIX).lower(): value for name, value in outputs.items() if name.endswith(_SUFFIX)
        },
        apigateway=session.client("apigateway", endpoint_url=endpoint),
        export_files=lambda: ExportFiles(outputs["ExportBucketName"], session.client("s3", endpoint_url=endpoint)),
    )
