"""Serve contacts as FastAPI's documentation shows, with Mangum as the adapter."""

import os
from datetime import datetime
from typing import Annotated, Any, Literal

import boto3
from fastapi import FastAPI, Query  # type: ignore[import-not-found, unused-ignore]
from mangum import Mangum  # type: ignore[import-not-found, unused-ignore]
from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

app = FastAPI()
connect = boto3.client("connect")


class Summary(BaseModel):
    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_pascal))


class QueueInfo(Summary):
    id: str | None = None
    enqueue_timestamp: datetime | None = None


class AgentInfo(Summary):
    id: str | None = None
    connected_to_agent_timestamp: datetime | None = None


class Contact(Summary):
    arn: str
    id: str
    initial_contact_id: str | None = None
    previous_contact_id: str | None = None
    initiation_method: str | None = None
    channel: str | None = None
    queue_info: QueueInfo | None = None
    agent_info: AgentInfo | None = None
    initiation_timestamp: datetime | None = None
    disconnect_timestamp: datetime | None = None
    scheduled_timestamp: datetime | None = None
    segment_attributes: dict[str, Any] | None = None
    name: str | None = None
    routing_criteria: dict[str, Any] | None = None
    tags: dict[str, str] | None = None
    ai_agent_info: list[dict[str, Any]] | None = None


class Page(Summary):
    contacts: list[Contact]
    next_token: str | None = None
    total_count: int | None = None


@app.get("/v1/contacts")  # type: ignore[untyped-decorator, unused-ignore]
def search_contacts(
    start: Annotated[datetime, Query(alias="from")],
    end: Annotated[datetime, Query(alias="to")],
    channel: Annotated[list[Literal["VOICE", "CHAT", "TASK", "EMAIL"]], Query()],
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Page:
    page = connect.search_contacts(
        InstanceId=os.environ["CONNECT_INSTANCE_ID"],
        TimeRange={"Type": "INITIATION_TIMESTAMP", "StartTime": start, "EndTime": end},
        SearchCriteria={"Channels": channel},
        MaxResults=limit,
    )
    return Page.model_validate(page)


handler = Mangum(app, lifespan="off")
