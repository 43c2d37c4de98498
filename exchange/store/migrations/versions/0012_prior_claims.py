"""prior_claims"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

ADDED: dict[str, tuple[tuple[str, Any, str], ...]] = {
    'deals': (
        ('burdens_sha256', sa.Text(), 'text'),
        ('burdens', sa.LargeBinary(), 'empty'),
        ('preemption_until_ns', sa.BigInteger(), 'zero'),
        ('displaced_account_id', sa.BigInteger(), 'zero'),
        ('parts', sa.LargeBinary(), 'empty'),
    ),
    'last_sales': (('sides', sa.LargeBinary(), 'empty'),),
    'outcomes': (('holders', sa.LargeBinary(), 'empty'),),
}
"""New columns: what is there has no burdens, parts, sides or holders, which in msgpack is an empty list."""


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
    op.create_table('consents',
    sa.Column('consent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('until_ns', sa.BigInteger(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('given_by', sa.BigInteger(), nullable=False),
    sa.Column('given_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('to_member_id', sa.BigInteger(), nullable=False),
    sa.Column('floor_minor', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('consent_id', name=op.f('pk_consents'))
    )
    op.create_index('ix_consents_live', 'consents', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('notified_claims',
    sa.Column('claim_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('deal_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('seller_account_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('weight', sa.BigInteger(), nullable=False),
    sa.Column('until_ns', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('held_minor', sa.BigInteger(), nullable=False),
    sa.Column('answered_by', sa.BigInteger(), nullable=False),
    sa.Column('answered_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('claim_id', name=op.f('pk_notified_claims'))
    )
    op.create_index('ix_notified_claims_deal_id', 'notified_claims', ['deal_id'], unique=False)
    op.create_index('ix_notified_claims_live', 'notified_claims', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))


def downgrade() -> None:
    """Undo it."""
    op.drop_index('ix_notified_claims_live', table_name='notified_claims', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_index('ix_notified_claims_deal_id', table_name='notified_claims')
    op.drop_table('notified_claims')
    op.drop_index('ix_consents_live', table_name='consents', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('consents')
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch:
            for name, _, _ in columns:
                batch.drop_column(name)
