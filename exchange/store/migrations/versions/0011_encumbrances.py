"""encumbrances"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('encumbrances',
    sa.Column('encumbrance_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('held_units', sa.BigInteger(), nullable=False),
    sa.Column('rank', sa.BigInteger(), nullable=False),
    sa.Column('behind_id', sa.BigInteger(), nullable=False),
    sa.Column('pledgee_account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('secured_minor', sa.BigInteger(), nullable=False),
    sa.Column('claimed_minor', sa.BigInteger(), nullable=False),
    sa.Column('paid_minor', sa.BigInteger(), nullable=False),
    sa.Column('deposit_minor', sa.BigInteger(), nullable=False),
    sa.Column('debt_from', sa.Text(), nullable=False),
    sa.Column('debt_until', sa.Text(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('documents', sa.LargeBinary(), nullable=False),
    sa.Column('annuity_receipt_sha256', sa.Text(), nullable=False),
    sa.Column('twin_filing', sa.Text(), nullable=False),
    sa.Column('invalidation', sa.Text(), nullable=False),
    sa.Column('checks', sa.LargeBinary(), nullable=False),
    sa.Column('consents', sa.LargeBinary(), nullable=False),
    sa.Column('listing_id', sa.BigInteger(), nullable=False),
    sa.Column('halted_ids', sa.LargeBinary(), nullable=False),
    sa.Column('authority', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('effective_date', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.BigInteger(), nullable=False),
    sa.Column('decided_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('encumbrance_id', name=op.f('pk_encumbrances'))
    )
    op.create_index('ix_encumbrances_live', 'encumbrances', ['asset_id'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_encumbrances_live', table_name='encumbrances', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('encumbrances')
