"""The stack that an operator works on: its table of clients and its usage plans, found by the stack's outputs."""

from dataclasses import dataclass, field
from typing import Any

import boto3

from storage.durable import DurableTable


@dataclass(frozen=True)
class Deployed:
    """`usage_plans` are ids by name; `apigateway` is a boto3 client."""

    table: DurableTable
    usage_plans: dict[str, str]
    apigateway: Any = field(repr=False)


def deployed(stack: str, **where: str) -> Deployed:
    """The stack of this name; raises botocore's ClientError if there is none.

    `where` are endpoint, region and credentials, if they are others than the environment's, as boto3 has them.
    """
    [found] = boto3.client("cloudformation", **where).describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    suffix = "UsagePlanId"
    plans = {name.removesuffix(suffix).lower(): value for name, value in outputs.items() if name.endswith(suffix)}
    table = DurableTable(outputs["DurableTableName"], boto3.client("dynamodb", **where))
    return Deployed(table, plans, boto3.client("apigateway", **where))


def on_this_machine(url: str, region: str) -> Deployed:
    """The stack that scripts/serve has made in the AWS stand-in at this address."""
    credentials = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    return deployed("ContactSearch", endpoint_url=url, region_name=region, **credentials)
