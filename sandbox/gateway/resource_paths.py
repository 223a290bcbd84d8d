"""Find the resource that a request's path belongs to."""

from collections.abc import Iterable
from urllib.parse import unquote


def find_resource(resources: Iterable[str], path: str) -> tuple[str, dict[str, str]] | None:
    """Return the resource of a path and the values of its path parameters, decoded. Return None if there is none.

    Where several resources match, fixed segments win over parameters, and these over a greedy one such as {proxy+}.

    Args:
        resources: Paths of resources, such as /v1/contacts/{id}.
        path: The path as it stood in the request line.
    """
    segments = [unquote(segment, errors="replace") for segment in path.split("/")]
    matches = [
        (resource, parameters)
        for resource in resources
        if (parameters := _match(resource.split("/"), segments)) is not None
    ]
    return min(matches, key=lambda match: list(map(_rank, match[0].split("/"))), default=None)


def _rank(part: str) -> int:
    return part.startswith("{") + part.endswith("+}")


def _match(resource: list[str], segments: list[str]) -> dict[str, str] | None:
    if resource[-1].endswith("+}"):
        last = len(resource) - 1
        segments = [*segments[:last], "/".join(segments[last:])]
    if len(resource) != len(segments):
        return None
    parameters = {}
    for part, segment in zip(resource, segments, strict=True):
        if part.startswith("{") and segment:
            parameters[part.strip("{+}")] = segment
        elif part != segment:
            return None
    return parameters
