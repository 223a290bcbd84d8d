"""Test that the remaining data of botocore is unchanged, and that clients work with it."""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from distribution.botocore_data import OPERATIONS, ROOTS
from tests.local_server import LocalServer, tls_context

# Calls everything once, in a process that can import from the standard library and one folder only.
_CALLS = """
import sys
sys.path.append(sys.argv[1])
import json
from datetime import datetime, UTC
from botocore.exceptions import BotoCoreError, ClientError
from contact_search import aws_clients as clients
from contact_search.amazon_connect.client import ConnectClient
day = {"Type": "INITIATION_TIMESTAMP", "StartTime": datetime(2026, 11, 20, tzinfo=UTC), "EndTime": datetime.now(UTC)}
table = {"TableName": "t", "Key": {"key": {"S": "k"}}}
results = {}
for name, call in {
    "SearchContacts": lambda: ConnectClient("i", clients.connect_client()).search_contacts({"TimeRange": day}),
    "ListQueues": lambda: list(ConnectClient("i", clients.connect_client()).queue_names()),
    "ListUsers": lambda: list(ConnectClient("i", clients.connect_client()).agent_names()),
    "DescribeContact": lambda: ConnectClient("i", clients.connect_client()).describe_contact("c"),
    "GetContactAttributes": lambda: ConnectClient("i", clients.connect_client()).get_contact_attributes("c"),
    "GetItem": lambda: clients.dynamodb_client(2, 1).get_item(**table),
    "PutItem": lambda: clients.dynamodb_client(2, 1).put_item(TableName="t", Item=table["Key"]),
    "UpdateItem": lambda: clients.dynamodb_client(2, 1).update_item(**table, UpdateExpression="REMOVE a"),
    "DeleteItem": lambda: clients.dynamodb_client(2, 1).delete_item(**table),
    "BatchGetItem": lambda: clients.dynamodb_client(2, 1).batch_get_item(RequestItems={"t": {"Keys": [table["Key"]]}}),
    "TransactWriteItems": lambda: clients.dynamodb_client(2, 1).transact_write_items(TransactItems=[{"Delete": table}]),
    "GenerateMac": lambda: clients.kms_client().generate_mac(KeyId="k", Message=b"m", MacAlgorithm="HMAC_SHA_256"),
    "PutObject": lambda: clients.s3_client(2, 1).put_object(Bucket="bucket", Key="k", Body=b"b"),
    "ListObjectsV2": lambda: clients.s3_client(2, 1).list_objects_v2(Bucket="bucket", Prefix="p"),
    "DeleteObjects": lambda: clients.s3_client(2, 1).delete_objects(
        Bucket="bucket", Delete={"Objects": [{"Key": "k"}], "Quiet": True}
    ),
    "GetObject": lambda: clients.s3_client(2, 1).generate_presigned_url(
        "get_object", Params={"Bucket": "bucket", "Key": "k"}
    ),
    "StartExecution": lambda: clients.step_functions_client().start_execution(
        stateMachineArn="a", name="n", input="{}"
    ),
    "DescribeKey": lambda: clients.kms_client().describe_key(KeyId="k"),
}.items():
    try:
        call()
        results[name] = "answer"
    except (BotoCoreError, ClientError, AttributeError) as error:
        results[name] = type(error).__name__
    except Exception as error:
        results[name] = str(error)
print(json.dumps(results))
"""

# Prints the endpoint of each service.
_ENDPOINTS = """
import sys
sys.path.append(sys.argv[1])
import json
from contact_search import aws_clients as clients
made = clients.connect_client(), clients.dynamodb_client(2, 1), clients.kms_client()
print(json.dumps([client.meta.endpoint_url.removeprefix("https://") for client in made]))
"""
_BUNDLE = """
import sys
sys.path.append(sys.argv[1])
import json
from botocore.httpsession import get_cert_path
print(json.dumps(get_cert_path(True)))
"""


