"""Route the OpenAPI document and the interactive documentation."""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api import clock
from contact_search.api.accept import require_acceptable
from contact_search.api.headers import read_header
from contact_search.api.page_response import JSON
from contact_search.api.route_table import DOCS, OPENAPI

_HEADERS = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding, Origin"}

router = APIGatewayRouter()


@router.route(OPENAPI.path, list(OPENAPI.methods))
def get_openapi() -> Response[str]:
    """Return the OpenAPI document."""
    from contact_search.api.openapi import document_json  # noqa: PLC0415 - searches need not wait for this import

    require_acceptable(read_header(router.current_event, "accept"), JSON)
    return Response(HTTPStatus.OK, JSON, document_json(clock.current_time().date()), _HEADERS)


@router.route(DOCS.path, list(DOCS.methods))
def get_docs() -> Response[str]:
    """Return the page with Swagger UI."""
    from contact_search.api.docs import page  # noqa: PLC0415 - searches need not wait for this import

    require_acceptable(read_header(router.current_event, "accept"), "text/html")
    return Response(HTTPStatus.OK, "text/html; charset=utf-8", page(clock.current_time().date()), _HEADERS)
