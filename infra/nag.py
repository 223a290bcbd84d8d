"""cdk-nag's rules over the stack, and why some of its findings stand.

An error that is not acknowledged here ends the synthesis.
"""

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

_SERVICE_ROLES = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role"
_OLDER_RUNTIME = "Wheels, byte code and tests are made for python3.13, which AWS supports until 2029."
_ACKNOWLEDGED = {
    "AwsSolutions-APIG2": (
        "The function validates requests and names every fault in a problem+json. API Gateway's validators cannot,"
        " and they would answer before it."
    ),
    "AwsSolutions-APIG4": (
        "Every search has the Lambda authorizer. Health, the OpenAPI document and its page hold no data. ANY answers"
        " preflight requests, which carry no credentials, and 405; and the function refuses a search that came around"
        " the authorizer."
    ),
    "AwsSolutions-APIG6": (
        "Execution logs hold query strings and headers, and so search text and credentials. The access log says of"
        " each request what may be said."
    ),
    "AwsSolutions-COG4": (
        "Clients are programs with API keys, or with tokens of the operator's own issuer: the Lambda authorizer checks"
        " both."
    ),
    "AwsSolutions-DDB3": "The transient table holds what may be lost, for a day: pages, leases, the limiter's state.",
    f"{_SERVICE_ROLES}/AmazonAPIGatewayPushToCloudWatchLogs]": (
        "The policy that API Gateway documents for its access logs: it can write logs and nothing else."
    ),
    f"{_SERVICE_ROLES}/AWSCodeDeployRoleForLambdaLimited]": (
        "The policy that CodeDeploy documents for shifting an alias: it can read alarms and change no code."
    ),
    "AwsSolutions-IAM5[Resource::*]": "xray:PutTraceSegments and xray:PutTelemetryRecords know no resources.",
    "AwsSolutions-L1": _OLDER_RUNTIME,
    "Serverless-APIGWXrayEnabled": (
        "API Gateway's segments may hold the URL, and so search text. The functions are traced, and the access log"
        " has the latencies."
    ),
    "Serverless-LambdaDLQ": "API Gateway invokes the functions synchronously: no event of theirs is ever queued.",
    "Serverless-LambdaLatestVersion": _OLDER_RUNTIME,
}


def check(app: cdk.App, stack: cdk.Stack, connect_instance_arn: str) -> None:
    """Adds the packs to the app, and the acknowledgements to the stack."""
    contacts = f"AwsSolutions-IAM5[Resource::{connect_instance_arn}/contact/*]"
    reasons = _ACKNOWLEDGED | {contacts: "Attribute search reads contacts of the one instance, whichever they are."}
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    cdk.Validations.of(stack).acknowledge(*(cdk.Acknowledgment(id=name, reason=why) for name, why in reasons.items()))
