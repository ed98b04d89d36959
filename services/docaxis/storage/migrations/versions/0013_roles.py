"""People at the pages may have several roles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('clerk_accounts', sa.Column('roles', postgresql.ARRAY(sa.Text()), comment='clerk, leader, administrator'))
    op.execute('UPDATE clerk_accounts SET roles = ARRAY[role]')
    op.alter_column('clerk_accounts', 'roles', nullable=False)
    op.drop_column('clerk_accounts', 'role')


def downgrade() -> None:
    op.add_column('clerk_accounts', sa.Column('role', sa.Text()))
    op.execute("UPDATE clerk_accounts SET role = CASE WHEN 'clerk' = ANY(roles) THEN 'clerk' ELSE 'leader' END")
    op.alter_column('clerk_accounts', 'role', nullable=False)
    op.drop_column('clerk_accounts', 'roles')
