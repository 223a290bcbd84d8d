"""What can be switched at the stand-in: limits that are off by default, and what AWS does not document."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

RETENTION_DAYS = 731  # two years, one of them a leap year


@dataclass
class Behaviour:
    """The defaults are the likeliest guess at each undocumented point.

    quota               requests a second, with a burst of 1; None: no quota
    token_life          how long a NextToken can be used
    token_length        NextTokens are made this long (the service model allows 100,000 characters)
    at_result_limit     after the 10,000th result NextToken "end"s, or is given and its use is an "error"
    total_count         above 10,000, TotalCount is "exact" or "capped" at 10,000
    window_exception    what a window of more than 8 weeks is answered with
    """

    quota: float | None = None
    token_life: timedelta = timedelta(hours=24)
    token_length: int = 0
    at_result_limit: Literal["end", "error"] = "end"
    total_count: Literal["exact", "capped"] = "exact"
    window_exception: Literal["InvalidParameterException", "InvalidRequestException"] = "InvalidParameterException"
