"""The template against moto's CloudFormation, as far as that goes."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sandbox.gateway.template import OUTPUT, synthesized

REGION = "us-east-2"  # where no other test has anything
BUCKET = "assets"
# moto has not got the others, or makes them in an order in which they cannot be made.
KEPT = {
    *("AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi", "AWS::DynamoDB::Table", "AWS::IAM::Policy"),
    *("AWS::IAM::Role", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Logs::LogGroup"),
    *("AWS::CloudWatch::Dashboard", "AWS::SNS::Topic"),
}


def references(value: Any) -> Iterator[str]:
    """The resources that a value refers to."""
    if isinstance(value, dict):
        yield from ([value["Ref"]] if "Ref" in value else [])
        yield from ([value["Fn::GetAtt"][0]] if "Fn::GetAtt" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


@pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")
def test_what_moto_can_make_of_the_template_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    mock = mock_aws(config={"lambda": {"use_docker": False}})
    mock.start(reset=False)  # the stand-in of other tests is in this process too
    try:
        _put_assets(kept)
        cloudformation = boto3.client("cloudformation")
        template = json.dumps({"Resources": kept})
        cloudformation.create_stack(StackName="x", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
        made = cloudformation.list_stack_resources(StackName="x")["StackResourceSummaries"]
        assert {one["ResourceType"] for one in made} == KEPT
        assert {one["ResourceStatus"] for one in made} == {"CREATE_COMPLETE"}
        tables = boto3.client("dynamodb").list_tables()["TableNames"]
    finally:
        mock.stop()
    assert len(tables) == 2


def _put_assets(resources: dict[str, Any]) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("module.py", "")
    for one in resources.values():
        if "Code" in one["Properties"]:
            code = one["Properties"]["Code"] = {"S3Bucket": BUCKET, "S3Key": one["Properties"]["Code"]["S3Key"]}
            s3.put_object(Bucket=BUCKET, Key=code["S3Key"], Body=archive.getvalue())
