"""Route the lists of queues and agents."""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api.accept import require_acceptable
from contact_search.api.headers import read_header
from contact_search.api.page_response import JSON, VARY
from contact_search.api.route_table import AGENTS, QUEUES
from contact_search.api.services import Services, require_caller
from contact_search.logger import logger
from contact_search.search.names import AGENT, QUEUE, Kind
from contact_search.search.parameters import parse_parameters

if TYPE_CHECKING:
    from contact_search.search.name_list import NamePage

# Names seldom change, and grants must be seen within a minute.
_CACHE_CONTROL = "private, max-age=60"

router = APIGatewayRouter()


@router.route(QUEUES.path, list(QUEUES.methods))
def get_queues() -> Response[str]:
    """List the queues that the caller may see."""
    page = _list_names(QUEUE)
    return _response("queues", [{"id": id_, "name": name} for id_, name in page.entries], page.next_cursor)


@router.route(AGENTS.path, list(AGENTS.methods))
def get_agents() -> Response[str]:
    """List the agents that the caller may see."""
    page = _list_names(AGENT)
    return _response("agents", [{"id": id_, "username": name} for id_, name in page.entries], page.next_cursor)


def _list_names(kind: Kind) -> "NamePage":
    from contact_search.search import name_list  # noqa: PLC0415 - searches need not wait for its model

    services: Services = router.context["services"]
    caller = require_caller(router.current_event, services)
    require_acceptable(read_header(router.current_event, "accept"), JSON)
    name_list.require_granted(kind, caller)
    query = router.current_event.multi_value_query_string_parameters
    parameters = parse_parameters(name_list.NameListParameters, query)
    snapshot = services.directory.snapshot()
    names = snapshot.queues if kind is QUEUE else snapshot.agents
    page = name_list.list_names(kind, parameters, names, caller, services.cursors)
    logger.info("listed", extra={"list": kind.parameter, "names": len(page.entries)})
    return page


def _response(member: str, entries: list[dict[str, str]], next_cursor: str | None) -> Response[str]:
    headers = {"Cache-Control": _CACHE_CONTROL, "Vary": VARY}
    if next_cursor:
        query = router.current_event.multi_value_query_string_parameters
        headers["Link"] = f'<?{urlencode({**query, "cursor": [next_cursor]}, doseq=True)}>; rel="next"'
    body = json.dumps({member: entries, "next_cursor": next_cursor}, ensure_ascii=False, separators=(",", ":"))
    return Response(HTTPStatus.OK, JSON, body, headers)
