"""packs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('packs',
    sa.Column('case_id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('member_id', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('facts_sha256', sa.Text(), nullable=False),
    sa.Column('met_by_register', sa.LargeBinary(), nullable=False),
    sa.Column('missing', sa.LargeBinary(), nullable=False),
    sa.Column('evidence', sa.LargeBinary(), nullable=False),
    sa.Column('opened_by', sa.BigInteger(), nullable=False),
    sa.Column('opened_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('frozen_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('sealed_by', sa.BigInteger(), nullable=False),
    sa.Column('sealed_at_ns', sa.BigInteger(), nullable=False),
    sa.Column('pack_sha256', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('case_id', name=op.f('pk_packs'))
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table('packs')
