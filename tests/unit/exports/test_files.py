"""Test that any number of an export's files are found and removed."""

from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from contact_search.exports.errors import FilesUnavailableError
from contact_search.exports.files import ExportFiles, folder
from tests.unit.exports.conftest import job


@pytest.fixture
def s3(dynamodb: Any) -> Any:  # noqa: ARG001 - moto is there
    client = boto3.client("s3", "eu-west-2")
    client.create_bucket(Bucket="unit-exports", CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    yield client
    for found in client.list_objects_v2(Bucket="unit-exports").get("Contents", ()):
        client.delete_object(Bucket="unit-exports", Key=found["Key"])
    client.delete_bucket(Bucket="unit-exports")


def test_all_files_of_an_export_are_removed_and_no_others(s3: Any) -> None:
    export, other = job(), job()
    files = ExportFiles("unit-exports", s3)
    for number in range(1_050):  # by moto's backend: as many requests would take seconds
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object("unit-exports", f"{folder('acme', export.id)}{number}", b"")
    assert s3.list_objects_v2(Bucket="unit-exports")["IsTruncated"]
    kept = [f"{folder('acme', export.id)}7", f"{folder('acme', other.id)}1", f"{folder('other', export.id)}1"]
    for key in kept:
        s3.put_object(Bucket="unit-exports", Key=key, Body=b"")
    files.remove(export, keep=kept[:1])
    assert sorted(found["Key"] for found in s3.list_objects_v2(Bucket="unit-exports")["Contents"]) == sorted(kept)
    files.remove(job())
    files.remove_keys([])
    files.remove_all("acme", export.id)
    assert len(s3.list_objects_v2(Bucket="unit-exports")["Contents"]) == 2


def test_a_file_that_cannot_be_removed_is_an_error() -> None:
    client = Mock(delete_objects=Mock(return_value={"Errors": [{"Key": "k", "Code": "AccessDenied"}]}))
    with pytest.raises(FilesUnavailableError, match="AccessDenied"):
        ExportFiles("bucket", client).remove_keys(["k"])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ClientError({"Error": {"Code": "NoSuchBucket", "Message": ""}}, "PutObject"), "NoSuchBucket"),
        (EndpointConnectionError(endpoint_url="https://s3"), "EndpointConnectionError"),
    ],
)
def test_all_failures_become_the_same_error(error: Exception, code: str) -> None:
    files = ExportFiles("bucket", Mock(put_object=Mock(side_effect=error)))
    with pytest.raises(FilesUnavailableError, match=code):
        files.write("key", b"", b"")


def test_a_folder_does_not_show_the_client() -> None:
    assert folder("acme", "1") != folder("acme2", "1")
    assert "acme" not in folder("acme", "1")
    assert folder("acme", "1").startswith("exports/")
