"""The compiled twin of hot.py; see _hot.pyx."""

from exchange.node.ports import JournalRow
from exchange.store.save.changes import Changes, HotTables

def gather(rows: list[JournalRow], changes: Changes) -> HotTables:
    """The hot tables' rows of a batch's journal rows; what else they change goes into `changes`."""
