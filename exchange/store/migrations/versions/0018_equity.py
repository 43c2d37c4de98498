"""equity"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('companies',
    sa.Column('company_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('founders', sa.LargeBinary(), nullable=False),
    sa.Column('charter', sa.LargeBinary(), nullable=False),
    sa.Column('jurisdiction', sa.Text(), nullable=False),
    sa.Column('overlays_version', sa.BigInteger(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('terms_sha256', sa.Text(), nullable=False),
    sa.Column('publicity_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.BigInteger(), nullable=False),
    sa.Column('proposed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('right_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('contracted_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('founded_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('effective_date', sa.Text(), nullable=False),
    sa.Column('office_reference', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('company_id', name=op.f('pk_companies'))
    )
    op.create_table('contributions',
    sa.Column('contribution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('company_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('company_account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('held_minor', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('held_units', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('signed_by', sa.BigInteger(), nullable=False),
    sa.Column('signed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('contribution_id', name=op.f('pk_contributions'))
    )
    op.create_index('ix_contributions_live', 'contributions', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('equity_notices',
    sa.Column('notice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('offer_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('seller_account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('weight', sa.BigInteger(), nullable=False),
    sa.Column('until_ns', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('consents', sa.Boolean(), nullable=False),
    sa.Column('held_minor', sa.BigInteger(), nullable=False),
    sa.Column('answered_by', sa.BigInteger(), nullable=False),
    sa.Column('answered_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('over', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('notice_id', name=op.f('pk_equity_notices'))
    )
    op.create_index('ix_equity_notices_live', 'equity_notices', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_equity_notices_offer_id', 'equity_notices', ['offer_id'], unique=False)
    op.create_table('equity_offers',
    sa.Column('offer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('company_id', sa.BigInteger(), nullable=False),
    sa.Column('company_account_id', sa.BigInteger(), nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('seller_account_id', sa.BigInteger(), nullable=False),
    sa.Column('buyer_account_id', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('buyer_fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('seller_fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('fee_version', sa.BigInteger(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('terms_sha256', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.BigInteger(), nullable=False),
    sa.Column('proposed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('accepted_by', sa.BigInteger(), nullable=False),
    sa.Column('accepted_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('notice_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('escrow_minor', sa.BigInteger(), nullable=False),
    sa.Column('displaced_account_id', sa.BigInteger(), nullable=False),
    sa.Column('parts', sa.LargeBinary(), nullable=False),
    sa.Column('contracted_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('effective_date', sa.Text(), nullable=False),
    sa.Column('known_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('register_reference', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('offer_id', name=op.f('pk_equity_offers'))
    )
    op.create_index('ix_equity_offers_company_id', 'equity_offers', ['company_id'], unique=False)
    op.create_index('ix_equity_offers_live', 'equity_offers', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_table('companies')
    op.drop_index('ix_contributions_live', table_name='contributions', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('contributions')
    op.drop_index('ix_equity_notices_live', table_name='equity_notices', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_index('ix_equity_notices_offer_id', table_name='equity_notices')
    op.drop_table('equity_notices')
    op.drop_index('ix_equity_offers_company_id', table_name='equity_offers')
    op.drop_index('ix_equity_offers_live', table_name='equity_offers', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('equity_offers')
