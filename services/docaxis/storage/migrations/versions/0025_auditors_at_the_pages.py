"""Auditors sign in at the pages: accounts that belong to no member, and have no other role."""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None

_ALONE = "CASE WHEN member IS NULL THEN roles = '{auditor}' AND organisations = '{}' ELSE NOT 'auditor' = ANY(roles) END"


def upgrade() -> None:
    op.alter_column('clerk_accounts', 'member', nullable=True, comment='null: an auditor, who belongs to none')
    op.alter_column('clerk_accounts', 'roles', existing_type=sa.ARRAY(sa.Text()), comment='clerk, leader, administrator; or auditor alone')
    op.create_check_constraint('clerk_accounts_auditors_belong_to_nobody', 'clerk_accounts', _ALONE)


def downgrade() -> None:
    op.drop_constraint('clerk_accounts_auditors_belong_to_nobody', 'clerk_accounts')
    for table in ('clerk_sessions', 'clerk_passwords', 'clerk_identities', 'clerk_accounts'):
        op.execute(f'DELETE FROM {table} WHERE account_id IN (SELECT account_id FROM clerk_accounts WHERE member IS NULL)')
    op.alter_column('clerk_accounts', 'roles', existing_type=sa.ARRAY(sa.Text()), comment='clerk, leader, administrator')
    op.alter_column('clerk_accounts', 'member', nullable=False, comment=None)
