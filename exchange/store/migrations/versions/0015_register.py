"""register"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('title_entries',
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('from_account_id', sa.BigInteger(), nullable=False),
    sa.Column('to_account_id', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('contracted_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('effective_ns', sa.BigInteger(), nullable=False),
    sa.Column('known_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('corrects', sa.BigInteger(), nullable=False),
    sa.Column('superseded', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('entry_id', name=op.f('pk_title_entries'))
    )
    op.create_index('ix_title_entries_asset_id', 'title_entries', ['asset_id'], unique=False)
    op.create_index('ix_title_entries_live', 'title_entries', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('reconciliations',
    sa.Column('reconciliation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('bank_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('statement_date', sa.Text(), nullable=False),
    sa.Column('statement_sha256', sa.Text(), nullable=False),
    sa.Column('ours', sa.BigInteger(), nullable=False),
    sa.Column('theirs', sa.BigInteger(), nullable=False),
    sa.Column('ours_house_minor', sa.BigInteger(), nullable=False),
    sa.Column('theirs_house_minor', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('lines', sa.BigInteger(), nullable=False),
    sa.Column('last_reference', sa.Text(), nullable=False),
    sa.Column('last_account_id', sa.BigInteger(), nullable=False),
    sa.Column('differences', sa.BigInteger(), nullable=False),
    sa.Column('unresolved', sa.BigInteger(), nullable=False),
    sa.Column('newest', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('reconciliation_id', name=op.f('pk_reconciliations'))
    )
    op.create_index('ix_reconciliations_live', 'reconciliations', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('differences',
    sa.Column('difference_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reconciliation_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('ours', sa.BigInteger(), nullable=False),
    sa.Column('theirs', sa.BigInteger(), nullable=False),
    sa.Column('resolved_by', sa.BigInteger(), nullable=False),
    sa.Column('resolved_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('resolution', sa.Text(), nullable=False),
    sa.Column('evidence_sha256', sa.Text(), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('difference_id', name=op.f('pk_differences'))
    )
    op.create_index('ix_differences_live', 'differences', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_differences_reconciliation_id', 'differences', ['reconciliation_id'], unique=False)
    op.create_table('suspensions',
    sa.Column('asset_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reconciliation_id', sa.BigInteger(), nullable=False),
    sa.Column('since_ns', sa.BigInteger(), nullable=False),
    sa.Column('frozen_before', sa.Boolean(), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('asset_id', name=op.f('pk_suspensions'))
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table('suspensions')
    op.drop_index('ix_differences_reconciliation_id', table_name='differences')
    op.drop_index('ix_differences_live', table_name='differences')
    op.drop_table('differences')
    op.drop_index('ix_reconciliations_live', table_name='reconciliations')
    op.drop_table('reconciliations')
    op.drop_index('ix_title_entries_live', table_name='title_entries')
    op.drop_index('ix_title_entries_asset_id', table_name='title_entries')
    op.drop_table('title_entries')
