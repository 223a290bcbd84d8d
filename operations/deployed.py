"""The stack that an operator works on: its table of clients and its usage plans, found by the stack's outputs."""

from dataclasses import dataclass, field
from typing import Any

import boto3

from aws.credentials import Credentials
from aws.service import Place, Service
from storage.durable import DurableTable


@dataclass(frozen=True)
class Deployed:
    """`usage_plans` are ids by name; `apigateway` is a boto3 client."""

    table: DurableTable
    usage_plans: dict[str, str]
    apigateway: Any = field(repr=False)


def deployed(stack: str, session: boto3.Session, endpoint: str | None = None) -> Deployed:
    """The stack of this name, in the account and region of the session; raises botocore's ClientError if there is none.

    `endpoint` is that of all AWS services, if they are not where boto3 looks for them.
    """
    [found] = session.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
    suffix = "UsagePlanId"
    plans = {name.removesuffix(suffix).lower(): value for name, value in outputs.items() if name.endswith(suffix)}
    dynamodb = Service(
        "dynamodb",
        read_timeout=20,
        attempts=5,
        place=Place(
            session.region_name,
            session.client("dynamodb", endpoint_url=endpoint).meta.endpoint_url,
            lambda: Credentials(*session.get_credentials().get_frozen_credentials()[:3]),
        ),
    )
    apigateway = session.client("apigateway", endpoint_url=endpoint)
    return Deployed(DurableTable(outputs["DurableTableName"], dynamodb), plans, apigateway)


def on_this_machine(url: str, region: str) -> Deployed:
    """The stack that scripts/serve has made in the AWS stand-in at this address."""
    return deployed("ContactSearch", boto3.Session("sandbox", "sandbox", region_name=region), url)
