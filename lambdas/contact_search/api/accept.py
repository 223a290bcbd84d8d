"""Negotiate the media type (RFC 9110, section 12.5.1)."""

from contact_search.api.problem import Problem, RefusedError


def require_acceptable(accept: str, media_type: str) -> None:
    """Check that the Accept header, empty if there is none, allows this media type.

    Raises:
        RefusedError: 406, nothing in the header fits.
    """
    choose_media_type(accept, media_type)


def choose_media_type(accept: str, *media_types: str) -> str:
    """Return the media type that the Accept header, empty if there is none, prefers: the first of several such.

    Raises:
        RefusedError: 406, nothing in the header fits.
    """
    best = max(media_types, key=lambda media_type: _quality_of(media_type, accept))
    if not _quality_of(best, accept):
        raise RefusedError(Problem("not-acceptable", f"This resource is available as {' or '.join(media_types)} only."))
    return best


def _quality_of(media_type: str, accept: str) -> float:
    """Apply the most specific range that covers the media type."""
    if not accept.strip():
        return 1.0
    quality_by_range: dict[str, float] = {}
    for element in accept.lower().split(","):
        name, _, parameters = element.partition(";")
        quality_by_range[name.strip()] = _quality(parameters)
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((quality_by_range[name] for name in ranges if name in quality_by_range), 0.0)


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
