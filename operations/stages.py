"""The stages of cdk.json, for the commands that work on a deployed stack."""

import json
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.settings import LAPTOP, Settings, find_settings, stack_name

ROOT = Path(__file__).parent.parent


class WrongAccountError(Exception):
    """The credentials are for another account than the stage's."""


class NoCredentialsError(Exception):
    """There are no AWS credentials, or they are refused."""


@dataclass(frozen=True)
class Stage:
    """A stage with its settings."""

    name: str
    settings: Settings

    @property
    def stack_name(self) -> str:
        return stack_name(self.name)

    @property
    def account(self) -> str:
        return self.settings.instance.account

    @property
    def region(self) -> str:
        return self.settings.instance.region

    @property
    def is_laptop(self) -> bool:
        return self.name == LAPTOP


def find_stage(name: str) -> Stage:
    """Find a stage in cdk.json.

    Raises:
        SettingsError: There is no such stage, or its settings are wrong.
    """
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    return Stage(name, find_settings(context, name))


def open_session(stage: Stage) -> boto3.Session:
    """Open a session in the stage's region with your credentials, and check that they are for its account.

    Raises:
        NoCredentialsError: There are none, or AWS refuses them.
        WrongAccountError: They are for another account.
    """
    session = boto3.Session(region_name=stage.region)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        raise NoCredentialsError(f"There are no valid AWS credentials: {error}") from error
    if account != stage.account:
        raise WrongAccountError(
            f"The instance of the stage {stage.name} is in the account {stage.account},"
            f" but your credentials are for {account}: is connect_instance_arn in cdk.json yours?"
        )
    return session
