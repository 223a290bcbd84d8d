"""Serve contacts as Chalice's documentation shows: it routes and writes JSON, and validates nothing."""

import json
import os
from datetime import datetime

import boto3
from chalice import Chalice, Response  # type: ignore[import-not-found, unused-ignore]

app = Chalice(app_name="contact-search")
connect = boto3.client("connect")


@app.route("/v1/contacts")  # type: ignore[untyped-decorator, unused-ignore]
def search_contacts() -> Response:
    query = app.current_request.query_params
    page = connect.search_contacts(
        InstanceId=os.environ["CONNECT_INSTANCE_ID"],
        TimeRange={
            "Type": "INITIATION_TIMESTAMP",
            "StartTime": datetime.fromisoformat(query["from"]),
            "EndTime": datetime.fromisoformat(query["to"]),
        },
        SearchCriteria={"Channels": query.getlist("channel")},
        MaxResults=int(query["limit"]),
    )
    del page["ResponseMetadata"]
    return Response(json.dumps(page, default=str), headers={"Content-Type": "application/json"})