def run(script: str, tree: Path, **variables: str) -> Any:
    """Return the output of the script in a process that can import from this tree only."""
    credentials = {"AWS_REGION": "eu-west-2", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-west-2", **credentials, **variables}
    command = [sys.executable, "-I", "-S", "-c", script, str(tree)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_operation_can_be_called_and_no_other(host: Path) -> None:
    server, s3 = LocalServer(), LocalServer()
    server.body = b'{"Contacts": [], "QueueSummaryList": [], "UserSummaryList": [], "Responses": {}}'
    s3.body = b"<Result/>"
    try:
        results = run(_CALLS, host / "search", AWS_ENDPOINT_URL=server.url, AWS_ENDPOINT_URL_S3=s3.url)
    finally:
        server.close()
        s3.close()
    operations = {name for names in OPERATIONS["search"].values() for name in names}
    assert results == {**dict.fromkeys(operations, "answer"), "DescribeKey": "AttributeError"}
    targets = [headers.get("x-amz-target", line.split()[1]) for line, headers in server.requests]
    assert targets == [
        "/search-contacts",
        "/queues-summary/i?queueTypes=STANDARD&maxResults=1000",
        "/users-summary/i?maxResults=1000",
        "/contacts/i/c",
        "/contact/attributes/i/c",
        *(f"DynamoDB_20120810.{name}" for name in OPERATIONS["search"]["dynamodb"]),
        "TrentService.GenerateMac",
        "AWSStepFunctions.StartExecution",
    ]
    assert [line.split()[:2] for line, _ in s3.requests] == [
        ["PUT", "/bucket/k"],
        ["GET", "/bucket?list-type=2&prefix=p&encoding-type=url"],
        ["POST", "/bucket?delete"],
    ]


def test_certificates_are_checked_against_the_roots_of_aws_or_a_bundle_of_ones_own(host: Path, tmp_path: Path) -> None:
    certificate = tmp_path / "ca.pem"
    server = LocalServer(tls_context(certificate))
    server.body = b'{"Contacts": [], "QueueSummaryList": [], "UserSummaryList": []}'
    try:
        refused = run(_CALLS, host / "search", AWS_ENDPOINT_URL=server.url)
        accepted = run(_CALLS, host / "search", AWS_ENDPOINT_URL=server.url, AWS_CA_BUNDLE=str(certificate))
    finally:
        server.close()
    assert (refused["SearchContacts"], refused["GetItem"]) == ("SSLError", "SSLError")
    assert (accepted["SearchContacts"], accepted["GetItem"]) == ("answer", "answer")


@pytest.mark.parametrize("function", OPERATIONS)
def test_the_bundle_has_the_roots_of_amazon_trust_services(host: Path, function: str) -> None:
    bundle = host / function / "botocore" / "cacert.pem"
    assert run(_BUNDLE, host / function) == str(bundle)  # and not one of certifi
    certificates: list[Any] = ssl.create_default_context(cafile=str(bundle)).get_ca_certs()
    names = {dict(pair for pairs in one["subject"] for pair in pairs)["commonName"] for one in certificates}
    assert names == set(ROOTS)


@pytest.mark.parametrize(
    ("region", "variables", "endpoints"),
    [
        (
            "eu-west-2",
            {},
            ["connect.eu-west-2.amazonaws.com", "dynamodb.eu-west-2.amazonaws.com", "kms.eu-west-2.amazonaws.com"],
        ),
        (
            "us-east-1",
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            [
                "connect-fips.us-east-1.amazonaws.com",
                "dynamodb-fips.us-east-1.amazonaws.com",
                "kms-fips.us-east-1.amazonaws.com",
            ],
        ),
        (
            "us-east-1",
            {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
            ["connect.us-east-1.api.aws", "dynamodb.us-east-1.api.aws", "kms.us-east-1.api.aws"],
        ),
        (
            "us-gov-west-1",
            {"AWS_USE_FIPS_ENDPOINT": "true"},
            [
                "connect.us-gov-west-1.amazonaws.com",
                "dynamodb-fips.us-gov-west-1.amazonaws.com",
                "kms-fips.us-gov-west-1.amazonaws.com",
            ],
        ),
        (
            "us-gov-west-1",
            {},
            [
                "connect.us-gov-west-1.amazonaws.com",
                "dynamodb.us-gov-west-1.amazonaws.com",
                "kms.us-gov-west-1.amazonaws.com",
            ],
        ),
    ],
    ids=["default", "fips", "dual-stack", "gov fips", "gov"],
)
def test_endpoints_of_all_kinds(host: Path, region: str, variables: dict[str, str], endpoints: list[str]) -> None:
    found = run(_ENDPOINTS, host / "search", **variables, AWS_REGION=region, AWS_DEFAULT_REGION=region)
    assert found == endpoints


def test_every_partition_has_the_endpoints_of_what_is_left(host: Path) -> None:
    data = host / "search" / "botocore" / "data"
    assert json.loads((data / "partitions.json").read_text()) == Loader().load_data("partitions")
    prefixes = {*OPERATIONS["search"], "states"}  # that of Step Functions
    full, left = Loader().load_data("endpoints"), json.loads((data / "endpoints.json").read_text())
    assert [part["partition"] for part in left["partitions"]] == [part["partition"] for part in full["partitions"]]
    for part, other in zip(left["partitions"], full["partitions"], strict=True):
        services = {name: kept for name, kept in other["services"].items() if name in prefixes}
        assert part == other | {"services": services}


def test_what_is_left_of_a_service_is_as_botocore_has_it(host: Path) -> None:
    for function, services in OPERATIONS.items():
        data = str(host / function / "botocore" / "data")
        loader = Loader(extra_search_paths=[data], include_default_search_paths=False)
        assert set(loader.list_available_services("service-2")) == set(services)
        for service, operations in services.items():
            left = ServiceModel(loader.load_service_model(service, "service-2"), service)
            full = botocore.session.get_session().get_service_model(service)
            assert left.metadata == full.metadata
            assert set(left.operation_names) == set(operations)
            seen: set[str] = set()
            for name in operations:
                assert_same_operation(left.operation_model(name), full.operation_model(name), seen)
            assert set(left.shape_names) == seen
            paginators = {name: pages for name, pages in _paginators(Loader(), service).items() if "List" in name}
            assert _paginators(loader, service) == {name: paginators[name] for name in operations if name in paginators}
            rules = "endpoint-rule-set-1"
            assert loader.load_service_model(service, rules) == Loader().load_service_model(service, rules)


def _paginators(loader: Loader, service: str) -> dict[str, Any]:
    try:
        pagination: dict[str, Any] = loader.load_service_model(service, "paginators-1")["pagination"]
    except UnknownServiceError:
        return {}
    return pagination


def assert_same_operation(left: OperationModel, full: OperationModel, seen: set[str]) -> None:
    for attribute in ("name", "http", "auth", "http_checksum", "static_context_parameters", "context_parameters"):
        assert str(getattr(left, attribute)) == str(getattr(full, attribute))
    assert_same_shape(left.input_shape, full.input_shape, seen)
    assert_same_shape(left.output_shape, full.output_shape, seen)
    assert [error.name for error in left.error_shapes] == [error.name for error in full.error_shapes]
    for error, other in zip(left.error_shapes, full.error_shapes, strict=True):
        assert_same_shape(error, other, seen)


def assert_same_shape(left: Shape, full: Shape, seen: set[str]) -> None:
    """Compare shapes at every depth, without the documentation. `seen` has the names of shapes already compared."""
    for attribute in ("name", "type_name", "serialization", "metadata"):
        assert getattr(left, attribute) == getattr(full, attribute), full.name
    if full.name in seen:
        return
    seen.add(full.name)
    parts = dict(_parts(left))
    for name, part in _parts(full):
        assert_same_shape(parts.pop(name), part, seen)
    assert not parts


def _parts(shape: Shape) -> Iterator[tuple[str, Shape]]:
    match shape.type_name:
        case "structure":
            yield from shape.members.items()
        case "list":
            yield "member", shape.member
        case "map":
            yield from (("key", shape.key), ("value", shape.value))
