"""Order conditions, book standings and trading rules; an order knows who entered it, and its number in its queue.

Until now an order's `priority` was the sequence at which it joined its queue; a book now counts its own numbers, of
which each sequence has 1,024, so that several orders can join in one command.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('book_standings',
    sa.Column('instrument_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('matching', sa.BigInteger(), nullable=False),
    sa.Column('call', sa.BigInteger(), nullable=False),
    sa.Column('fixed_ticks', sa.BigInteger(), nullable=False),
    sa.Column('reference_ticks', sa.BigInteger(), nullable=False),
    sa.Column('band_low_ticks', sa.BigInteger(), nullable=False),
    sa.Column('band_high_ticks', sa.BigInteger(), nullable=False),
    sa.Column('reached', sa.LargeBinary(), nullable=False),
    sa.Column('uncross_ticks', sa.BigInteger(), nullable=False),
    sa.Column('uncross_lots', sa.BigInteger(), nullable=False),
    sa.Column('pegged_to', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('instrument_id', name=op.f('pk_book_standings'))
    )
    op.create_table('order_conditions',
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('self_trade_prevention', sa.Text(), nullable=False),
    sa.Column('group_id', sa.BigInteger(), nullable=False),
    sa.Column('stop_ticks', sa.BigInteger(), nullable=False),
    sa.Column('trail_ticks', sa.BigInteger(), nullable=False),
    sa.Column('offset_ticks', sa.BigInteger(), nullable=False),
    sa.Column('display_lots', sa.BigInteger(), nullable=False),
    sa.Column('minimum_lots', sa.BigInteger(), nullable=False),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.Column('post_only', sa.Boolean(), nullable=False),
    sa.Column('all_or_none', sa.Boolean(), nullable=False),
    sa.Column('oco_order_id', sa.BigInteger(), nullable=False),
    sa.Column('expires_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('price_ticks', sa.BigInteger(), nullable=False),
    sa.Column('level_ticks', sa.BigInteger(), nullable=False),
    sa.Column('reserve_lots', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('order_id', name=op.f('pk_order_conditions'))
    )
    op.create_table('sessions',
    sa.Column('instrument_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('following', sa.Text(), nullable=False),
    sa.Column('first_end_ns', sa.BigInteger(), nullable=False),
    sa.Column('random_seconds', sa.BigInteger(), nullable=False),
    sa.Column('extended', sa.Boolean(), nullable=False),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('seed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('instrument_id', name=op.f('pk_sessions'))
    )
    op.add_column('accounts', sa.Column('orders_killed', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('markets', sa.Column('trading_rules', sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column('markets', sa.Column('trading_rules_version', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('members', sa.Column('group_id', sa.BigInteger(), nullable=False, server_default='0'))
    op.add_column('orders', sa.Column('entered_by', sa.BigInteger(), nullable=False, server_default='0'))
    op.execute(
        'UPDATE orders SET priority = priority * 1024, entered_by = coalesce('
        '(SELECT principal FROM journal WHERE journal.sequence = orders.order_id / 1024), 0)'
    )


def downgrade() -> None:
    """Undo it."""
    op.execute('UPDATE orders SET priority = priority / 1024')
    op.drop_column('orders', 'entered_by')
    op.drop_column('members', 'group_id')
    op.drop_column('markets', 'trading_rules_version')
    op.drop_column('markets', 'trading_rules')
    op.drop_column('accounts', 'orders_killed')
    op.drop_table('order_conditions')
    op.drop_table('sessions')
    op.drop_table('book_standings')
