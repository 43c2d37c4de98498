"""keys by blocks of the journal

A key's index value was 64 bits of its hash, so each new row was entered at a random place of a long index. It is now
the row's block of the journal with 34 bits of the hash: new rows are entered close together.
"""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep 34 bits of each hash, behind the block of 16,384 rows that its row is in."""
    op.execute(
        "UPDATE journal SET key_hash = ((sequence >> 14) << 34) | (key_hash & 17179869183) WHERE key_hash IS NOT NULL"
    )


def downgrade() -> None:
    """Hash every key again, a stretch of the journal at a time."""
    connection = op.get_bind()
    found = sa.text("SELECT sequence, principal, key FROM journal WHERE sequence > :after ORDER BY sequence LIMIT 10000")
    changed = sa.text("UPDATE journal SET key_hash = :hashed WHERE sequence = :sequence")
    after = 0
    while rows := connection.execute(found, {"after": after}).all():
        after = rows[-1].sequence
        hashed = [{"sequence": row.sequence, "hashed": _whole(row.principal, row.key)} for row in rows if row.key]
        if hashed:
            connection.execute(changed, hashed)


def _whole(principal: int, key: str) -> int:
    return int.from_bytes(sha256(principal.to_bytes(8, "big") + key.encode()).digest()[:8], "big", signed=True)
