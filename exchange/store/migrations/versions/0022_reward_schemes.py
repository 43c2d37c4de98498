"""reward_schemes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('schemes',
    sa.Column('scheme_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('programme', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('text_hash', sa.Text(), nullable=False),
    sa.Column('sponsor_account_id', sa.BigInteger(), nullable=False),
    sa.Column('sponsor_member_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('by_order', sa.Boolean(), nullable=False),
    sa.Column('budget_minor', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('called_minor', sa.BigInteger(), nullable=False),
    sa.Column('paid_minor', sa.BigInteger(), nullable=False),
    sa.Column('amounts', sa.LargeBinary(), nullable=False),
    sa.Column('decision_sha256', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('scheme_id', name=op.f('pk_schemes'))
    )
    op.create_table('scheme_calls',
    sa.Column('call_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('scheme_id', sa.BigInteger(), nullable=False),
    sa.Column('year', sa.BigInteger(), nullable=False),
    sa.Column('opens_on', sa.Text(), nullable=False),
    sa.Column('closes_on', sa.Text(), nullable=False),
    sa.Column('budget_minor', sa.BigInteger(), nullable=False),
    sa.Column('left_minor', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('call_id', name=op.f('pk_scheme_calls'))
    )
    op.create_table('reward_events',
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('happened_on', sa.Text(), nullable=False),
    sa.Column('parties', sa.LargeBinary(), nullable=False),
    sa.Column('facts', sa.LargeBinary(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('product_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_reward_events'))
    )
    op.create_table('applications',
    sa.Column('application_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('scheme_id', sa.BigInteger(), nullable=False),
    sa.Column('call_id', sa.BigInteger(), nullable=False),
    sa.Column('year', sa.BigInteger(), nullable=False),
    sa.Column('programme', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('product_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('evidence', sa.LargeBinary(), nullable=False),
    sa.Column('asked_minor', sa.BigInteger(), nullable=False),
    sa.Column('awarded_minor', sa.BigInteger(), nullable=False),
    sa.Column('figures', sa.LargeBinary(), nullable=False),
    sa.Column('submitted_sequence', sa.BigInteger(), nullable=False),
    sa.Column('accepted', sa.Boolean(), nullable=False),
    sa.Column('points', sa.BigInteger(), nullable=False),
    sa.Column('decision_sha256', sa.Text(), nullable=False),
    sa.Column('judged_by', sa.BigInteger(), nullable=False),
    sa.Column('objected_by', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('notice_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('appeal_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('was_appealed', sa.Boolean(), nullable=False),
    sa.Column('order_reference', sa.Text(), nullable=False),
    sa.Column('voucher_sha256', sa.Text(), nullable=False),
    sa.Column('paid_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('trigger', sa.Text(), nullable=False),
    sa.Column('clawback_sha256', sa.Text(), nullable=False),
    sa.Column('repaid_voucher_sha256', sa.Text(), nullable=False),
    sa.Column('clawback_minor', sa.BigInteger(), nullable=False),
    sa.Column('repaid_minor', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('application_id', name=op.f('pk_applications'))
    )
    op.create_index('ix_applications_live', 'applications', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_applications_call_id', 'applications', ['call_id'], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_applications_call_id', table_name='applications')
    op.drop_index('ix_applications_live', table_name='applications', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('applications')
    op.drop_table('reward_events')
    op.drop_table('scheme_calls')
    op.drop_table('schemes')
