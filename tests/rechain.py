"""Give a database's journal the chain that its rows have: when a test laid them down or rewrote history."""

from __future__ import annotations

import sqlite3

from exchange.core.wire import split_events
from exchange.node.codec import chain_hash, command_hash, leaf_hash
from exchange.node.verify import Entry

COLUMNS = ", ".join(Entry.__slots__)


def close_gaps(file: sqlite3.Connection) -> None:
    """Repeat a row where a test put something into the tables without a command, so that the sequences have no gap."""
    ((last,),) = file.execute("SELECT max(sequence) FROM journal")
    there = {sequence for (sequence,) in file.execute("SELECT sequence FROM journal")}
    for sequence in range(2, last):
        if sequence not in there:
            copied = COLUMNS.replace("sequence", "?", 1).replace("at_ns", "at_ns + 1")
            file.execute(
                f"INSERT INTO journal SELECT {copied} FROM journal WHERE sequence = ?", (sequence, sequence - 1)
            )


def rechain(file: sqlite3.Connection) -> bytes:
    """Compute every link again from the rows as they are; answers the last one."""
    chain = bytes(32)
    for row in file.execute(f"SELECT {COLUMNS} FROM journal ORDER BY sequence").fetchall():
        entry = Entry(*row)
        asked = command_hash(entry.principal, entry.connection_id, (entry.key or "").encode(), entry.command)
        leaf = leaf_hash(entry.header, entry.engine_version, asked, split_events(entry.events), entry.salt)
        chain = chain_hash(chain, leaf)
        file.execute("UPDATE journal SET chain = ? WHERE sequence = ?", (chain, entry.sequence))
    return chain
