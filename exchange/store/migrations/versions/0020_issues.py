"""issues"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. No claim is an issue's so far."""
    op.create_table('issues',
    sa.Column('issue_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('deal_name', sa.Text(), nullable=False),
    sa.Column('deal_version', sa.BigInteger(), nullable=False),
    sa.Column('deal_hash', sa.Text(), nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('parties', sa.LargeBinary(), nullable=False),
    sa.Column('claims', sa.LargeBinary(), nullable=False),
    sa.Column('classes', sa.LargeBinary(), nullable=False),
    sa.Column('accounts', sa.LargeBinary(), nullable=False),
    sa.Column('payees', sa.LargeBinary(), nullable=False),
    sa.Column('closing_fees', sa.LargeBinary(), nullable=False),
    sa.Column('proceeds_account_id', sa.BigInteger(), nullable=False),
    sa.Column('running', sa.LargeBinary(), nullable=False),
    sa.Column('pool_id', sa.BigInteger(), nullable=False),
    sa.Column('shelf_id', sa.BigInteger(), nullable=False),
    sa.Column('offering_id', sa.BigInteger(), nullable=False),
    sa.Column('raised_minor', sa.BigInteger(), nullable=False),
    sa.Column('retained_minor', sa.BigInteger(), nullable=False),
    sa.Column('purchase_minor', sa.BigInteger(), nullable=False),
    sa.Column('proposed_by', sa.BigInteger(), nullable=False),
    sa.Column('proposed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('established_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('issue_id', name=op.f('pk_issues'))
    )
    op.create_table('closing_items',
    sa.Column('closing_item_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('claim_id', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('documents', sa.LargeBinary(), nullable=False),
    sa.Column('reference_id', sa.BigInteger(), nullable=False),
    sa.Column('grade', sa.Text(), nullable=False),
    sa.Column('satisfied_by', sa.BigInteger(), nullable=False),
    sa.Column('satisfied_at_ns', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('closing_item_id', name=op.f('pk_closing_items'))
    )
    op.create_table('note_locks',
    sa.Column('asset_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('asset_id', name=op.f('pk_note_locks'))
    )
    op.create_table('shelves',
    sa.Column('shelf_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('authority', sa.Text(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('least_draw_minor', sa.BigInteger(), nullable=False),
    sa.Column('most_draw_minor', sa.BigInteger(), nullable=False),
    sa.Column('most_draws', sa.BigInteger(), nullable=False),
    sa.Column('first_draw_by', sa.Text(), nullable=False),
    sa.Column('expires_on', sa.Text(), nullable=False),
    sa.Column('drawn_minor', sa.BigInteger(), nullable=False),
    sa.Column('draws', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('shelf_id', name=op.f('pk_shelves'))
    )
    op.create_table('offerings',
    sa.Column('offering_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('issuer_account_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('pricing', sa.Text(), nullable=False),
    sa.Column('allotment', sa.Text(), nullable=False),
    sa.Column('classes', sa.LargeBinary(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('ends_ns', sa.BigInteger(), nullable=False),
    sa.Column('lapses_ns', sa.BigInteger(), nullable=False),
    sa.Column('book_cap_minor', sa.BigInteger(), nullable=False),
    sa.Column('refund_rate_ppm', sa.BigInteger(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('reserve_held_minor', sa.BigInteger(), nullable=False),
    sa.Column('locked_minor', sa.BigInteger(), nullable=False),
    sa.Column('bids', sa.BigInteger(), nullable=False),
    sa.Column('raised_minor', sa.BigInteger(), nullable=False),
    sa.Column('refunded_minor', sa.BigInteger(), nullable=False),
    sa.Column('interest_minor', sa.BigInteger(), nullable=False),
    sa.Column('results', sa.LargeBinary(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('offering_id', name=op.f('pk_offerings'))
    )
    op.create_table('book_bids',
    sa.Column('book_bid_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('offering_id', sa.BigInteger(), nullable=False),
    sa.Column('issue_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('class_name', sa.Text(), nullable=False),
    sa.Column('notes', sa.BigInteger(), nullable=False),
    sa.Column('bid_limit', sa.BigInteger(), nullable=False),
    sa.Column('held_minor', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('bid_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('allotted_notes', sa.BigInteger(), nullable=False),
    sa.Column('paid_minor', sa.BigInteger(), nullable=False),
    sa.Column('interest_minor', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('book_bid_id', name=op.f('pk_book_bids'))
    )
    op.create_index('ix_book_bids_live', 'book_bids', ['offering_id'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.add_column('claims', sa.Column('issue_id', sa.BigInteger(), nullable=False, server_default='0'))


def downgrade() -> None:
    """Undo it."""
    op.drop_column('claims', 'issue_id')
    op.drop_index('ix_book_bids_live', table_name='book_bids', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    for table in ('book_bids', 'offerings', 'shelves', 'note_locks', 'closing_items', 'issues'):
        op.drop_table(table)
