"""Errors of exports, as far as callers are told them apart."""


class TooManyExportsError(Exception):
    """The client has `most` exports: unfinished ones, or all that have not expired."""

    def __init__(self, most: int, *, are_unfinished: bool) -> None:
        super().__init__(f"{most} exports")
        self.most = most
        self.are_unfinished = are_unfinished


class KeyReusedError(Exception):
    """The Idempotency-Key belongs to an export with another body."""


class SearchTooLargeError(Exception):
    """The search has more bytes than can be stored with its export. `most` says how many it may have, compressed."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} bytes")
        self.most = most


class GrantChangedError(Exception):
    """The grant under which the export was created has changed or was revoked."""


class NotConfiguredError(Exception):
    """The service has no bucket or no state machine for exports."""


class NotStartedError(Exception):
    """The state machine of exports cannot be started. `code` may be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class FilesUnavailableError(Exception):
    """The bucket of exports cannot be reached, or does not accept what is written. `code` may be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
