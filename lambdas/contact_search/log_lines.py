"""Define the log lines that metrics are counted from. The functions log them, and infra/metrics.py filters by them."""

from typing import NamedTuple


class LogLine(NamedTuple):
    """A log line: its message, and the names of its fields."""

    message: str
    fields: tuple[str, ...]

    def extra(self, **values: object) -> dict[str, object]:
        """Return the fields with these values, as `extra` of the logger's methods.

        Raises:
            TypeError: A field has no value, or a value no field.
        """
        if values.keys() != set(self.fields):
            raise TypeError(f"the line has the fields {self.fields}")
        return values


CALLED_CONNECT = LogLine("called Amazon Connect", ("operation", "outcome", "waited", "took"))  # milliseconds
SEARCHED = LogLine("searched", ("contacts", "cache"))
DESCRIBED = LogLine("described", ("cache",))
DIRECTORY_UNAVAILABLE = LogLine("directory unavailable", ("code",))
TABLE_UNAVAILABLE = LogLine("table unavailable", ("code",))
UNAUTHENTICATED = LogLine("unauthenticated", ("reason",))
ISSUER_UNAVAILABLE = LogLine("issuer unavailable", ("failure",))
# `idle` is the time since the export's last progress, in seconds.
SLICE_BEGUN = LogLine("slice begun", ("idle",))
EXPORTED = LogLine("exported", ("client", "export", "contacts", "contacts_until_now", "took"))
EXPORT_ENDED = LogLine("export ended", ("client", "export", "status", "problem", "contacts", "seconds"))
# Every problem has one of these lines: "failed" if the service is to blame, "refused" if the request is.
_PROBLEM_FIELDS = ("problem", "failure", "code", "resource")
FAILED = LogLine("failed", _PROBLEM_FIELDS)
REFUSED = LogLine("refused", _PROBLEM_FIELDS)
