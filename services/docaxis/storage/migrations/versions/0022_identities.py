"""Who accounts are at an OpenID Connect provider."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_identities',
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('linked_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['clerk_accounts.account_id'], ),
    sa.PrimaryKeyConstraint('issuer', 'subject'),
    comment='Who an account is at an OpenID Connect provider, as its administrator linked it.'
    )
    op.create_index('clerk_identities_of_account', 'clerk_identities', ['issuer', 'account_id'], unique=True)
    op.create_table('clerk_used_states',
    sa.Column('state_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('state_sha256'),
    comment='Answers of a provider that were taken; none is taken twice. Forgotten when too old to be taken at all.'
    )
    op.add_column('clerk_sessions', sa.Column('issuer', sa.Text(), nullable=True, comment='where the person signed in; null: here, with a password'))


def downgrade() -> None:
    op.drop_column('clerk_sessions', 'issuer')
    op.drop_table('clerk_used_states')
    op.drop_index('clerk_identities_of_account', table_name='clerk_identities')
    op.drop_table('clerk_identities')
