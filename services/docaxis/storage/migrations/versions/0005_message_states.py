"""Transport states as clients of edXML mark them."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('message_states',
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False, comment="the delivery's id, or the event id of a report"),
    sa.Column('state', sa.Text(), nullable=False, comment='processing, done or fail'),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('member', 'message_id'),
    comment='Transport states as clients of edXML mark them. No decision depends on them.'
    )


def downgrade() -> None:
    op.drop_table('message_states')
