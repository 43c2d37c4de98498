"""trade_corrections"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('trade_corrections',
    sa.Column('trade_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('instrument_id', sa.BigInteger(), nullable=False),
    sa.Column('remedy', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('evidence_sha256', sa.Text(), nullable=False),
    sa.Column('price_ticks', sa.BigInteger(), nullable=False),
    sa.Column('corrected_ticks', sa.BigInteger(), nullable=False),
    sa.Column('quantity_lots', sa.BigInteger(), nullable=False),
    sa.Column('trade_n', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.BigInteger(), nullable=False),
    sa.Column('decided_at_ns', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('trade_id', name=op.f('pk_trade_corrections'))
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table('trade_corrections')
