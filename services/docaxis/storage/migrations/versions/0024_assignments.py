"""Who deals with what came, and what a leader decided about it."""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_assignments',
    sa.Column('assignment_id', sa.Uuid(), nullable=False),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('assignee', sa.Text(), nullable=False, comment='person or unit; empty: an instruction to who has it already'),
    sa.Column('instruction', sa.Text(), nullable=False, comment='stays in the organisation'),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('assigned_by', sa.Text(), nullable=False, comment='the account'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('assignment_id'),
    comment='Who deals with what came, and what was decided about it.'
    )
    op.create_index('clerk_assignments_of_delivery', 'clerk_assignments', ['member', 'delivery_id', 'at'], unique=False)


def downgrade() -> None:
    op.drop_index('clerk_assignments_of_delivery', table_name='clerk_assignments')
    op.drop_table('clerk_assignments')
