"""What the functions keep: in two tables, and the key that cursors are signed with."""

from constructs import Construct

from infra.cursor_key import CursorKey
from infra.durable_table import DurableTable
from infra.transient_table import TransientTable


class Storage(Construct):
    """Both tables and the key."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        self.cursor_key = CursorKey(self, "CursorKey")
        self.transient_table = TransientTable(self, "TransientTable")
        self.durable_table = DurableTable(self, "DurableTable")
