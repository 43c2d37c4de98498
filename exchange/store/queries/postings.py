"""Where an account or an asset was last posted, by the chain that every posting carries."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table, select

from exchange.core.ids import make_id
from exchange.store.queries.reader import Snapshot
from exchange.store.schema.custody import BalanceTable, PostingTable

BALANCES, POSTINGS = cast("Table", BalanceTable.__table__), cast("Table", PostingTable.__table__)


def last_posted(snapshot: Snapshot, asset_id: int) -> int:
    """The last row that posted an asset on any account; 0: none."""
    query = select(BALANCES.c.last_sequence).where(BALANCES.c.asset_id == asset_id)
    found = snapshot.first(query.order_by(BALANCES.c.last_sequence.desc()).limit(1))
    return int(found[0]) if found is not None else 0


def posted_up_to(snapshot: Snapshot, account_id: int, asset_id: int, through: int, most: int) -> int | None:
    """The last row up to `through` that posted an asset on an account; 0: none; None: more than `most` came later."""
    key = (BALANCES.c.asset_id == asset_id) & (BALANCES.c.account_id == account_id)
    found = snapshot.first(select(BALANCES.c.last_sequence).where(key))
    sequence = int(found[0]) if found is not None else 0
    for _ in range(most):
        if sequence <= through:
            return sequence
        query = (
            select(POSTINGS.c.previous_sequence)
            .where(POSTINGS.c.posting_id >= make_id(sequence))
            .where(POSTINGS.c.posting_id < make_id(sequence + 1))
            .where(POSTINGS.c.account_id == account_id)
            .where(POSTINGS.c.asset_id == asset_id)
            .order_by(POSTINGS.c.posting_id)
            .limit(1)
        )
        before = snapshot.first(query)
        sequence = int(before[0]) if before is not None else 0
    return None
