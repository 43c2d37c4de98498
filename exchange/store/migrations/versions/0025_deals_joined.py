"""deals_joined"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

ADDED: dict[str, tuple[tuple[str, Any, str], ...]] = {
    'closing_items': (('pool_asset_id', sa.BigInteger(), 'zero'),),
    'collections': (('fallen', sa.LargeBinary(), 'empty'),),
    'pools': (('issue_id', sa.BigInteger(), 'zero'),),
    'servicings': (
        ('issue_id', sa.BigInteger(), 'zero'),
        ('pool_id', sa.BigInteger(), 'zero'),
        ('fallen', sa.LargeBinary(), 'empty'),
        ('backup_account_id', sa.BigInteger(), 'zero'),
        ('perfected_at_ns', sa.BigInteger(), 'zero'),
        ('perfection_sha256', sa.Text(), 'text'),
    ),
}
"""New columns: what is there hangs on no issue or pool, and counted no fallen rights: in msgpack an empty list."""


def upgrade() -> None:
    """Make the change."""
    sqlite = op.get_bind().dialect.name == 'sqlite'
    nothing = {
        'text': sa.text("''"),
        'zero': sa.text('0'),
        'empty': sa.text("X'90'" if sqlite else r"'\x90'::bytea"),
    }
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name, kind, default in columns:
                batch.add_column(sa.Column(name, kind, nullable=False, server_default=nothing[default]))
        with op.batch_alter_table(table) as batch:
            for name, kind, _ in columns:
                batch.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)
    op.create_table('projected_periods',
    sa.Column('projected_period_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('servicing_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('servicer_account_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('projected', sa.LargeBinary(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('collection_id', sa.BigInteger(), nullable=False),
    sa.Column('difference', sa.LargeBinary(), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('projected_period_id', name=op.f('pk_projected_periods'))
    )
    op.create_index('ix_projected_periods_live', 'projected_periods', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_projected_periods_live', table_name='projected_periods', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('projected_periods')
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name, _, _ in columns:
                batch.drop_column(name)
