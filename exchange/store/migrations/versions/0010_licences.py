"""licences"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. Every contract so far is a deal's."""
    op.create_table('licences',
    sa.Column('licence_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('licensor_account_id', sa.BigInteger(), nullable=False),
    sa.Column('licensee_account_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('scope', sa.LargeBinary(), nullable=False),
    sa.Column('sublicence', sa.Boolean(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('licensee_fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('licensor_fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('items', sa.LargeBinary(), nullable=False),
    sa.Column('fee_version', sa.BigInteger(), nullable=False),
    sa.Column('jurisdiction', sa.Text(), nullable=False),
    sa.Column('overlays_version', sa.BigInteger(), nullable=False),
    sa.Column('publicity_days', sa.BigInteger(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('approval_sha256', sa.Text(), nullable=False),
    sa.Column('terms_sha256', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.BigInteger(), nullable=False),
    sa.Column('proposed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('open_licence_id', sa.BigInteger(), nullable=False),
    sa.Column('accepted_by', sa.BigInteger(), nullable=False),
    sa.Column('publicity_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('objected_by', sa.BigInteger(), nullable=False),
    sa.Column('licensor_signed_by', sa.BigInteger(), nullable=False),
    sa.Column('licensee_signed_by', sa.BigInteger(), nullable=False),
    sa.Column('escrow_minor', sa.BigInteger(), nullable=False),
    sa.Column('in_force_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('recordal_due_ns', sa.BigInteger(), nullable=False),
    sa.Column('recorded_on', sa.Text(), nullable=False),
    sa.Column('office_reference', sa.Text(), nullable=False),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('ending_by', sa.BigInteger(), nullable=False),
    sa.Column('ending_side', sa.Text(), nullable=False),
    sa.Column('ended_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('licence_id', name=op.f('pk_licences'))
    )
    op.create_index('ix_licences_live', 'licences', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_licences_asset_id', 'licences', ['asset_id'], unique=False)
    op.create_table('open_licences',
    sa.Column('open_licence_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('scope', sa.LargeBinary(), nullable=False),
    sa.Column('fee_minor', sa.BigInteger(), nullable=False),
    sa.Column('jurisdiction', sa.Text(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('declared_by', sa.BigInteger(), nullable=False),
    sa.Column('declared_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('published_by', sa.BigInteger(), nullable=False),
    sa.Column('published_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('office_reference', sa.Text(), nullable=False),
    sa.Column('taken', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('open_licence_id', name=op.f('pk_open_licences'))
    )
    op.create_index('ix_open_licences_live', 'open_licences', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('price_offers',
    sa.Column('price_offer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('listing_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('seller_account_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('deposit_minor', sa.BigInteger(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('payment_days', sa.BigInteger(), nullable=False),
    sa.Column('closes_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('wait_for_recordal', sa.Boolean(), nullable=False),
    sa.Column('jurisdiction', sa.Text(), nullable=False),
    sa.Column('fee_version', sa.BigInteger(), nullable=False),
    sa.Column('overlays_version', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('offered_by', sa.BigInteger(), nullable=False),
    sa.Column('offered_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('taker_account_id', sa.BigInteger(), nullable=False),
    sa.Column('deposit_held_minor', sa.BigInteger(), nullable=False),
    sa.Column('deal_id', sa.BigInteger(), nullable=False),
    sa.Column('due_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('price_offer_id', name=op.f('pk_price_offers'))
    )
    op.create_index('ix_price_offers_live', 'price_offers', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    with op.batch_alter_table('payment_plans') as batch:
        batch.add_column(sa.Column('licence_id', sa.BigInteger(), nullable=False, server_default='0'))
    with op.batch_alter_table('payment_plans') as batch:
        batch.alter_column('licence_id', existing_type=sa.BigInteger(), existing_nullable=False, server_default=None)
    with op.batch_alter_table('obligations') as batch:
        batch.add_column(sa.Column('licence_id', sa.BigInteger(), nullable=False, server_default='0'))
    with op.batch_alter_table('obligations') as batch:
        batch.alter_column('licence_id', existing_type=sa.BigInteger(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('obligations') as batch:
        batch.drop_column('licence_id')
    with op.batch_alter_table('payment_plans') as batch:
        batch.drop_column('licence_id')
    op.drop_index('ix_licences_asset_id', table_name='licences')
    op.drop_index('ix_licences_live', table_name='licences', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('licences')
    op.drop_index('ix_open_licences_live', table_name='open_licences', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('open_licences')
    op.drop_index('ix_price_offers_live', table_name='price_offers', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('price_offers')
