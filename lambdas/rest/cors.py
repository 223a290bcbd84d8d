"""Cross-origin requests (Fetch standard): which origins may send them and read what is answered."""

from collections.abc import Sequence

# What a script may read of a response beyond what any may.
_EXPOSED = "Age, Cache-Status, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id"
_REQUEST_HEADERS = "Accept, Authorization, Cache-Control, Content-Type, If-None-Match, Prefer, X-Api-Key"
_PREFLIGHT_SECONDS = 3600


def cors_headers(origin: str, allowed: Sequence[str]) -> dict[str, str]:
    """For a response to a request of this origin (empty: of none); `*` among the allowed ones is any."""
    if not origin or not (origin in allowed or "*" in allowed):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}


def preflight_headers(methods: str) -> dict[str, str]:
    """For the answer to a preflight request, beside those of any response; `methods` are the resource's own."""
    return {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
