"""Deploy the template to moto's CloudFormation, as far as that goes."""

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
# moto lacks the other types, or makes them in an order that cannot work.
KEPT = {
    *("AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi", "AWS::DynamoDB::Table", "AWS::IAM::Policy"),
    *("AWS::IAM::Role", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Logs::LogGroup"),
    *("AWS::CloudWatch::Dashboard", "AWS::S3::Bucket", "AWS::SNS::Topic"),
    "AWS::StepFunctions::StateMachine",
}


def deployable() -> dict[str, Any]:
    """Return the resources of these types that refer to no others."""
    synthesized()
    [path] = OUTPUT.glob("*.template.json")
    resources = _without_aliases(json.loads(path.read_text())["Resources"])
    kept = {name: resource for name, resource in resources.items() if resource["Type"] in KEPT}
    while gone := {
        name for name in kept if any(other in resources and other not in kept for other in references(kept[name]))
    }:
        kept = {name: resource for name, resource in kept.items() if name not in gone}
    for resource in kept.values():
        resource["Properties"].pop("Tags", None)  # moto cannot tag keys so
    return kept


def _without_aliases(resources: dict[str, Any]) -> dict[str, Any]:
    """Name aliases by their ARNs, as moto does not know what a reference to one is."""
    text = json.dumps(resources)
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Alias":
            arn = f"arn:aws:lambda:{REGION}:111122223333:function:f:{resource['Properties']['Name']}"
            text = text.replace(json.dumps({"Ref": name}), json.dumps(arn))
    replaced: dict[str, Any] = json.loads(text)
    return replaced


def test_moto_deploys_the_resources_it_knows() -> None:
    # In a process of its own: moto's mock would get in the way of the stand-in.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "tests.infra.test_cloudformation"]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert {kind for kind, _ in made} == KEPT
    assert {status for _, status in made} == {"CREATE_COMPLETE"}


@mock_aws(config={"lambda": {"use_docker": False}})
def main() -> None:
    """Deploy, and print the type and status of each resource."""
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
    for resource in resources.values():
        if "Code" in resource["Properties"]:
            key = resource["Properties"]["Code"]["S3Key"]
            resource["Properties"]["Code"] = {"S3Bucket": BUCKET, "S3Key": key}
            s3.put_object(Bucket=BUCKET, Key=key, Body=archive.getvalue())


if __name__ == "__main__":
    main()
