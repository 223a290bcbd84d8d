"""Read from a request's headers how long its caller wants to wait, and whether a cached page will do."""

import re

from contact_search.amazon_connect.connect import LONGEST_WAIT, Patience


def parse_patience(caller: str, cache_control: str, prefer: str, default_wait: float) -> Patience:
    """Read Cache-Control: no-cache (RFC 9111) and Prefer: wait (RFC 7240). Ignore everything else.

    Args:
        caller: Whose turn it is: `Caller.in_line`.
        cache_control: The Cache-Control header, empty if there is none.
        prefer: The Prefer header, empty if there is none. The first wait counts.
        default_wait: Seconds to wait if the caller does not say.
    """
    directives = {directive.partition("=")[0].strip().lower() for directive in cache_control.split(",")}
    return Patience(caller, min(_wait(prefer, default_wait), LONGEST_WAIT), no_cache="no-cache" in directives)


def _wait(prefer: str, default: float) -> float:
    for preference in prefer.split(","):
        if match := re.fullmatch(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(;.*)?', preference, re.IGNORECASE):
            return float(match[1])
    return default
