"""Reminders and overdue notices of the clerk's pages."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_notices',
    sa.Column('notice_id', sa.Uuid(), nullable=False, comment='from what it tells to whom: it is given once'),
    sa.Column('member', sa.Text(), nullable=False, comment='whose pages show it'),
    sa.Column('organisation', sa.Text(), nullable=False, comment='to whom'),
    sa.Column('kind', sa.Text(), nullable=False, comment='reminder or overdue'),
    sa.Column('duty', sa.Text(), nullable=False, comment='acknowledge or answer'),
    sa.Column('relation', sa.Text(), nullable=False, comment='recipient, sender or parent'),
    sa.Column('recipient', sa.Text(), nullable=False, comment='whose duty it is'),
    sa.Column('document_id', sa.Uuid(), nullable=True, comment='in the register of whom it is told to; none for a parent'),
    sa.Column('number', sa.Text(), nullable=False, comment='empty for a parent'),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('notice_id'),
    comment='Reminders and overdue notices, each given once.'
    )
    op.create_index('clerk_notices_of_organisation', 'clerk_notices', ['member', 'organisation', 'at'], unique=False)


def downgrade() -> None:
    op.drop_index('clerk_notices_of_organisation', table_name='clerk_notices')
    op.drop_table('clerk_notices')
