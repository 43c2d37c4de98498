"""pools"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('pools',
    sa.Column('pool_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('issuer_account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('cut_off_date', sa.Text(), nullable=False),
    sa.Column('final_date', sa.Text(), nullable=False),
    sa.Column('revolving_until', sa.Text(), nullable=False),
    sa.Column('rules', sa.LargeBinary(), nullable=False),
    sa.Column('rules_sha256', sa.Text(), nullable=False),
    sa.Column('haircut_ppm', sa.BigInteger(), nullable=False),
    sa.Column('valuation_days', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('assets', sa.LargeBinary(), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=False),
    sa.Column('borrowing_base_minor', sa.BigInteger(), nullable=False),
    sa.Column('debtors', sa.BigInteger(), nullable=False),
    sa.Column('hhi_ppm2', sa.BigInteger(), nullable=False),
    sa.Column('failed', sa.BigInteger(), nullable=False),
    sa.Column('failures', sa.LargeBinary(), nullable=False),
    sa.Column('checked_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('seal_sha256', sa.Text(), nullable=False),
    sa.Column('sealed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('sold_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('agreement_sha256', sa.Text(), nullable=False),
    sa.Column('tripped', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('pool_id', name=op.f('pk_pools'))
    )
    op.create_table('pool_assets',
    sa.Column('pool_asset_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('pool_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('originator_account_id', sa.BigInteger(), nullable=False),
    sa.Column('holder_account_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor_account_id', sa.BigInteger(), nullable=False),
    sa.Column('debtor', sa.Text(), nullable=False),
    sa.Column('right_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('encumbrance_id', sa.BigInteger(), nullable=False),
    sa.Column('flows', sa.LargeBinary(), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=False),
    sa.Column('held_units', sa.BigInteger(), nullable=False),
    sa.Column('last_due', sa.Text(), nullable=False),
    sa.Column('industry', sa.Text(), nullable=False),
    sa.Column('region', sa.Text(), nullable=False),
    sa.Column('arrears_days', sa.BigInteger(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('least_ppm', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('registered_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('sold_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('tripped', sa.Text(), nullable=False),
    sa.Column('tripped_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('pool_asset_id', name=op.f('pk_pool_assets'))
    )
    op.create_index('ix_pool_assets_live', 'pool_assets', ['pool_id'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('valuations',
    sa.Column('valuation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('right_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('value_minor', sa.BigInteger(), nullable=False),
    sa.Column('valued_on', sa.Text(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('valuer_member_id', sa.BigInteger(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('recorded_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('newest', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('valuation_id', name=op.f('pk_valuations'))
    )
    op.create_index('ix_valuations_live', 'valuations', ['right_asset_id'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_valuations_live', table_name='valuations', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('valuations')
    op.drop_index('ix_pool_assets_live', table_name='pool_assets', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('pool_assets')
    op.drop_table('pools')
