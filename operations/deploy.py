"""scripts/deploy: build, synthesize, show what changes, ask, deploy, test."""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from distribution.freshness import NotBuiltError, check_built
from infra.settings import SettingsError
from operations import smoke
from operations.deployed import find_deployed
from operations.stages import ROOT, NoCredentialsError, Stage, WrongAccountError, find_stage, open_session

_BIN = Path(sys.executable).parent


class NotDeployableError(Exception):
    """The stage cannot be deployed."""


class StepFailedError(Exception):
    """A step of the deployment failed. Its command has said why."""


def main() -> None:
    arguments = _parser().parse_args()
    try:
        _run(arguments)
    except (SettingsError, NotDeployableError, NoCredentialsError, WrongAccountError) as error:
        sys.exit(str(error))
    except StepFailedError as error:
        sys.exit(f"{error} failed: see above. Nothing after it was done.")
    except smoke.CheckFailedError as error:
        sys.exit(f"Deployed, but the smoke test failed: {error}. To go back: scripts/rollback {arguments.stage} TAG")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS: {error}")


def _run(arguments: argparse.Namespace) -> None:
    stage = find_stage(arguments.stage)
    if stage.is_laptop:
        raise NotDeployableError(f"The stage {stage.name} is for scripts/serve and cannot be deployed")
    session = _open_session(stage, required=not arguments.dry_run)
    print(f"Stage {stage.name}: stack {stage.stack_name} in the account {stage.account}, region {stage.region}")
    _install_cdk()
    if arguments.bootstrap:
        _cdk("bootstrap", f"aws://{stage.account}/{stage.region}")
        return
    _build_if_stale()
    output = _synthesize(stage)
    if session is None:
        _print_resources(output, stage)
        print("There are no AWS credentials: what is deployed now is not known, so no difference can be shown.")
    else:
        _cdk("diff", "--app", str(output), stage.stack_name)
    if arguments.dry_run:
        print("A dry run: nothing was deployed.")
    elif arguments.yes or _is_confirmed(stage):
        _cdk("deploy", "--app", str(output), "--require-approval", "never", stage.stack_name)
        deployed = find_deployed(stage)
        smoke.run(deployed, has_firewall=stage.settings.requests_per_address is not None)
        print(deployed.address)
    else:
        print("Nothing was deployed.")


def _open_session(stage: Stage, *, required: bool) -> boto3.Session | None:
    try:
        return open_session(stage)
    except NoCredentialsError:
        if required:
            raise
        return None


def _install_cdk() -> None:
    """Install the CDK's command that package-lock.json names, unless it is there."""
    installed, lock = ROOT / "node_modules" / ".package-lock.json", ROOT / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _step("npm ci", [str(_BIN / "npm"), "ci", "--ignore-scripts", "--silent"])
        installed.touch()


def _build_if_stale() -> None:
    try:
        check_built(ROOT / "dist")
    except NotBuiltError:
        _step("scripts/build", [sys.executable, "-m", "distribution.build"])


def _synthesize(stage: Stage) -> Path:
    output = ROOT / "cdk.out" / stage.name
    _cdk("synth", "--context", f"stage={stage.name}", "--output", str(output), "--quiet")
    return output


def _print_resources(output: Path, stage: Stage) -> None:
    template = json.loads((output / f"{stage.stack_name}.template.json").read_text())
    counts = Counter(resource["Type"] for resource in template["Resources"].values())
    print(f"Synthesized {counts.total()} resources:")
    for resource_type, count in sorted(counts.items()):
        print(f"  {count:3}  {resource_type}")


def _is_confirmed(stage: Stage) -> bool:
    return input(f"Deploy {stage.stack_name} to the account {stage.account}, region {stage.region}? [y/N] ") == "y"


def _cdk(command: str, *arguments: str) -> None:
    quiet = ("--no-notices", "--version-reporting", "false")
    cdk = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    _step(f"cdk {command}", [str(_BIN / "node"), str(cdk), command, *arguments, *quiet])


def _step(name: str, command: list[str]) -> None:
    print(f"\n{name}", flush=True)
    environment = os.environ | {
        "PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:  # noqa: S603 - our own commands
        raise StepFailedError(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/deploy", description="Deploy a stage: build, synthesize, show what changes, ask, deploy, test."
    )
    parser.add_argument("stage", metavar="STAGE", help="a stage of cdk.json")
    parser.add_argument(
        "--dry-run", action="store_true", help="do everything but deploy; works without AWS credentials"
    )
    parser.add_argument("--bootstrap", action="store_true", help="prepare the account and region, once")
    parser.add_argument("--yes", action="store_true", help="do not ask, as in a pipeline")
    return parser


if __name__ == "__main__":
    main()
