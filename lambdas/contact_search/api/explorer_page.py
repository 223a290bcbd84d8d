"""Route the explorer: a page that searches through this API, and the files that it loads."""

from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from contact_search.api.accept import require_acceptable
from contact_search.api.etag import matches
from contact_search.api.headers import read_header
from contact_search.api.problem import NOT_FOUND, RefusedError
from contact_search.api.route_table import EXPLORER, EXPLORER_FILES

_FOLDER = Path(__file__).with_name("explorer")
_PAGE = "index.html"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_HEADERS = {
    # Whatever a contact holds, the page runs and loads its own files alone, and sends requests to its own origin alone.
    "Content-Security-Policy": "; ".join(
        (
            *("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src data:"),
            *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"),
        )
    ),
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
    return _response(_PAGE, _CHECK_EACH_TIME)


@router.route(EXPLORER_FILES.rule, list(EXPLORER_FILES.methods))
def get_file(version: str, file: str) -> Response[str]:
    """Return a file. During a rollout, the page may be of another version: nobody keeps the file then."""
    if file == _PAGE or file not in _files():
        raise RefusedError(NOT_FOUND)
    return _response(file, _FOR_A_YEAR if version == _version() else _CHECK_EACH_TIME)


def _response(file: str, cache_control: str) -> Response[str]:
    media_type = _MEDIA_TYPES[Path(file).suffix]
    require_acceptable(read_header(router.current_event, "accept"), media_type)
    content = _files()[file]
    etag = f'"{sha256(content.encode()).hexdigest()[:32]}"'
    headers = {**_HEADERS, "Cache-Control": cache_control, "ETag": etag}
    if matches(read_header(router.current_event, "if-none-match"), etag):
        return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
    return Response(HTTPStatus.OK, f"{media_type}; charset=utf-8", content, headers)


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
