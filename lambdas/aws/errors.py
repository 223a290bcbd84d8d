"""How a call of AWS can fail."""

from typing import Any

# Beside the codes of AWS.
NO_CREDENTIALS, UNREACHABLE, TIMED_OUT, UNREADABLE = "NoCredentials", "Unreachable", "TimedOut", "Unreadable"


class AwsError(Exception):
    """`code` is that of the service's answer, which is `answer`, or one of the above; it can be logged."""

    def __init__(self, code: str, status: int = 0, answer: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code, self.status, self.answer = code, status, answer or {}

    @property
    def message(self) -> str:
        """The service's own words, which may quote what it was sent."""
        return str(self.answer.get("message") or self.answer.get("Message") or "")
