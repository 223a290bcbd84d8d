"""cdk-nag's rules over the stack, and the reasons why some of its findings stand.

A finding that is not acknowledged here ends the synthesis.
"""

from collections.abc import Iterator, Mapping

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.settings import Settings

_SERVICE_ROLES = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role"
_OLDER_RUNTIME = "Wheels, byte code and tests are made for python3.13, which AWS supports until 2029."

# By the name of the finding.
REASONS = {
    "AwsSolutions-APIG2": (
        "The function validates requests and names every fault in a problem+json. API Gateway's validators cannot,"
        " and they would answer before the function."
    ),
    "AwsSolutions-APIG4": (
        "Every search has the Lambda authorizer. Health, the OpenAPI document and its page hold no data. OPTIONS and"
        " ANY answer preflight requests, which carry no credentials, and 405; and the function refuses a search that"
        " came around the authorizer."
    ),
    "AwsSolutions-APIG6": (
        "Execution logs hold query strings and headers, and so search text and credentials. The access log has one"
        " line for each request, without these."
    ),
    "AwsSolutions-COG4": (
        "Clients are programs with API keys, or with tokens of the operator's own issuer: the Lambda authorizer checks"
        " both."
    ),
    "AwsSolutions-DDB3": "The transient table holds what may be lost, for a day: pages, leases, the limiter's state.",
    f"{_SERVICE_ROLES}/AWSCodeDeployRoleForLambdaLimited]": (
        "The policy that CodeDeploy documents for shifting an alias: it can read alarms and change no code."
    ),
    "AwsSolutions-IAM5[Resource::*]": (
        "The actions of X-Ray have no resources, and nor have those by which Step Functions has its log delivered."
    ),
    "AwsSolutions-IAM5[Resource::<ExportBucket4E99310E.Arn>/exports/*]": (
        "The functions write and delete the parts of all exports, and nothing else of the bucket."
    ),
    "AwsSolutions-L1": _OLDER_RUNTIME,
    "AwsSolutions-S1": (
        "An access log of the bucket would hold presigned URLs, which are credentials. Who asked for them is in the"
        " access log of the API."
    ),
    "Serverless-APIGWXrayEnabled": (
        "API Gateway's segments may hold the URL, and so search text. The functions are traced, and the access log"
        " has the latencies."
    ),
    "Serverless-LambdaDLQ": (
        "API Gateway invokes the functions synchronously, so no event of theirs is ever queued; and a heartbeat that"
        " failed is over."
    ),
    "Serverless-LambdaLatestVersion": _OLDER_RUNTIME,
}
_LOGS_ROLE = {
    f"{_SERVICE_ROLES}/AmazonAPIGatewayPushToCloudWatchLogs]": (
        "The policy that API Gateway documents for its access logs: it can write logs and nothing else."
    ),
}
_HEARTBEAT = dict.fromkeys(
    ("Serverless-EventBusDLQ", "Serverless-LambdaAsyncFailureDestination"),
    "NoHeartbeat is the alarm for checks that failed or were not made: nothing needs queueing.",
)
_NO_FIREWALL = {"AwsSolutions-APIG3": "The operator has switched the firewall off: `requests_per_address` is null."}
_EMAIL = {
    "Serverless-SNSRedrivePolicy": (
        "An alarm is of no use later: SNS tries to deliver e-mail for six hours, and CloudWatch shows the alarm's"
        " state and history all the time."
    ),
}


def reasons_for(settings: Settings) -> Mapping[str, str]:
    """Return why findings stand, by finding, of a stack with these settings."""
    return dict(_reasons(settings))


def _reasons(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from REASONS.items()
    yield (
        f"AwsSolutions-IAM5[Resource::{settings.connect_instance_arn}/contact/*]",
        "Attribute search reads contacts of the one instance, whichever they are.",
    )
    yield (
        f"AwsSolutions-IAM5[Resource::{settings.connect_instance_arn}/queue/*]",
        "ListQueues lists all queues of the one instance.",
    )
    if settings.api_gateway_logs_role:
        yield from _LOGS_ROLE.items()
    if settings.requests_per_address is None:
        yield from _NO_FIREWALL.items()
    if settings.watches_heartbeat:
        yield from _HEARTBEAT.items()
    if settings.alarm_email:
        yield from _EMAIL.items()


def add_checks(app: cdk.App, stack: cdk.Stack, settings: Settings) -> None:
    """Add cdk-nag's packs to the app, and the reasons to the stack."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    acknowledgments = [cdk.Acknowledgment(id=name, reason=why) for name, why in reasons_for(settings).items()]
    cdk.Validations.of(stack).acknowledge(*acknowledgments)
