"""What `cdk deploy` would do: makes the template's resources in the AWS stand-in, and hands the functions theirs."""

from dataclasses import replace
from typing import Any

import boto3

from sandbox.gateway.template import Function, Template


def deploy(
    template: Template, aws_url: str, instance_arn: str, real_instance: str | None, settings: dict[str, str]
) -> list[Function]:
    """The functions, ready to run against the stand-in, but for Connect itself where a real instance is given.

    `settings` are variables of the functions that are other ones here than in the template.
    """
    region = instance_arn.split(":")[3]
    made = _keys(template, aws_url, region) | _tables(template, aws_url, region)

    def resolve(value: dict[str, Any]) -> str:
        [reference] = value.values()
        return made[reference if isinstance(reference, str) else reference[0]]

    environment = {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "CONNECT_INSTANCE_ID": instance_arn.rsplit("/", 1)[-1],
    }
    if real_instance:
        environment |= {"AWS_ENDPOINT_URL_KMS": aws_url, "AWS_ENDPOINT_URL_DYNAMODB": aws_url}
    else:
        environment |= {
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }
    return [
        replace(function, environment=function.environment | environment | settings)
        for function in template.functions(resolve).values()
    ]


def _keys(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Makes the template's KMS keys; returns their ARNs by logical id."""
    kms = _client("kms", aws_url, region)
    keys = template.of_type("AWS::KMS::Key")
    return {
        name: kms.create_key(KeySpec=key["KeySpec"], KeyUsage=key["KeyUsage"])["KeyMetadata"]["Arn"]
        for name, key in keys.items()
    }


def _tables(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Makes the template's DynamoDB tables; returns their names by logical id."""
    dynamodb = _client("dynamodb", aws_url, region)
    tables = template.of_type("AWS::DynamoDB::Table")
    for name, table in tables.items():
        dynamodb.create_table(
            TableName=name,
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
            BillingMode=table["BillingMode"],
        )
    return {name: name for name in tables}


def _client(service: str, aws_url: str, region: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws_url,
        region_name=region,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - the stand-in ignores credentials
    )
