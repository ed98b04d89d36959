"""Passwords that people chose themselves."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_passwords',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False, comment='argon2id with its parameters'),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['clerk_accounts.account_id'], ),
    sa.PrimaryKeyConstraint('account_id'),
    comment='Passwords that people chose themselves, instead of the one their account was made with.'
    )


def downgrade() -> None:
    op.drop_table('clerk_passwords')
