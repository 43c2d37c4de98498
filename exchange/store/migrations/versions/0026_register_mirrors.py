"""register_mirrors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('mirror_registers',
    sa.Column('asset_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('registrar_account_id', sa.BigInteger(), nullable=False),
    sa.Column('units', sa.BigInteger(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('handed_over_ns', sa.BigInteger(), nullable=False),
    sa.Column('versions', sa.BigInteger(), nullable=False),
    sa.Column('mirror_file_id', sa.BigInteger(), nullable=False),
    sa.Column('as_of', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('asset_id', name=op.f('pk_mirror_registers'))
    )
    op.create_table('mirror_files',
    sa.Column('mirror_file_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('as_of', sa.Text(), nullable=False),
    sa.Column('file_sha256', sa.Text(), nullable=False),
    sa.Column('total_units', sa.BigInteger(), nullable=False),
    sa.Column('holders', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('opened_by', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('parts', sa.BigInteger(), nullable=False),
    sa.Column('read_holders', sa.BigInteger(), nullable=False),
    sa.Column('read_units', sa.BigInteger(), nullable=False),
    sa.Column('last_holder', sa.Text(), nullable=False),
    sa.Column('confirmed_by', sa.BigInteger(), nullable=False),
    sa.Column('confirmed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('mirror_file_id', name=op.f('pk_mirror_files'))
    )
    op.create_index(op.f('ix_mirror_files_asset_id'), 'mirror_files', ['asset_id'], unique=False)
    op.create_index('ix_mirror_files_live', 'mirror_files', ['live'], unique=False, sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.create_table('mirror_pages',
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('mirror_file_id', sa.BigInteger(), nullable=False),
    sa.Column('asset_id', sa.BigInteger(), nullable=False),
    sa.Column('n', sa.BigInteger(), nullable=False),
    sa.Column('lines', sa.LargeBinary(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('page_id', name=op.f('pk_mirror_pages'))
    )
    op.create_index(op.f('ix_mirror_pages_mirror_file_id'), 'mirror_pages', ['mirror_file_id'], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_index(op.f('ix_mirror_pages_mirror_file_id'), table_name='mirror_pages')
    op.drop_table('mirror_pages')
    op.drop_index(op.f('ix_mirror_files_asset_id'), table_name='mirror_files')
    op.drop_index('ix_mirror_files_live', table_name='mirror_files', sqlite_where=sa.text('live'), postgresql_where=sa.text('live'))
    op.drop_table('mirror_files')
    op.drop_table('mirror_registers')
