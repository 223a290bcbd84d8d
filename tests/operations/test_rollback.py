"""scripts/rollback in a repository of its own. The CDK's command alone is a fake, which records how it is called."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.settings import LAPTOP, stack_name
from sandbox.aws_server import ACCOUNT, REGION
from tests.operations.api_calls import Calls, allows, read_policy
from tests.operations.conftest import Served

ROOT = Path(__file__).parent.parent.parent
STAGE = "production"
INSTANCE = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/11111111-2222-3333-4444-555555555555"
LATER_INSTANCE = INSTANCE.replace("11111111", "99999999")
COPIED = (
    "distribution",
    "infra",
    "lambdas",
    "operations",
    "requirements",
    "scripts",
    "cdk.json",
    ".gitignore",
    ".npmrc",
)
# Records its arguments and the settings of the folder that it runs in, and synthesizes a template of one resource.
FAKE_CDK = """
const fs = require("node:fs");
const args = process.argv.slice(2);
const { stages } = JSON.parse(fs.readFileSync("cdk.json")).context;
const instance = stages["production"].connect_instance_arn;
fs.appendFileSync(process.env.CDK_CALLS, JSON.stringify({ args, instance, folder: process.cwd() }) + "\\n");
if (args[0] === "synth") {
  const output = args[args.indexOf("--output") + 1];
  const template = { Resources: { Api: { Type: "AWS::ApiGateway::RestApi" } } };
  fs.mkdirSync(output, { recursive: true });
  fs.writeFileSync(`${output}/ContactSearch-production.template.json`, JSON.stringify(template));
}
"""
_BUILD = """
from pathlib import Path
from distribution.freshness import digest_of_sources, write_stamp
dist = Path("dist")
dist.mkdir()
for name in ("search.zip", "authorizer.zip"):
    (dist / name).write_bytes(b"")
write_stamp(dist, digest_of_sources())
"""


class Repository:
    """A repository with the sources of this one and a tag. Its builds and its environment are in the history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._calls = folder.parent / "cdk-calls"
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder.mkdir(exist_ok=True)
                shutil.copy(source, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        self._add_fake_cdk()
        self._run(sys.executable, "-c", _BUILD)
        self._run("git", "init", "--quiet")
        self._set_instance(INSTANCE)
        self._run("git", "tag", "v1")
        self._set_instance(LATER_INSTANCE)

    def roll_back(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PORT", "HOST"))}
        return subprocess.run(  # noqa: S603
            [self.folder / "scripts" / "rollback", *arguments],
            env=bare | {"CDK_CALLS": str(self._calls), "TMPDIR": str(self.folder.parent)} | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def forget_calls(self) -> None:
        self._calls.unlink(missing_ok=True)

    def cdk_calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._calls.read_text().splitlines()]

    def worktrees(self) -> list[str]:
        """Return the folders that Git knows of, and the temporary ones that are left."""
        return [*self._run("git", "worktree", "list").splitlines(), *map(str, self.folder.parent.glob("tmp.*"))]

    def _add_fake_cdk(self) -> None:
        command = self.folder / "fake-cdk" / "bin" / "cdk"
        command.parent.mkdir(parents=True)
        command.write_text(FAKE_CDK)
        (self.folder / "fake-cdk" / "package.json").write_text('{"name": "aws-cdk", "version": "0.0.0"}')
        dependencies = {"devDependencies": {"aws-cdk": "file:fake-cdk"}}
        packages = {
            "": dependencies,
            "fake-cdk": {"name": "aws-cdk", "version": "0.0.0", "dev": True},
            "node_modules/aws-cdk": {"resolved": "fake-cdk", "link": True},
        }
        lock = {"lockfileVersion": 3, "requires": True, "packages": packages}
        (self.folder / "package.json").write_text(json.dumps({"private": True} | dependencies))
        (self.folder / "package-lock.json").write_text(json.dumps(lock))

    def _set_instance(self, arn: str) -> None:
        path = self.folder / "cdk.json"
        settings = json.loads(path.read_text())
        settings["context"]["stages"][STAGE]["connect_instance_arn"] = arn
        path.write_text(json.dumps(settings))
        self._run("git", "add", "--force", ".")
        self._run("git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", arn)

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)  # noqa: S603
        return done.stdout


@pytest.fixture(scope="module")
def module_repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("rollback") / "repository")


@pytest.fixture
def repository(module_repository: Repository) -> Repository:
    module_repository.forget_calls()
    return module_repository


def test_a_dry_run_synthesizes_the_tag_with_its_settings(repository: Repository) -> None:
    done = repository.roll_back(STAGE, "v1", "--dry-run", AWS_EC2_METADATA_DISABLED="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "There are no AWS credentials" in done.stdout
    assert "1  AWS::ApiGateway::RestApi" in done.stdout
    assert done.stdout.endswith("A dry run: nothing was deployed.\n")
    [call] = repository.cdk_calls()
    assert call["args"][:3] == ["synth", "--context", f"stage={STAGE}"]
    assert call["instance"] == INSTANCE
    assert call["folder"] != str(repository.folder)
    assert len(repository.worktrees()) == 1


def test_it_deploys_the_tag_and_tests_it(repository: Repository, served: Served, calls: Calls) -> None:
    aws_url = f"http://127.0.0.1:{served.environment['AWS_PORT']}"
    deploy_stack(aws_url, served.address)
    credentials = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_ENDPOINT_URL": aws_url}
    done = repository.roll_back(STAGE, "v1", "--yes", **credentials, **calls.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [call["args"][0] for call in repository.cdk_calls()] == ["synth", "diff", "deploy"]
    assert {call["instance"] for call in repository.cdk_calls()} == {INSTANCE}
    deployed = repository.cdk_calls()[-1]["args"]
    assert deployed[1:3] == ["--app", f"{repository.cdk_calls()[-1]['folder']}/cdk.out/{STAGE}"]
    assert stack_name(STAGE) in deployed
    assert "ok      search" in done.stdout
    assert done.stdout.endswith(f"{served.address}\n")
    assert len(repository.worktrees()) == 1
    # Beside what the CDK does with its own roles, the smoke test adds clients.
    policies = [read_policy("deployer"), read_policy("client_administrator")]
    called = calls.permissions()
    assert called
    assert {permission for permission in called if not allows(policies, permission)} == set()


def deploy_stack(aws_url: str, address: str) -> None:
    """Make a stack in the stand-in with the outputs of the laptop's, and with this address."""
    cloudformation = boto3.Session("any", "any", region_name=REGION).client("cloudformation", endpoint_url=aws_url)
    [laptop] = cloudformation.describe_stacks(StackName=stack_name(LAPTOP))["Stacks"]
    outputs = {output["OutputKey"]: {"Value": output["OutputValue"]} for output in laptop["Outputs"]}
    template = {"Resources": {"Any": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs | {"Address": {"Value": address}}}
    cloudformation.create_stack(StackName=stack_name(STAGE), TemplateBody=json.dumps(template))
