"""blocks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. Every agreement so far is about a right."""
    with op.batch_alter_table('deals') as batch:
        batch.add_column(sa.Column('asset_kind', sa.Text(), nullable=False, server_default='right'))
    with op.batch_alter_table('deals') as batch:
        batch.alter_column('asset_kind', existing_type=sa.Text(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table('deals') as batch:
        batch.drop_column('asset_kind')
