"""rewarded_issues"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: what was claimed until now was claimed for no issue of a deal."""
    with op.batch_alter_table('applications') as batch:
        batch.add_column(sa.Column('issue_id', sa.BigInteger(), nullable=False, server_default=sa.text('0')))
    with op.batch_alter_table('applications') as batch:
        batch.alter_column('issue_id', existing_type=sa.BigInteger(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('applications') as batch:
        batch.drop_column('issue_id')
