"""What one member received from another is found by its time."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('deliveries_between', 'deliveries', ['member', 'sender', 'consigned_at'], unique=False, postgresql_where=sa.text('member IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('deliveries_between', table_name='deliveries', postgresql_where=sa.text('member IS NOT NULL'))
