"""Say what a walk without an end can be combined with, whether it came as a query string or as a body."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from contact_search.search.faults import Fault
from contact_search.search.model import default_sort

DEFAULT_SETTLE = timedelta(minutes=15)


@dataclass(frozen=True)
class Sources:
    """Name the parameters, or the pointers, that faults are about."""

    limit: str
    time_field: str
    sort: str


def settle(requested: timedelta | None, *, is_followed: bool) -> timedelta | None:
    """Return how far behind now the walk stays, None if it has an end."""
    if not is_followed:
        return None
    return DEFAULT_SETTLE if requested is None else requested


def faults(
    ends: Iterable[str], time_field: str | None, sort: Mapping[str, str] | None, limit: int | None, sources: Sources
) -> Iterator[Fault]:
    """Yield the faults of what cannot be combined with `follow`.

    Args:
        ends: The sources of whatever would end the walk, if the search has any.
        time_field: The window's timestamp, None if it is invalid.
        sort: The order, None if it is invalid or left out.
        limit: The contacts per page, None if it is invalid or left out.
        sources: What the other faults are about.
    """
    for source in sorted(ends):
        yield Fault(source, "conflict", "cannot be combined with `follow`, which makes a walk without an end")
    if limit == 0:
        yield Fault(sources.limit, "conflict", "must not be 0 with `follow`: a walk without an end cannot be counted")
    if time_field is None:
        return
    ascending = default_sort(time_field, is_followed=True)
    if ascending is None:
        detail = f"cannot be {time_field.lower()} with `follow`: Amazon Connect cannot sort by it"
        yield Fault(sources.time_field, "conflict", detail)
    elif sort is not None and sort != ascending:
        detail = f"must be {time_field.lower()}, ascending, with `follow`: contacts come as time goes on"
        yield Fault(sources.sort, "conflict", detail)


def without_end(window_faults: Iterable[Fault]) -> Iterator[Fault]:
    """Do not propose an end for a window that starts in the future."""
    for fault in window_faults:
        is_future = fault.detail.startswith("is in the future")
        yield replace(fault, detail="is in the future") if is_future else fault
