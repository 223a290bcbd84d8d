"""Call boto3 and nothing else: this handler validates nothing and returns Amazon Connect's response."""

import json
import os
from datetime import datetime
from typing import Any

import boto3

connect = boto3.client("connect")


def call(event: dict[str, Any], context: Any = None) -> Any:  # noqa: ARG001 - as Lambda calls
    """Call SearchContacts only, as a reference for warm calls."""
    query = event["multiValueQueryStringParameters"]
    return connect.search_contacts(
        InstanceId=os.environ["CONNECT_INSTANCE_ID"],
        TimeRange={
            "Type": "INITIATION_TIMESTAMP",
            "StartTime": datetime.fromisoformat(query["from"][0]),
            "EndTime": datetime.fromisoformat(query["to"][0]),
        },
        SearchCriteria={"Channels": query["channel"]},
        MaxResults=int(query["limit"][0]),
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ARG001 - as Lambda calls
    page = call(event)
    del page["ResponseMetadata"]
    headers = {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(page, default=str)}
