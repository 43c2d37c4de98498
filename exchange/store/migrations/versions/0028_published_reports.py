"""published_reports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change: no report was published until now."""
    with op.batch_alter_table('duties') as batch:
        batch.add_column(sa.Column('report_sha256', sa.Text(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table('duties') as batch:
        batch.alter_column('report_sha256', existing_type=sa.Text(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table('duties') as batch:
        batch.drop_column('report_sha256')
