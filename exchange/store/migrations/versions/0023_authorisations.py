"""authorisations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('authorisations',
    sa.Column('authorisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('authority', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False),
    sa.Column('starts_on', sa.Text(), nullable=False),
    sa.Column('ends_on', sa.Text(), nullable=False),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('authorisation_id', name=op.f('pk_authorisations'))
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table('authorisations')
