"""Serve contacts as Powertools' documentation shows: it validates with pydantic, and has Logger, Tracer and Metrics."""

import os
from datetime import datetime
from typing import Annotated, Any, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

logger = Logger()
tracer = Tracer()
metrics = Metrics()
app = APIGatewayRestResolver(enable_validation=True)
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


@app.get("/v1/contacts")
@tracer.capture_method(capture_response=False)  # type: ignore[untyped-decorator, unused-ignore]
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
    logger.info("searched", extra={"contacts": len(page["Contacts"])})
    metrics.add_metric(name="Searches", unit=MetricUnit.Count, value=1)
    return Page.model_validate(page)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST)
@tracer.capture_lambda_handler(capture_response=False)  # type: ignore[untyped-decorator, unused-ignore]
@metrics.log_metrics(capture_cold_start_metric=True)  # type: ignore[untyped-decorator, unused-ignore]
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
