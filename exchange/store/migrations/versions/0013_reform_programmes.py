"""reform_programmes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def added() -> list[tuple[str, sa.types.TypeEngine, object]]:
    """What a case of before is: of ownership, under no programme, with nothing to report."""
    postgresql = op.get_bind().dialect.name == 'postgresql'
    nothing = sa.text("'\\xc0'::bytea" if postgresql else "x'c0'")
    empty = sa.text("'\\x90'::bytea" if postgresql else "x'90'")
    return [
        ('kind', sa.Text(), 'ownership'),
        ('reform_id', sa.BigInteger(), '0'),
        ('reform_version', sa.BigInteger(), '0'),
        ('rules', sa.LargeBinary(), nothing),
        ('field', sa.Text(), ''),
        ('use_years', sa.BigInteger(), '0'),
        ('use_transferable', sa.Boolean(), sa.false()),
        ('reports', sa.LargeBinary(), empty),
        ('asset_ids', sa.LargeBinary(), empty),
        ('added_owner_ids', sa.LargeBinary(), empty),
        ('contracted_at_ns', sa.BigInteger(), '0'),
        ('effective_date', sa.Text(), ''),
        ('office_reference', sa.Text(), ''),
        ('known_at_ns', sa.BigInteger(), '0'),
        ('reports_filed', sa.BigInteger(), '0'),
        ('kept_share_id', sa.BigInteger(), '0'),
    ]


def upgrade() -> None:
    """Make the change."""
    op.create_table('reforms',
    sa.Column('reform_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('unit_ids', sa.LargeBinary(), nullable=False),
    sa.Column('all_units', sa.Boolean(), nullable=False),
    sa.Column('kinds', sa.LargeBinary(), nullable=False),
    sa.Column('fields', sa.LargeBinary(), nullable=False),
    sa.Column('negative_fields', sa.LargeBinary(), nullable=False),
    sa.Column('excluded_classes', sa.LargeBinary(), nullable=False),
    sa.Column('rules', sa.LargeBinary(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('changed_by', sa.BigInteger(), nullable=False),
    sa.Column('changed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('starts_on', sa.Text(), nullable=False),
    sa.Column('ends_on', sa.Text(), nullable=False),
    sa.Column('report_sha256', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('reform_id', name=op.f('pk_reforms'))
    )
    op.create_table('use_rights',
    sa.Column('asset_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('pilot_id', sa.BigInteger(), nullable=False),
    sa.Column('outcome_id', sa.BigInteger(), nullable=False),
    sa.Column('transferable', sa.Boolean(), nullable=False),
    sa.Column('years', sa.BigInteger(), nullable=False),
    sa.Column('from_ns', sa.BigInteger(), nullable=False),
    sa.Column('until_date', sa.Text(), nullable=False),
    sa.Column('until_ns', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('extensions', sa.BigInteger(), nullable=False),
    sa.Column('ended_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('asset_id', name=op.f('pk_use_rights'))
    )
    op.create_index('ix_use_rights_live', 'use_rights', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('pilot_reports',
    sa.Column('report_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('pilot_id', sa.BigInteger(), nullable=False),
    sa.Column('outcome_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('representative_id', sa.BigInteger(), nullable=False),
    sa.Column('place', sa.BigInteger(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('due_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('progress_ppm', sa.BigInteger(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('filed_by', sa.BigInteger(), nullable=False),
    sa.Column('filed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('report_id', name=op.f('pk_pilot_reports'))
    )
    op.create_index('ix_pilot_reports_live', 'pilot_reports', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_pilot_reports_pilot_id', 'pilot_reports', ['pilot_id'], unique=False)
    op.create_table('kept_shares',
    sa.Column('kept_share_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('pilot_id', sa.BigInteger(), nullable=False),
    sa.Column('outcome_id', sa.BigInteger(), nullable=False),
    sa.Column('market_id', sa.BigInteger(), nullable=False),
    sa.Column('money_asset_id', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('representative_id', sa.BigInteger(), nullable=False),
    sa.Column('team', sa.LargeBinary(), nullable=False),
    sa.Column('kept', sa.LargeBinary(), nullable=False),
    sa.Column('price_minor', sa.BigInteger(), nullable=False),
    sa.Column('contract_sha256', sa.Text(), nullable=False),
    sa.Column('decision_sha256', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('offered_by', sa.BigInteger(), nullable=False),
    sa.Column('offered_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('notice_until_ns', sa.BigInteger(), nullable=False),
    sa.Column('objected_by', sa.BigInteger(), nullable=False),
    sa.Column('contracted_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('effective_date', sa.Text(), nullable=False),
    sa.Column('office_reference', sa.Text(), nullable=False),
    sa.Column('known_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('kept_share_id', name=op.f('pk_kept_shares'))
    )
    op.create_index('ix_kept_shares_live', 'kept_shares', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_index('ix_kept_shares_pilot_id', 'kept_shares', ['pilot_id'], unique=False)
    op.create_table('incentives',
    sa.Column('outcome_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('recorded_by', sa.BigInteger(), nullable=False),
    sa.Column('recorded_at_ns', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('outcome_id', name=op.f('pk_incentives'))
    )
    columns = added()
    with op.batch_alter_table('pilots') as batch:
        for name, kind, default in columns:
            batch.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    with op.batch_alter_table('pilots') as batch:
        for name, kind, _ in columns:
            batch.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('pilots') as batch:
        for name, _, _ in reversed(added()):
            batch.drop_column(name)
    op.drop_table('incentives')
    op.drop_index('ix_kept_shares_pilot_id', table_name='kept_shares')
    op.drop_index('ix_kept_shares_live', table_name='kept_shares', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('kept_shares')
    op.drop_index('ix_pilot_reports_pilot_id', table_name='pilot_reports')
    op.drop_index('ix_pilot_reports_live', table_name='pilot_reports', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('pilot_reports')
    op.drop_index('ix_use_rights_live', table_name='use_rights', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('use_rights')
    op.drop_table('reforms')
