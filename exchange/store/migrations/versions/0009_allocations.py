"""allocations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('allocations',
    sa.Column('allocation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('instrument_id', sa.BigInteger(), nullable=False),
    sa.Column('side', sa.Text(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('quantity_lots', sa.BigInteger(), nullable=False),
    sa.Column('notional_minor', sa.BigInteger(), nullable=False),
    sa.Column('fees_minor', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.LargeBinary(), nullable=False),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('made_at_ns', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('allocation_id', name=op.f('pk_allocations'))
    )
    op.create_table('day_totals',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('instrument_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('side', sa.Text(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('lots', sa.BigInteger(), nullable=False),
    sa.Column('notional_minor', sa.BigInteger(), nullable=False),
    sa.Column('fees_minor', sa.BigInteger(), nullable=False),
    sa.Column('allocated_lots', sa.BigInteger(), nullable=False),
    sa.Column('allocated_notional_minor', sa.BigInteger(), nullable=False),
    sa.Column('allocated_fees_minor', sa.BigInteger(), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('account_id', 'instrument_id', 'side', 'day', name=op.f('pk_day_totals'))
    )
    op.create_index('ix_day_totals_live', 'day_totals', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.add_column('accounts', sa.Column('allocates', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('approvals', sa.Column('member_id', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('approvals', sa.Column('needed_right', sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column('approvals', sa.Column('decided_by', sa.BigInteger(), nullable=False, server_default='0'))


def downgrade() -> None:
    """Undo it."""
    op.drop_column('approvals', 'decided_by')
    op.drop_column('approvals', 'needed_right')
    op.drop_column('approvals', 'member_id')
    op.drop_column('accounts', 'allocates')
    op.drop_index('ix_day_totals_live', table_name='day_totals')
    op.drop_table('day_totals')
    op.drop_table('allocations')
