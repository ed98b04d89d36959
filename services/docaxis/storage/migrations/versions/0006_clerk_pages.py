"""The clerk's pages: accounts, sessions, drafts, and the index that their lists want."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_accounts',
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False, comment='in lower case, as it is typed to sign in'),
    sa.Column('full_name', sa.Text(), nullable=False),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('organisations', postgresql.ARRAY(sa.Text()), nullable=False, comment='the bodies this person works for'),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False, comment='argon2id with its parameters'),
    sa.Column('credential', sa.LargeBinary(), nullable=False, comment="the gateway's credential, sealed under the pages' key"),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['member'], ['members.member'], ),
    sa.PrimaryKeyConstraint('account_id'),
    sa.UniqueConstraint('name'),
    comment='People who sign in at the pages.'
    )
    op.create_table('clerk_drafts',
    sa.Column('draft_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('form', sa.LargeBinary(), nullable=False, comment='what was typed, as JSON'),
    sa.Column('files', sa.LargeBinary(), nullable=False, comment='contents already uploaded, as JSON'),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submission_id', sa.Uuid(), nullable=True, comment='set when it was sent'),
    sa.ForeignKeyConstraint(['account_id'], ['clerk_accounts.account_id'], ),
    sa.PrimaryKeyConstraint('draft_id'),
    comment='Submissions that are being written at the pages.'
    )
    op.create_index('clerk_drafts_of_account', 'clerk_drafts', ['account_id', 'changed_at'], unique=False)
    op.create_table('clerk_sessions',
    sa.Column('token_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('begun_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['clerk_accounts.account_id'], ),
    sa.PrimaryKeyConstraint('token_sha256'),
    comment='Who is signed in. The cookie holds 256 random bits, the table their digest.'
    )
    op.create_index('clerk_sessions_of_account', 'clerk_sessions', ['account_id'], unique=False)
    op.create_index('inbox_items_received', 'inbox_items', ['member', 'at', 'delivery_id'], unique=False, postgresql_where=sa.text("kind = 'delivery'"))


def downgrade() -> None:
    op.drop_index('inbox_items_received', table_name='inbox_items', postgresql_where=sa.text("kind = 'delivery'"))
    op.drop_index('clerk_sessions_of_account', table_name='clerk_sessions')
    op.drop_table('clerk_sessions')
    op.drop_index('clerk_drafts_of_account', table_name='clerk_drafts')
    op.drop_table('clerk_drafts')
    op.drop_table('clerk_accounts')
