"""Documents are found by their numbers whether they stand or not."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('deliveries_of_natural_key', table_name='deliveries')
    op.create_index('deliveries_of_natural_key', 'deliveries', ['natural_key'], unique=False, postgresql_where=sa.text('natural_key IS NOT NULL'))


def downgrade() -> None:
    op.drop_index('deliveries_of_natural_key', table_name='deliveries')
    op.create_index('deliveries_of_natural_key', 'deliveries', ['natural_key'], unique=False, postgresql_where=sa.text('standing'))
