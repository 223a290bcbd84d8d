"""The procedure of docs/operations.md, "Restoring the clients", as far as moto goes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from moto import mock_aws

from contact_search.search.grants import Grant
from contact_search.storage.durable_table import DurableTable
from operations import registry
from operations.deployed import Deployed


@pytest.fixture
def aws() -> Iterator[boto3.Session]:
    mock = mock_aws()
    mock.start(reset=False)  # the stand-in of other tests may be in this process
    yield boto3.Session("test", "test", region_name="eu-west-2")
    mock.stop(remove_data=False)


def test_clients_come_back_with_the_table(aws: boto3.Session) -> None:
    dynamodb, apigateway = aws.client("dynamodb"), aws.client("apigateway")
    dynamodb.create_table(
        TableName="clients",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    plan = apigateway.create_usage_plan(name="internal")["id"]

    def deployed(table: str) -> Deployed:
        return Deployed("test", "", DurableTable(table, dynamodb), {"internal": plan}, apigateway, Mock())

    registry.add(deployed("clients"), "acme", "internal", Grant(channels=["VOICE"]), "key-1")
    _restore(dynamodb, "clients", "clients-restored")
    registry.revoke(deployed("clients"), "acme")
    described = registry.describe_client(deployed("clients-restored"), "acme")
    assert described["grant"]["channels"] == ["VOICE"]
    registry.revoke(deployed("clients-restored"), "acme")  # again, as the procedure says
    assert list(registry.list_clients(deployed("clients-restored"))) == []


def _restore(dynamodb: Any, source: str, target: str) -> None:
    dynamodb.update_continuous_backups(
        TableName=source, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=target, RestoreDateTime=datetime.now(UTC) - timedelta(minutes=1)
    )
