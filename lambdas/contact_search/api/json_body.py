"""Parse the JSON body of a request."""

import base64
import binascii
import json
from typing import Any, NoReturn

from contact_search.api.problem import Problem, RefusedError

LARGEST_BODY = 1 << 20  # bytes


def parse_json(body: str | None, content_type: str, *, is_base64: bool) -> Any:
    """Return the JSON value of a body.

    Args:
        body: The body as API Gateway passes it on.
        content_type: The Content-Type header, empty if there is none.
        is_base64: Whether API Gateway has encoded the body, because it is not UTF-8.

    Raises:
        RefusedError: 415 for another media type, 413 for more than 1 MiB, 400 for what is not JSON.
    """
    _require_json(content_type)
    content = _decode(body or "", is_base64=is_base64)
    if len(content) > LARGEST_BODY:
        detail = f"A body may have {LARGEST_BODY} bytes at most."
        raise RefusedError(Problem("content-too-large", detail))
    if not content:
        _refuse_malformed("is empty")
    try:
        return json.loads(content.decode(), object_pairs_hook=_to_object, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse_malformed("is not UTF-8")
    except json.JSONDecodeError as error:
        _refuse_malformed(f"is not JSON at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse_malformed("is nested too deeply")
    except ValueError:  # Python limits the digits of an integer
        _refuse_malformed("has a number with too many digits")


def _require_json(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    is_json = media_type in ("", "application/json") or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json:
        detail = "Send the body as application/json."
        raise RefusedError(Problem("unsupported-media-type", detail))


def _decode(body: str, *, is_base64: bool) -> bytes:
    try:
        return base64.b64decode(body, validate=True) if is_base64 else body.encode()
    except (binascii.Error, ValueError):  # not base64, not ASCII, a lone surrogate
        _refuse_malformed("is not UTF-8")


def _to_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated names: JSON does not define what they mean, and Python would drop a value silently."""
    value = dict(pairs)
    if len(value) < len(pairs):
        _refuse_malformed("has an object with a repeated name")
    return value


def _refuse_constant(_: str) -> NoReturn:
    _refuse_malformed("has NaN or Infinity, which JSON does not know")


def _refuse_malformed(reason: str) -> NoReturn:
    raise RefusedError(Problem("malformed", f"The body {reason}.")) from None
