"""Route bulk exports."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api.route_table import EXPORT, EXPORTS, READ
from contact_search.api.services import Services

router = APIGatewayRouter()

# Searches need not wait for what only exports use, so each route imports it.


@router.route(EXPORTS.rule, list(READ))
def list_exports() -> Response[str]:
    """List the caller's exports, newest first."""
    from contact_search.api import export_requests  # noqa: PLC0415

    return export_requests.list_exports(router.current_event, _services())


@router.post(EXPORTS.rule)
def create_export() -> Response[str]:
    """Create an export of all contacts of a search."""
    from contact_search.api import export_requests  # noqa: PLC0415

    return export_requests.create_export(router.current_event, _services())


@router.route(EXPORT.rule, list(READ))
def get_export(id: str) -> Response[str]:  # noqa: A002 - the path parameter's name in the contract
    """Return an export, with URLs of its parts."""
    from contact_search.api import export_requests  # noqa: PLC0415

    return export_requests.get_export(id, router.current_event, _services())


@router.delete(EXPORT.rule)
def delete_export(id: str) -> Response[str]:  # noqa: A002
    """End an export and remove its files."""
    from contact_search.api import export_requests  # noqa: PLC0415

    return export_requests.delete_export(id, router.current_event, _services())


def _services() -> Services:
    services: Services = router.context["services"]
    return services
