"""Route the explorer: a page that searches through this API, and the files that it loads."""

import json
from functools import cache
from hashlib import sha256
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api.accept import require_acceptable
from contact_search.api.etag import matches
from contact_search.api.headers import read_header
from contact_search.api.problem import NOT_FOUND, RefusedError
from contact_search.api.route_table import EXPLORER, EXPLORER_FILES
from contact_search.settings import SearchSettings

_FOLDER = Path(__file__).with_name("explorer")
_PAGE = "index.html"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_NO_SIGN_IN = 'name="sign-in" content="null"'
_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding, Origin",
    "X-Content-Type-Options": "nosniff",
}
_CHECK_EACH_TIME = "public, no-cache"
_FOR_A_YEAR = "public, max-age=31536000, immutable"

router = APIGatewayRouter()


@router.route(EXPLORER.rule, list(EXPLORER.methods))
def get_page() -> Response[str]:
    """Return the page. Redirect from /stage to /stage/, because its references are relative."""
    path: str = router.current_event["requestContext"].get("path") or "/"
    if not path.endswith("/"):
        return Response(HTTPStatus.PERMANENT_REDIRECT, body="", headers={"Location": f"{path.rpartition('/')[2]}/"})
    sign_in = escape(json.dumps(_sign_in(_settings())))
    page = _files()[_PAGE].replace(_NO_SIGN_IN, f'name="sign-in" content="{sign_in}"')
    return _response(_PAGE, page, _CHECK_EACH_TIME)


@router.route(EXPLORER_FILES.rule, list(EXPLORER_FILES.methods))
def get_file(version: str, file: str) -> Response[str]:
    """Return a file. During a rollout, the page may be of another version: nobody keeps the file then."""
    if file == _PAGE or file not in _files():
        raise RefusedError(NOT_FOUND)
    return _response(file, _files()[file], _FOR_A_YEAR if version == _version() else _CHECK_EACH_TIME)


def _response(file: str, content: str, cache_control: str) -> Response[str]:
    media_type = _MEDIA_TYPES[Path(file).suffix]
    require_acceptable(read_header(router.current_event, "accept"), media_type)
    etag = f'"{sha256(content.encode()).hexdigest()[:32]}"'
    policy = _content_security_policy(_settings())
    headers = {**_HEADERS, "Content-Security-Policy": policy, "Cache-Control": cache_control, "ETag": etag}
    if matches(read_header(router.current_event, "if-none-match"), etag):
        return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
    return Response(HTTPStatus.OK, f"{media_type}; charset=utf-8", content, headers)


def _settings() -> SearchSettings:
    settings: SearchSettings = router.context["services"].settings
    return settings


def _content_security_policy(settings: SearchSettings) -> str:
    """Whatever a contact holds, let the page run and load its own files alone, and send requests to its origin alone.

    The issuer's token endpoint is the one exception. A policy has no queries.
    """
    connect = " ".join(("'self'", settings.sign_in_token_endpoint.partition("?")[0])).strip()
    directives = (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", f"connect-src {connect}", "img-src data:"),
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"),
    )
    return "; ".join(directives)


def _sign_in(settings: SearchSettings) -> dict[str, object] | None:
    """Return what the page has to know to sign people in, None if the service has no issuer for them."""
    if not settings.sign_in_client_id:
        return None
    return {
        "issuer": settings.sign_in_issuer,
        "client_id": settings.sign_in_client_id,
        "authorization_endpoint": settings.sign_in_authorization_endpoint,
        "token_endpoint": settings.sign_in_token_endpoint,
        "end_session_endpoint": settings.sign_in_end_session_endpoint,
        "scopes": settings.sign_in_scopes,
        "parameters": dict(parse_qsl(settings.sign_in_parameters)),
    }


@cache
def _files() -> dict[str, str]:
    """Read all files. The page refers to the folder of this version, and so do the files that load each other."""
    files = {path.name: path.read_text(encoding="utf-8") for path in _paths()}
    return files | {_PAGE: files[_PAGE].replace("explorer/VERSION/", f"explorer/{_version()}/")}


def _paths() -> list[Path]:
    return [path for path in sorted(_FOLDER.iterdir()) if path.suffix in _MEDIA_TYPES]


@cache
def _version() -> str:
    digest = sha256()
    for path in _paths():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
