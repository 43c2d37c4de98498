"""blocks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. Every agreement so far is about a right."""
    op.add_column('deals', sa.Column('asset_kind', sa.Text(), nullable=False, server_default='right'))


def downgrade() -> None:
    """Take it back."""
    op.drop_column('deals', 'asset_kind')
