"""What a caller demands beyond the search itself, in its headers."""

import re

from amazon_connect.shared_search import LONGEST_WAIT, Demand


def demand_of(caller: str, cache_control: str, prefer: str, default_wait: float) -> Demand:
    """Cache-Control: no-cache (RFC 9111), and the first wait among the preferences (RFC 7240); others are ignored."""
    directives = {directive.partition("=")[0].strip().lower() for directive in cache_control.split(",")}
    return Demand(caller, min(_wait(prefer, default_wait), LONGEST_WAIT), "no-cache" in directives)


def _wait(prefer: str, default: float) -> float:
    for preference in prefer.split(","):
        if match := re.fullmatch(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(;.*)?', preference, re.IGNORECASE):
            return float(match[1])
    return default
