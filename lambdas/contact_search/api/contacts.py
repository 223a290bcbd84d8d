"""Route the searches for contacts."""

from datetime import datetime

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.amazon_connect.connect import Patience
from contact_search.api import clock
from contact_search.api.accept import require_acceptable
from contact_search.api.headers import read_header
from contact_search.api.json_body import parse_json
from contact_search.api.page_response import JSON, conditional_page_response, page_response
from contact_search.api.preferences import parse_patience
from contact_search.api.route_table import CONTACT_SEARCH, CONTACTS
from contact_search.api.services import Services, require_caller
from contact_search.log_lines import SEARCHED
from contact_search.logger import logger
from contact_search.search import names, query
from contact_search.search.follow import Horizon, fetch_followed_page
from contact_search.search.grants import Caller, restrict
from contact_search.search.model import Search
from contact_search.search.walk import Page, fetch_page
from contact_search.search.window import round_down

router = APIGatewayRouter()


@router.route(CONTACTS.path, list(CONTACTS.methods))
def get_contacts() -> Response[str]:
    """Search contacts by query parameters."""
    caller = require_caller(router.current_event, _services())
    parameters = router.current_event.multi_value_query_string_parameters
    logger.append_keys(parameters=sorted({query.loggable_parameter(name) for name in parameters}))
    require_acceptable(_header("accept"), JSON)
    patience = _patience(caller)
    asked = names.resolve(query.parse(parameters, _search_time(patience)), caller.grant, _services().directory)
    search = restrict(asked, caller)
    page = _fetch_page(search, patience)
    return conditional_page_response(
        page,
        search.fields,
        _page_headers(asked, search),
        query=parameters,
        if_none_match=_header("if-none-match"),
    )


@router.route(CONTACT_SEARCH.path, list(CONTACT_SEARCH.methods))
def post_contact_search() -> Response[str]:
    """Search contacts by a JSON body."""
    from contact_search.search import body  # noqa: PLC0415 - a GET need not wait for the models of the body

    caller = require_caller(router.current_event, _services())
    require_acceptable(_header("accept"), JSON)
    event = router.current_event
    content = parse_json(event.body, _header("content-type"), is_base64=bool(event.is_base64_encoded))
    logger.append_keys(parameters=body.loggable_members(content))
    patience = _patience(caller)
    asked = body.parse(content, _search_time(patience))
    search = restrict(asked, caller)
    page = _fetch_page(search, patience)
    return page_response(page, search.fields, _page_headers(asked, search))


def _services() -> Services:
    services: Services = router.context["services"]
    return services


def _header(name: str) -> str:
    return read_header(router.current_event, name)


def _patience(caller: Caller) -> Patience:
    default_wait = _services().settings.wait_seconds
    return parse_patience(caller.in_line, _header("cache-control"), _header("prefer"), default_wait)


def _search_time(patience: Patience) -> datetime:
    """Return what "now" means in a search: rounded down, so that callers who ask together share a cached page."""
    now = clock.current_time()
    return now if patience.no_cache else round_down(now, _services().settings.now_rounded_to_seconds)


def _page_headers(asked: Search, search: Search) -> dict[str, str]:
    """Return the limiter's headers, and the limit of pages where the caller's grant lowers the one asked for."""
    limit = {"Page-Limit": str(search.limit)} if search.limit < asked.limit else {}
    return _services().rate_limit_headers() | limit


def _fetch_page(search: Search, patience: Patience) -> Page:
    services = _services()
    if search.settle is None:
        page = fetch_page(search, services.connect, services.cursors, patience)
    else:
        horizon = Horizon(clock.current_time(), services.settings.now_rounded_to_seconds, search.settle)
        page = fetch_followed_page(search, services.connect, services.cursors, patience, horizon)
    page = names.expand(page, search, services.directory, patience)
    # The audit line. It also has the client and the names of the parameters, which are appended to all lines.
    logger.info(SEARCHED.message, extra=SEARCHED.extra(contacts=page.count, cache=page.result.cache_status))
    return page
