"""What `cdk deploy` would do: makes the template's resources in the AWS stand-in, and hands the functions theirs."""

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
    """The functions, ready to run against the stand-in, but for Connect itself where a real instance is given.

    `settings` are variables of the functions that are other ones here than in the template.
    """
    region = instance_arn.split(":")[3]
    role = _role(aws_url, region)
    made = {"AWS::Partition": "aws", "AWS::Region": region, "AWS::AccountId": role.split(":")[4]}
    made |= _keys(template, aws_url, region) | _tables(template, aws_url, region)
    made |= _buckets(template, aws_url, region) | _usage_plans(template, aws_url, region)
    made |= _aliases(template, region, made["AWS::AccountId"])

    def resolve(value: Any) -> str:
        """The value of what refers to resources made here, or joins such; empty for any other."""
        if isinstance(value, str):
            return value
        [(function, of)] = value.items()
        if function == "Fn::Join":
            return str(of[0]).join(map(resolve, of[1]))
        name = of if function == "Ref" else of[0]
        return made.get(name, "") if isinstance(name, str) else ""

    made |= _state_machines(template, resolve, role, aws_url, region)
    _stack(template.outputs(resolve), aws_url, region)
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
    _functions(functions, role, aws_url, region)
    return functions


def function_of(functions: list[Function], module: str) -> Function:
    """The one whose handler is in this module."""
    [found] = [function for function in functions if function.handler.startswith(f"{module}.")]
    return found


def _keys(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Makes the template's KMS keys; returns their ARNs by logical id."""
    kms = client_of("kms", aws_url, region)
    keys = template.of_type("AWS::KMS::Key")
    return {
        name: kms.create_key(
            KeySpec=key.get("KeySpec", "SYMMETRIC_DEFAULT"), KeyUsage=key.get("KeyUsage", "ENCRYPT_DECRYPT")
        )["KeyMetadata"]["Arn"]
        for name, key in keys.items()
    }


def _tables(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Makes the template's DynamoDB tables; returns their names by logical id."""
    dynamodb = client_of("dynamodb", aws_url, region)
    tables = template.of_type("AWS::DynamoDB::Table")
    for name, table in tables.items():
        dynamodb.create_table(
            TableName=name,
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
            BillingMode=table["BillingMode"],
        )
    return {name: name for name in tables}


def _buckets(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Makes the template's buckets; returns their names by logical id."""
    s3 = client_of("s3", aws_url, region)
    made = {name: f"{name.lower()}-{region}" for name in template.of_type("AWS::S3::Bucket")}
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    for bucket in made.values():
        s3.create_bucket(Bucket=bucket, **elsewhere)
    return made


def _role(aws_url: str, region: str) -> str:
    """Makes the one role that all have here, as nothing asks it for rights; returns its ARN."""
    iam = client_of("iam", aws_url, region)
    return str(iam.create_role(RoleName=f"sandbox-{region}", AssumeRolePolicyDocument="{}")["Role"]["Arn"])


def _aliases(template: Template, region: str, account: str) -> dict[str, str]:
    """The ARNs that the aliases of functions will have, by logical id."""
    return {
        name: f"arn:aws:lambda:{region}:{account}:function:{alias['FunctionName']['Ref']}:{alias['Name']}"
        for name, alias in template.of_type("AWS::Lambda::Alias").items()
    }


def _state_machines(
    template: Template, resolve: Callable[[Any], str], role: str, aws_url: str, region: str
) -> dict[str, str]:
    """Makes the template's state machines; returns their ARNs by logical id."""
    states = client_of("stepfunctions", aws_url, region)
    return {
        name: states.create_state_machine(
            name=machine["StateMachineName"], definition=resolve(machine["DefinitionString"]), roleArn=role
        )["stateMachineArn"]
        for name, machine in template.of_type("AWS::StepFunctions::StateMachine").items()
    }


def _functions(functions: list[Function], role: str, aws_url: str, region: str) -> None:
    """Makes the functions, with their aliases, for whoever invokes them by Lambda's own interface."""
    lambda_ = client_of("lambda", aws_url, region)
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


def _usage_plans(template: Template, aws_url: str, region: str) -> dict[str, str]:
    """Makes the template's usage plans; returns their ids by logical id."""
    apigateway = client_of("apigateway", aws_url, region)
    made = {}
    for name, plan in template.of_type("AWS::ApiGateway::UsagePlan").items():
        throttle = plan.get("Throttle")
        limits = {"rateLimit": throttle["RateLimit"], "burstLimit": throttle["BurstLimit"]} if throttle else {}
        made[name] = apigateway.create_usage_plan(name=plan["UsagePlanName"], throttle=limits)["id"]
    return made


def _stack(outputs: dict[str, str], aws_url: str, region: str) -> None:
    """The stack as scripts/clients looks it up: by its outputs."""
    template = {
        "Resources": {"Any": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    client_of("cloudformation", aws_url, region).create_stack(
        StackName=stack_name(LAPTOP), TemplateBody=json.dumps(template)
    )


def client_of(service: str, aws_url: str, region: str) -> Any:
    """A boto3 client of the stand-in."""
    return boto3.client(
        service,
        endpoint_url=aws_url,
        region_name=region,
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - the stand-in ignores credentials
    )
