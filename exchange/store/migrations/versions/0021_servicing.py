"""servicing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('servicings',
    sa.Column('servicing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('originator_account_id', sa.BigInteger(), nullable=False),
    sa.Column('servicer_account_id', sa.BigInteger(), nullable=False),
    sa.Column('trustee_account_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('deal_text', sa.Text(), nullable=False),
    sa.Column('deal_sha256', sa.Text(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('classes', sa.LargeBinary(), nullable=False),
    sa.Column('accounts', sa.LargeBinary(), nullable=False),
    sa.Column('payees', sa.LargeBinary(), nullable=False),
    sa.Column('running', sa.LargeBinary(), nullable=False),
    sa.Column('calendar', sa.LargeBinary(), nullable=False),
    sa.Column('collections_account_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.BigInteger(), nullable=False),
    sa.Column('deposited_minor', sa.BigInteger(), nullable=False),
    sa.Column('repurchased_minor', sa.BigInteger(), nullable=False),
    sa.Column('record_sequence', sa.BigInteger(), nullable=False),
    sa.Column('collection_id', sa.BigInteger(), nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=False),
    sa.Column('paying', sa.Boolean(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('servicing_id', name=op.f('pk_servicings'))
    )
    op.create_index('ix_servicings_live', 'servicings', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('duties',
    sa.Column('duty_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('servicing_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('due_ns', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('duty_id', name=op.f('pk_duties'))
    )
    op.create_index('ix_duties_live', 'duties', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('collections',
    sa.Column('collection_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('servicing_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('parts', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('last_key', sa.Text(), nullable=False),
    sa.Column('totals', sa.LargeBinary(), nullable=False),
    sa.Column('rows_sha256', sa.Text(), nullable=False),
    sa.Column('figures', sa.LargeBinary(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('collection_id', name=op.f('pk_collections'))
    )
    op.create_index('ix_collections_live', 'collections', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('collection_pages',
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('collection_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.LargeBinary(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('page_id', name=op.f('pk_collection_pages'))
    )
    op.create_index('ix_collection_pages_collection_id', 'collection_pages', ['collection_id'], unique=False)
    op.create_table('deal_payments',
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('servicing_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.BigInteger(), nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('collection_id', sa.BigInteger(), nullable=False),
    sa.Column('failed_supports', sa.LargeBinary(), nullable=False),
    sa.Column('result', sa.LargeBinary(), nullable=False),
    sa.Column('after', sa.LargeBinary(), nullable=False),
    sa.Column('pay_ins', sa.LargeBinary(), nullable=False),
    sa.Column('plan_sha256', sa.Text(), nullable=False),
    sa.Column('prepared_by', sa.BigInteger(), nullable=False),
    sa.Column('prepared_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('approved_by', sa.BigInteger(), nullable=False),
    sa.Column('escrow_account_id', sa.BigInteger(), nullable=False),
    sa.Column('classes_left', sa.BigInteger(), nullable=False),
    sa.Column('waiting_minor', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('payment_id', name=op.f('pk_deal_payments'))
    )
    op.create_index('ix_deal_payments_live', 'deal_payments', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('class_payments',
    sa.Column('class_payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('servicing_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('period', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('record_sequence', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=False),
    sa.Column('pot_minor', sa.BigInteger(), nullable=False),
    sa.Column('redeems', sa.Boolean(), nullable=False),
    sa.Column('holders', sa.BigInteger(), nullable=False),
    sa.Column('record_units', sa.BigInteger(), nullable=False),
    sa.Column('pages', sa.BigInteger(), nullable=False),
    sa.Column('paid_minor', sa.BigInteger(), nullable=False),
    sa.Column('burned_units', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('class_payment_id', name=op.f('pk_class_payments'))
    )
    op.create_index('ix_class_payments_live', 'class_payments', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('payment_pages',
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('class_payment_id', sa.BigInteger(), nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('first_account_id', sa.BigInteger(), nullable=False),
    sa.Column('last_account_id', sa.BigInteger(), nullable=False),
    sa.Column('lines', sa.LargeBinary(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('page_id', name=op.f('pk_payment_pages'))
    )
    op.create_index('ix_payment_pages_payment_id', 'payment_pages', ['payment_id'], unique=False)
    op.create_table('unpaid_parts',
    sa.Column('unpaid_part_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('payment_id', sa.BigInteger(), nullable=False),
    sa.Column('escrow_account_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('released_sequence', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('unpaid_part_id', name=op.f('pk_unpaid_parts'))
    )
    op.create_index('ix_unpaid_parts_live', 'unpaid_parts', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_servicings_live', table_name='servicings', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('servicings')
    op.drop_index('ix_duties_live', table_name='duties', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('duties')
    op.drop_index('ix_collections_live', table_name='collections', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('collections')
    op.drop_index('ix_collection_pages_collection_id', table_name='collection_pages')
    op.drop_table('collection_pages')
    op.drop_index('ix_deal_payments_live', table_name='deal_payments', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('deal_payments')
    op.drop_index('ix_class_payments_live', table_name='class_payments', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('class_payments')
    op.drop_index('ix_payment_pages_payment_id', table_name='payment_pages')
    op.drop_table('payment_pages')
    op.drop_index('ix_unpaid_parts_live', table_name='unpaid_parts', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('unpaid_parts')
