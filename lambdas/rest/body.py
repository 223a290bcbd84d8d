"""The JSON body of a request."""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any

from rest.problem import Problem, RefusedError

LARGEST = 1 << 20  # bytes


def json_of(body: str | None, content_type: str, *, is_base64: bool) -> Any:
    """The body's JSON value. Raises RefusedError: 415 (media type), 413 (over 1 MiB), 400 (not JSON)."""
    if not _is_json(content_type):
        detail = "Send the body as application/json."
        raise RefusedError(
            Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type", detail)
        )
    try:
        octets = base64.b64decode(body or "", validate=True) if is_base64 else (body or "").encode()
    except (binascii.Error, UnicodeEncodeError):
        raise _malformed("is not UTF-8") from None
    if len(octets) > LARGEST:
        detail = f"A body may have {LARGEST} bytes at most."
        raise RefusedError(
            Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "content-too-large", "Content too large", detail)
        )
    if not octets:
        raise _malformed("is empty")
    try:
        return json.loads(octets.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError:
        raise _malformed("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _malformed(f"is not JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _malformed("is nested too deeply") from None
    except ValueError:  # Python's limit of digits
        raise _malformed("has a number with too many digits") from None


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type in ("", "application/json") or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON leaves open what a repeated name means, so that one of its values would be dropped in silence."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _malformed("has an object with a repeated name")
    return value


def _constant(_: str) -> Any:
    raise _malformed("has NaN or Infinity, which JSON does not know")


def _malformed(what: str) -> RefusedError:
    return RefusedError(Problem(HTTPStatus.BAD_REQUEST, "malformed", "Malformed body", f"The body {what}."))
