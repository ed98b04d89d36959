"""The log's queue is kept by number alone: receipts know that no statement is in it twice."""

from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint('log_queue_pkey', 'log_queue', type_='primary')
    op.create_primary_key('log_queue_pkey', 'log_queue', ['number'])
    op.drop_index('log_queue_order', table_name='log_queue')


def downgrade() -> None:
    op.create_index('log_queue_order', 'log_queue', ['number'], unique=False)
    op.drop_constraint('log_queue_pkey', 'log_queue', type_='primary')
    op.create_primary_key('log_queue_pkey', 'log_queue', ['event_id'])
