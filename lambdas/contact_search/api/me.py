"""Route the request for what the caller itself is and is granted."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.amazon_connect.directory import Directory, DirectoryUnavailableError
from contact_search.api.accept import require_acceptable
from contact_search.api.headers import read_header
from contact_search.api.page_response import JSON, VARY
from contact_search.api.route_table import ME
from contact_search.api.services import Services, require_caller
from contact_search.logger import logger
from contact_search.search.grants import Caller, Grant
from contact_search.search.names import AGENT, QUEUE
from contact_search.search.parameters import NoParameters, parse_parameters

router = APIGatewayRouter()


@router.route(ME.path, list(ME.methods))
def get_me() -> Response[str]:
    """Tell who the caller is and what it is granted."""
    services: Services = router.context["services"]
    caller = require_caller(router.current_event, services)
    require_acceptable(read_header(router.current_event, "accept"), JSON)
    parse_parameters(NoParameters, router.current_event.multi_value_query_string_parameters)
    logger.info("described caller")
    body = json.dumps(_describe(caller, services.directory), ensure_ascii=False, separators=(",", ":"))
    # A change of the grant is seen within a minute, which another cache should not prolong.
    return Response(HTTPStatus.OK, JSON, body, {"Cache-Control": "private, no-cache", "Vary": VARY})


def _describe(caller: Caller, directory: Directory) -> dict[str, Any]:
    grant = caller.grant
    queue_names, agent_names = _names(grant, directory)
    described = grant.model_dump(mode="json", exclude={"queue_ids", "agent_ids", "agent_hierarchy_groups"})
    for member in ("fields", "attribute_keys"):
        described[member] = described[member] and sorted(described[member])
    if grant.agent_hierarchy_groups is not None:
        described["agent_hierarchy_groups"] = {
            f"{level[:2].lower()}_ids": ids for level, ids in grant.agent_hierarchy_groups.items()
        }
    return {
        "client": caller.client,
        "usage_plan": caller.usage_plan,
        "grant": {
            "queues": _with_names(grant.queue_ids, "name", queue_names),
            "agents": _with_names(grant.agent_ids, "username", agent_names),
            **described,
        },
    }


def _names(grant: Grant, directory: Directory) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the names of the granted queues and agents by id, as far as they are known and the client may see them."""
    queue_ids = (grant.queue_ids or []) if grant.has_field(QUEUE.field) else []
    agent_ids = (grant.agent_ids or []) if grant.has_field(AGENT.field) else []
    if not queue_ids and not agent_ids:
        return {}, {}
    try:
        snapshot = directory.snapshot_with(queue_ids, agent_ids)
    except DirectoryUnavailableError:
        return {}, {}
    queues, agents = snapshot.queues.name_by_id, snapshot.agents.name_by_id
    return (
        {id_: queues[id_] for id_ in queue_ids if id_ in queues},
        {id_: agents[id_] for id_ in agent_ids if id_ in agents},
    )


def _with_names(ids: list[str] | None, member: str, names: Mapping[str, str]) -> list[dict[str, str]] | None:
    if ids is None:
        return None
    return [{"id": id_, member: names[id_]} if id_ in names else {"id": id_} for id_ in ids]
