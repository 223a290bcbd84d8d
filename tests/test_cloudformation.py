"""The template against moto's CloudFormation, as far as that goes."""

import io
import json
import os
import subprocess
import sys
import zipfile
from typing import Any

import boto3
from moto import mock_aws

from sandbox.gateway.template import OUTPUT, ROOT, references, synthesized

REGION = "eu-west-2"
BUCKET = "assets"
# moto has not got the others, or makes them in an order in which they cannot be made.
KEPT = {
    *("AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi", "AWS::DynamoDB::Table", "AWS::IAM::Policy"),
    *("AWS::IAM::Role", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Logs::LogGroup"),
    *("AWS::CloudWatch::Dashboard", "AWS::SNS::Topic"),
}


def deployable() -> dict[str, Any]:
    """The resources of these types that refer to no other ones."""
    synthesized()
    [path] = OUTPUT.glob("*.template.json")
    all_ = json.loads(path.read_text())["Resources"]
    kept = {name: one for name, one in all_.items() if one["Type"] in KEPT}
    while gone := {
        name for name in kept if any(other in all_ and other not in kept for other in references(kept[name]))
    }:
        kept = {name: one for name, one in kept.items() if name not in gone}
    for one in kept.values():
        one["Properties"].pop("Tags", None)  # moto cannot tag keys so
    return kept


def test_what_moto_can_make_of_the_template_can_be_made() -> None:
    # In a process of its own: moto's mock would get in the way of the stand-in.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "tests.test_cloudformation"]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert {kind for kind, _ in made} == KEPT
    assert {status for _, status in made} == {"CREATE_COMPLETE"}


@mock_aws(config={"lambda": {"use_docker": False}})
def main() -> None:
    """Deploys, and prints type and status of each resource."""
    resources = deployable()
    _put_assets(resources)
    cloudformation = boto3.client("cloudformation", REGION)
    template = json.dumps({"Resources": resources})
    cloudformation.create_stack(StackName="x", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    made = cloudformation.list_stack_resources(StackName="x")["StackResourceSummaries"]
    print(json.dumps([[one["ResourceType"], one["ResourceStatus"]] for one in made]))


def _put_assets(resources: dict[str, Any]) -> None:
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("module.py", "")
    for one in resources.values():
        if "Code" in one["Properties"]:
            code = one["Properties"]["Code"] = {"S3Bucket": BUCKET, "S3Key": one["Properties"]["Code"]["S3Key"]}
            s3.put_object(Bucket=BUCKET, Key=code["S3Key"], Body=archive.getvalue())


if __name__ == "__main__":
    main()
