"""Route the requests for one contact."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api import clock
from contact_search.api.accept import require_acceptable
from contact_search.api.headers import read_header
from contact_search.api.page_response import JSON, cache_headers
from contact_search.api.preferences import parse_patience
from contact_search.api.route_table import CONTACT
from contact_search.api.services import Services, require_caller
from contact_search.log_lines import DESCRIBED
from contact_search.logger import logger

router = APIGatewayRouter()


@router.route(CONTACT.rule, list(CONTACT.methods))
def get_contact(id: str) -> Response[str]:  # noqa: A002 - the path parameter's name in the contract
    """Return one contact, with all that the caller is granted."""
    from contact_search.search import one_contact  # noqa: PLC0415 - searches need not wait for its model

    services: Services = router.context["services"]
    event = router.current_event
    caller = require_caller(event, services)
    query = event.multi_value_query_string_parameters
    logger.append_keys(parameters=one_contact.loggable_parameters(query))
    require_acceptable(read_header(event, "accept"), JSON)
    patience = parse_patience(
        caller.in_line,
        read_header(event, "cache-control"),
        read_header(event, "prefer"),
        services.settings.wait_seconds,
    )
    request = one_contact.parse(id, query, caller.grant, clock.current_time())
    result = one_contact.fetch(request, services.contacts, services.directory, patience)
    logger.info(DESCRIBED.message, extra=DESCRIBED.extra(cache=result.cache_status))
    body = result.response.model_dump_json(include=request.include, exclude_none=True)
    headers = {**cache_headers(result), **services.rate_limit_headers(CONTACT)}
    return Response(HTTPStatus.OK, JSON, body, headers)
