"""What administrators do with accounts, and passwords for one use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_account_acts',
    sa.Column('act_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('organisations', postgresql.ARRAY(sa.Text()), nullable=False, comment="the account's at that moment"),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('details', sa.Text(), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False, comment='the name of an account; empty: the operator'),
    sa.PrimaryKeyConstraint('act_id'),
    comment='What was done with accounts, by whom; never changed.'
    )
    op.create_index('clerk_account_acts_of_member', 'clerk_account_acts', ['member', 'at'], unique=False)
    op.add_column('clerk_passwords', sa.Column('once_until', sa.DateTime(timezone=True), nullable=True, comment='handed out by an administrator, for one use until then'))


def downgrade() -> None:
    op.drop_column('clerk_passwords', 'once_until')
    op.drop_index('clerk_account_acts_of_member', table_name='clerk_account_acts')
    op.drop_table('clerk_account_acts')
