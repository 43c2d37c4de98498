"""notices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('announcements',
    sa.Column('announcement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_ids', sa.LargeBinary(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('price_relevant', sa.Boolean(), nullable=False),
    sa.Column('filed_by', sa.BigInteger(), nullable=False),
    sa.Column('filed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.BigInteger(), nullable=False),
    sa.Column('decided_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('halted', sa.LargeBinary(), nullable=False),
    sa.Column('read_out_ns', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('announcement_id', name=op.f('pk_announcements'))
    )
    op.create_index('ix_announcements_live', 'announcements', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('insider_lists',
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('issuer_id', sa.BigInteger(), nullable=False),
    sa.Column('matter', sa.Text(), nullable=False),
    sa.Column('users', sa.LargeBinary(), nullable=False),
    sa.Column('members', sa.LargeBinary(), nullable=False),
    sa.Column('closed_from_ns', sa.BigInteger(), nullable=False),
    sa.Column('closed_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('opened_by', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('ended_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('ended_by', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('list_id', name=op.f('pk_insider_lists'))
    )
    op.create_index('ix_insider_lists_live', 'insider_lists', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('limit_uses',
    sa.Column('limit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('used_minor', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('limit_id', name=op.f('pk_limit_uses'))
    )
    op.create_table('news_numbers',
    sa.Column('channel', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('channel', name=op.f('pk_news_numbers'))
    )
    op.create_table('trading_limits',
    sa.Column('limit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('by_venue', sa.Boolean(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('order_value_minor', sa.BigInteger(), nullable=False),
    sa.Column('day_value_minor', sa.BigInteger(), nullable=False),
    sa.Column('open_value_minor', sa.BigInteger(), nullable=False),
    sa.Column('price_distance_ppm', sa.BigInteger(), nullable=False),
    sa.Column('position_lots', sa.BigInteger(), nullable=False),
    sa.Column('set_by', sa.BigInteger(), nullable=False),
    sa.Column('set_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('limit_id', name=op.f('pk_trading_limits'))
    )
    op.create_index('ix_trading_limits_live', 'trading_limits', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_trading_limits_live', table_name='trading_limits')
    op.drop_table('trading_limits')
    op.drop_table('news_numbers')
    op.drop_table('limit_uses')
    op.drop_index('ix_insider_lists_live', table_name='insider_lists')
    op.drop_table('insider_lists')
    op.drop_index('ix_announcements_live', table_name='announcements')
    op.drop_table('announcements')
