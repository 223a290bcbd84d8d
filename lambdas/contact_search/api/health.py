"""Route the health check."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search import __version__
from contact_search.api.accept import require_acceptable
from contact_search.api.headers import read_header
from contact_search.api.page_response import JSON
from contact_search.api.route_table import HEALTH

_BODY = f'{{"status":"ok","version":"{__version__}"}}'

router = APIGatewayRouter()


@router.route(HEALTH.path, list(HEALTH.methods))
def get_health() -> Response[str]:
    """Tell that the service runs, and its version. Call nothing upstream."""
    require_acceptable(read_header(router.current_event, "accept"), JSON)
    return Response(HTTPStatus.OK, JSON, _BODY, {"Cache-Control": "no-store"})
