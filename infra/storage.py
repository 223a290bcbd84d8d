"""What the functions keep: in two tables, and the keys that cursors are signed with."""

from collections.abc import Sequence

from constructs import Construct

from infra.cursor_key import CursorKey
from infra.durable_table import DurableTable
from infra.transient_table import TransientTable


class Storage(Construct):
    """Both tables and the keys, of which the first signs."""

    def __init__(self, scope: Construct, name: str, *, cursor_keys: Sequence[str]) -> None:
        super().__init__(scope, name)
        self.cursor_keys = [CursorKey(self, f"CursorKey{key}") for key in cursor_keys]
        self.transient_table = TransientTable(self, "TransientTable")
        self.durable_table = DurableTable(self, "DurableTable")
