"""How new versions take over: a part of the requests first, and back to the old version on an alarm."""

from collections.abc import Sequence
from typing import Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

_CONFIGS = {
    "all_at_once": codedeploy.LambdaDeploymentConfig.ALL_AT_ONCE,
    "canary": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
    "linear": codedeploy.LambdaDeploymentConfig.LINEAR_10_PERCENT_EVERY_1_MINUTE,
}


class Rollout(codedeploy.LambdaDeploymentGroup):
    """Shift the requests of a function's alias to its new version."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: lambda_.Alias,
        alarms: Sequence[cloudwatch.Alarm],
        pace: Literal["all_at_once", "canary", "linear"],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            alias=alias,
            alarms=list(alarms),
            deployment_config=_CONFIGS[pace],
            role=iam.Role(scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com")),
        )
