"""How a new version of the search function takes over: a part of the requests first, and back on an alarm."""

from typing import ClassVar

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.settings import Settings


class Rollout(codedeploy.LambdaDeploymentGroup):
    """Of the function's alias."""

    _CONFIGS: ClassVar = {
        "all_at_once": codedeploy.LambdaDeploymentConfig.ALL_AT_ONCE,
        "canary": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
        "linear": codedeploy.LambdaDeploymentConfig.LINEAR_10_PERCENT_EVERY_1_MINUTE,
    }

    def __init__(
        self, scope: Construct, name: str, *, alias: lambda_.Alias, alarms: list[cloudwatch.Alarm], settings: Settings
    ) -> None:
        super().__init__(
            scope,
            name,
            alias=alias,
            alarms=list(alarms),
            deployment_config=self._CONFIGS[settings.rollout],
            role=iam.Role(scope, f"{name}Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com")),
        )
