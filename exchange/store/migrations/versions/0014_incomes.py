"""incomes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('incomes',
    sa.Column('income_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('outcome_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('evidence_sha256', sa.Text(), nullable=False),
    sa.Column('profit_year', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('distribution_id', sa.BigInteger(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('income_id', name=op.f('pk_incomes'))
    )
    op.create_table('distributions',
    sa.Column('distribution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('income_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('share_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('gross_minor', sa.BigInteger(), nullable=False),
    sa.Column('deducted', sa.LargeBinary(), nullable=False),
    sa.Column('net_minor', sa.BigInteger(), nullable=False),
    sa.Column('pots', sa.LargeBinary(), nullable=False),
    sa.Column('jurisdiction', sa.Text(), nullable=False),
    sa.Column('overlays_version', sa.BigInteger(), nullable=False),
    sa.Column('withholding_ppm', sa.BigInteger(), nullable=False),
    sa.Column('withholding_rule', sa.LargeBinary(), nullable=False),
    sa.Column('treaties', sa.LargeBinary(), nullable=False),
    sa.Column('record_date', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.BigInteger(), nullable=False),
    sa.Column('proposed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('record_sequence', sa.BigInteger(), nullable=False),
    sa.Column('holders', sa.BigInteger(), nullable=False),
    sa.Column('record_units', sa.BigInteger(), nullable=False),
    sa.Column('pages', sa.BigInteger(), nullable=False),
    sa.Column('lines', sa.BigInteger(), nullable=False),
    sa.Column('planned_minor', sa.BigInteger(), nullable=False),
    sa.Column('withholding_minor', sa.BigInteger(), nullable=False),
    sa.Column('plan_sha256', sa.Text(), nullable=False),
    sa.Column('approved_by', sa.BigInteger(), nullable=False),
    sa.Column('escrow_account_id', sa.BigInteger(), nullable=False),
    sa.Column('tax_account_id', sa.BigInteger(), nullable=False),
    sa.Column('paid_pages', sa.BigInteger(), nullable=False),
    sa.Column('withheld_minor', sa.BigInteger(), nullable=False),
    sa.Column('remitted_minor', sa.BigInteger(), nullable=False),
    sa.Column('waiting', sa.BigInteger(), nullable=False),
    sa.Column('waiting_minor', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('distribution_id', name=op.f('pk_distributions'))
    )
    op.create_index('ix_distributions_live', 'distributions', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('plan_pages',
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('distribution_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('holder_place', sa.BigInteger(), nullable=False),
    sa.Column('lines', sa.LargeBinary(), nullable=False),
    sa.Column('plan_sha256', sa.Text(), nullable=False),
    sa.Column('paid_sequence', sa.BigInteger(), nullable=False),
    sa.Column('dropped', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('page_id', name=op.f('pk_plan_pages'))
    )
    op.create_index('ix_plan_pages_live', 'plan_pages', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_plan_pages_distribution_id', 'plan_pages', ['distribution_id'], unique=False)
    op.create_table('unclaimed',
    sa.Column('unclaimed_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('distribution_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('gross_minor', sa.BigInteger(), nullable=False),
    sa.Column('withheld_minor', sa.BigInteger(), nullable=False),
    sa.Column('released_sequence', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('unclaimed_id', name=op.f('pk_unclaimed'))
    )
    op.create_index('ix_unclaimed_live', 'unclaimed', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_table('incomes')
    op.drop_index('ix_distributions_live', table_name='distributions')
    op.drop_table('distributions')
    op.drop_index('ix_plan_pages_live', table_name='plan_pages')
    op.drop_index('ix_plan_pages_distribution_id', table_name='plan_pages')
    op.drop_table('plan_pages')
    op.drop_index('ix_unclaimed_live', table_name='unclaimed')
    op.drop_table('unclaimed')
