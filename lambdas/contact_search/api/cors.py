"""Answer cross-origin requests (Fetch standard)."""

from collections.abc import Sequence

# What a script may read besides the headers that every script may read.
_EXPOSED_HEADERS = ", ".join(
    (
        *("Age", "Cache-Status", "ETag", "Link", "Page-Limit", "RateLimit", "RateLimit-Policy"),
        *("Retry-After", "WWW-Authenticate", "X-Request-Id"),
    )
)
_REQUEST_HEADERS = "Accept, Authorization, Cache-Control, Content-Type, If-None-Match, Prefer, X-Api-Key"
_PREFLIGHT_SECONDS = 3600


def cors_headers(origin: str, allowed_origins: Sequence[str]) -> dict[str, str]:
    """Return the headers that let scripts of the origin read a response.

    Args:
        origin: The request's Origin header, empty if it has none.
        allowed_origins: The configured origins; `*` allows any.
    """
    if not origin or not (origin in allowed_origins or "*" in allowed_origins):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED_HEADERS}


def preflight_headers(methods: str) -> dict[str, str]:
    """Return the headers of a preflight response, besides `cors_headers`, for a path with these methods."""
    return {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
