"""The registers of the clerk's pages: documents as they show them, counters, and explained gaps."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('clerk_documents',
    sa.Column('register', sa.Text(), nullable=False, comment='incoming or outgoing'),
    sa.Column('document_id', sa.Uuid(), nullable=False, comment="the delivery's id, or the submission's"),
    sa.Column('submission_id', sa.Uuid(), nullable=False),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('organisation', sa.Text(), nullable=False, comment='whose register; empty: sent under a mandate, in no register'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='when it arrived, or was handed in'),
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False, comment='number and notation as people write them'),
    sa.Column('type_name', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('signer', sa.Text(), nullable=False, comment='as the metadata name them; empty: not named'),
    sa.Column('promulgated_on', sa.Date(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('urgency', sa.Text(), nullable=False),
    sa.Column('folded', sa.Text(), nullable=False, comment='number, type and subject as they are searched'),
    sa.Column('year', sa.Integer(), nullable=True, comment='of the register'),
    sa.Column('register_number', sa.Integer(), nullable=True, comment='given in sequence, never taken back'),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('registered_by', sa.Text(), nullable=True, comment='the account; empty: by sending'),
    sa.PrimaryKeyConstraint('register', 'document_id'),
    comment='Documents as the registers and the search of the pages show them; the pages catch up with what came.'
    )
    op.create_index('clerk_documents_numbered', 'clerk_documents', ['member', 'organisation', 'register', 'year', 'register_number'], unique=True, postgresql_where=sa.text('register_number IS NOT NULL'))
    op.create_index('clerk_documents_of_member', 'clerk_documents', ['member', 'at', 'document_id'], unique=False)
    op.create_table('clerk_register_gaps',
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('organisation', sa.Text(), nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('first', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('explained_by', sa.Text(), nullable=False, comment='the account'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('member', 'organisation', 'register', 'year', 'first'),
    comment='Numbers that were given elsewhere (a paper register, say), each run with its reason.'
    )
    op.create_table('clerk_registers',
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('organisation', sa.Text(), nullable=False),
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False, comment='the last number that was given'),
    sa.PrimaryKeyConstraint('member', 'organisation', 'register', 'year'),
    comment='Counters of the registers: one row a register, organisation and year, locked by who takes a number.'
    )


def downgrade() -> None:
    op.drop_table('clerk_registers')
    op.drop_table('clerk_register_gaps')
    op.drop_index('clerk_documents_of_member', table_name='clerk_documents')
    op.drop_index('clerk_documents_numbered', table_name='clerk_documents', postgresql_where=sa.text('register_number IS NOT NULL'))
    op.drop_table('clerk_documents')
