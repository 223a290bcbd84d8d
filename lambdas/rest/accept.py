"""What media types a caller accepts (RFC 9110, Accept)."""

from http import HTTPStatus

from rest.problem import Problem, RefusedError


def check_accepts(accept: str, media_type: str) -> None:
    """Raises RefusedError, a 406, where the Accept header (empty: none) rules this media type out."""
    if not _accepts(accept, media_type):
        detail = f"This resource is {media_type} only."
        raise RefusedError(Problem(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", "Not acceptable", detail))


def _accepts(accept: str, media_type: str) -> bool:
    """The most specific range that covers the media type decides."""
    if not accept.strip():
        return True
    ranges = {name.strip(): _quality(parameters) for name, parameters in map(_parted, accept.lower().split(","))}
    covering = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((ranges[name] for name in covering if name in ranges), 0.0) > 0


def _parted(element: str) -> tuple[str, str]:
    name, _, parameters = element.partition(";")
    return name, parameters


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
