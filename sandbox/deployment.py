"""Deploy the template as `cdk deploy` would: create its resources in the AWS stand-in and configure its functions."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3

from infra.settings import LAPTOP, stack_name
from sandbox.gateway.template import Function, Template


def deploy(
    template: Template, aws_url: str, instance_arn: str, real_instance: str | None, settings: dict[str, str]
) -> list[Function]:
    """Create the template's resources. Return the functions, configured for the stand-in.

    Args:
        template: The synthesized template.
        aws_url: Address of the AWS stand-in.
        instance_arn: The instance of Amazon Connect that the functions search.
        real_instance: Not None if that is a real instance: then Amazon Connect is called at its real endpoint.
        settings: Variables of the functions that override the template's.
    """
    region = instance_arn.split(":")[3]
    role = _create_role(aws_url, region)
    values = {"AWS::Partition": "aws", "AWS::Region": region, "AWS::AccountId": role.split(":")[4]}
    values |= _create_keys(template, aws_url, region) | _create_tables(template, aws_url, region)
    values |= _create_buckets(template, aws_url, region) | _create_usage_plans(template, aws_url, region)
    values |= _alias_arns(template, region, values["AWS::AccountId"])

    def resolve(value: Any) -> str:
        """Return the value of a string, Ref, Fn::GetAtt or Fn::Join, or "" if it refers to other resources."""
        if isinstance(value, str):
            return value
        [(function, argument)] = value.items()
        if function == "Fn::Join":
            return str(argument[0]).join(map(resolve, argument[1]))
        name = argument if function == "Ref" else argument[0]
        return values.get(name, "") if isinstance(name, str) else ""

    values |= _create_state_machines(template, resolve, role, aws_url, region)
    _create_stack(template.outputs(resolve), aws_url, region)
    environment = {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "CONNECT_INSTANCE_ID": instance_arn.rsplit("/", 1)[-1],
    }
    if real_instance:
        environment |= {f"AWS_ENDPOINT_URL_{service}": aws_url for service in ("KMS", "DYNAMODB", "S3", "SFN")}
    else:
        environment |= {
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
        }
    functions = [
        replace(function, environment=function.environment | environment | settings)
        for function in template.functions(resolve).values()
    ]
    _create_functions(functions, role, aws_url, region)
    return functions


def find_function(functions: list[Function], module: str) -> Function:
    """Return the function whose handler is in this module."""
    [match] = [function for function in functions if function.handler.startswith(f"{module}.")]
    return match


def _create_keys(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Create the template's KMS keys. Return their ARNs by logical id."""
    kms = create_client("kms", aws_url, region)
    keys = template.properties("AWS::KMS::Key")
    return {
        name: kms.create_key(
            KeySpec=key.get("KeySpec", "SYMMETRIC_DEFAULT"), KeyUsage=key.get("KeyUsage", "ENCRYPT_DECRYPT")
        )["KeyMetadata"]["Arn"]
        for name, key in keys.items()
    }


def _create_tables(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Create the template's DynamoDB tables. Return their names by logical id."""
    dynamodb = create_client("dynamodb", aws_url, region)
    tables = template.properties("AWS::DynamoDB::Table")
    for name, table in tables.items():
        dynamodb.create_table(
            TableName=name,
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
            BillingMode=table["BillingMode"],
        )
    return {name: name for name in tables}


def _create_buckets(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Create the template's buckets. Return their names by logical id."""
    s3 = create_client("s3", aws_url, region)
    buckets = {name: f"{name.lower()}-{region}" for name in template.properties("AWS::S3::Bucket")}
    location = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    for bucket in buckets.values():
        s3.create_bucket(Bucket=bucket, **location)
    return buckets


def _create_role(aws_url: str, region: str) -> str:
    """Create a role for all functions: the stand-in does not check permissions. Return its ARN."""
    iam = create_client("iam", aws_url, region)
    return str(iam.create_role(RoleName=f"sandbox-{region}", AssumeRolePolicyDocument="{}")["Role"]["Arn"])


def _alias_arns(template: Template, region: str, account: str) -> dict[str, str]:
    """Return the ARNs that the aliases of functions will have, by logical id."""
    return {
        name: f"arn:aws:lambda:{region}:{account}:function:{alias['FunctionName']['Ref']}:{alias['Name']}"
        for name, alias in template.properties("AWS::Lambda::Alias").items()
    }


def _create_state_machines(
    template: Template, resolve: Callable[[Any], str], role: str, aws_url: str, region: str
) -> dict[str, str]:
    """Create the template's state machines. Return their ARNs by logical id."""
    states = create_client("stepfunctions", aws_url, region)
    return {
        name: states.create_state_machine(
            name=machine["StateMachineName"], definition=resolve(machine["DefinitionString"]), roleArn=role
        )["stateMachineArn"]
        for name, machine in template.properties("AWS::StepFunctions::StateMachine").items()
    }


def _create_functions(functions: list[Function], role: str, aws_url: str, region: str) -> None:
    """Create the functions and their aliases, so that Step Functions can invoke them."""
    lambda_ = create_client("lambda", aws_url, region)
    for function in functions:
        lambda_.create_function(
            FunctionName=function.name,
            Runtime="python3.13",
            Handler=function.handler,
            Role=role,
            Code={"ZipFile": b"the code is in lambdas/"},
            Timeout=function.timeout,
            Environment={"Variables": function.environment},
            Publish=True,
        )
        lambda_.create_alias(FunctionName=function.name, Name="live", FunctionVersion="$LATEST")


def _create_usage_plans(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Create the template's usage plans. Return their ids by logical id."""
    apigateway = create_client("apigateway", aws_url, region)
    ids = {}
    for name, plan in template.properties("AWS::ApiGateway::UsagePlan").items():
        throttle = plan.get("Throttle")
        limits = {"rateLimit": throttle["RateLimit"], "burstLimit": throttle["BurstLimit"]} if throttle else {}
        ids[name] = apigateway.create_usage_plan(name=plan["UsagePlanName"], throttle=limits)["id"]
    return ids


def _create_stack(outputs: dict[str, str], aws_url: str, region: str) -> None:
    """Create a stack with the outputs, which scripts/clients reads."""
    template = {
        "Resources": {"Any": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    create_client("cloudformation", aws_url, region).create_stack(
        StackName=stack_name(LAPTOP), TemplateBody=json.dumps(template)
    )


def create_client(service: str, aws_url: str, region: str) -> Any:
    """Create a boto3 client of the stand-in."""
    return boto3.client(
        service,
        endpoint_url=aws_url,
        region_name=region,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - the stand-in ignores credentials
    )
