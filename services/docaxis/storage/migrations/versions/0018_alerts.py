"""What rules found, whom it is to be told, and what they remember; the index over the log says more of each leaf."""

import sqlalchemy as sa
from alembic import op
revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert_calls',
    sa.Column('alert_id', sa.Uuid(), nullable=False),
    sa.Column('webhook', sa.Text(), nullable=False, comment='its name in the settings'),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True, comment='taken, or given up'),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('alert_id', 'webhook'),
    comment='Webhooks to be called, and what became of it.'
    )
    op.create_index('alert_calls_due', 'alert_calls', ['due_at'], unique=False, postgresql_where=sa.text('done_at IS NULL'))
    op.create_table('alert_memory',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False, comment='canonical JSON'),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True, comment='when what it stands for ends'),
    sa.PrimaryKeyConstraint('kind', 'key'),
    comment='What rules remember of earlier leaves, and up to which leaf they have read.'
    )
    op.create_index('alert_memory_ending', 'alert_memory', ['kind', 'until'], unique=False, postgresql_where=sa.text('until IS NOT NULL'))
    op.create_table('alerts',
    sa.Column('alert_id', sa.Uuid(), nullable=False, comment='follows from the rule and the occurrence'),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False, comment='canonical JSON; its statement is made of it'),
    sa.PrimaryKeyConstraint('alert_id'),
    comment='What rules found, once per occurrence. Never updated.'
    )
    op.create_index('alerts_by_time', 'alerts', ['raised_at'], unique=False)
    # Rows have more members now: the projector derives them all anew from the leaves.
    op.execute('TRUNCATE audit_entries')


def downgrade() -> None:
    op.drop_table('alerts')
    op.drop_table('alert_memory')
    op.drop_table('alert_calls')
    op.execute('TRUNCATE audit_entries')
