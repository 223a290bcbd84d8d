"""Errors of the DynamoDB tables."""

from contact_search.storage.items import Item


class StorageUnavailableError(Exception):
    """A table cannot be reached. `code` may be logged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ConditionFailedError(Exception):
    """The condition of a write does not hold. `item` is what the table has, empty if it has nothing."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item
