"""Answer cross-origin requests (Fetch standard)."""

from collections.abc import Sequence

# What a script may read besides the headers that every script may read.
EXPOSED_HEADERS = ", ".join(
    (
        *("Age", "Allow", "Cache-Status", "Date", "ETag", "Link", "Location", "Page-Limit"),
        *("RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id"),
    )
)
# The last four are what tracing adds to requests: W3C Trace Context and Baggage, and an id of the caller's own.
_REQUEST_HEADERS = ", ".join(
    (
        *("Accept", "Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "If-None-Match", "Prefer"),
        *("X-Api-Key", "Baggage", "Traceparent", "Tracestate", "X-Correlation-Id"),
    )
)
_METHODS_TO_ALLOW = {"PUT", "PATCH", "DELETE"}  # GET, HEAD and POST need no permission
_PREFLIGHT_SECONDS = 3600


def cors_headers(origin: str, allowed_origins: Sequence[str]) -> dict[str, str]:
    """Return the headers that let scripts of the origin read a response.

    Args:
        origin: The request's Origin header, empty if it has none.
        allowed_origins: The configured origins; `*` allows any.
    """
    if not origin or not (origin in allowed_origins or "*" in allowed_origins):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}


def preflight_headers(methods: Sequence[str], asked_for: str) -> dict[str, str]:
    """Return the headers of a preflight response, besides `cors_headers`.

    Scripts may send any method, because a browser would not let them read the problem that answers a wrong one.

    Args:
        methods: The methods of the path.
        asked_for: The request's Access-Control-Request-Method header, empty if it has none.
    """
    other = [asked_for] if asked_for in _METHODS_TO_ALLOW and asked_for not in methods else []
    return {
        "Access-Control-Allow-Methods": ", ".join([*methods, *other]),
        "Access-Control-Allow-Headers": _REQUEST_HEADERS,
        "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
    }
