"""The auditor's desk: the index over the log, and who looked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_entries',
    sa.Column('leaf_index', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('submission_id', sa.Uuid(), nullable=True, comment='null once nothing opens the leaf'),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('indication', sa.Text(), nullable=True, comment='of a verdict'),
    sa.Column('terms', postgresql.ARRAY(sa.Text()), nullable=False, comment='what it is found by: kind:value'),
    sa.Column('row', sa.LargeBinary(), nullable=False, comment='canonical JSON, as anybody derives it from leaf and openings'),
    sa.PrimaryKeyConstraint('leaf_index'),
    comment='The index over the log\'s leaves; derived from them, and filled again after it was emptied.'
    )
    op.create_index('audit_entries_by_indication', 'audit_entries', ['indication', 'leaf_index'], unique=False, postgresql_where=sa.text('indication IS NOT NULL'))
    op.create_index('audit_entries_by_term', 'audit_entries', ['terms'], unique=False, postgresql_using='gin')
    op.create_index('audit_entries_by_time', 'audit_entries', ['at', 'leaf_index'], unique=False)
    op.create_index('audit_entries_by_type', 'audit_entries', ['type', 'leaf_index'], unique=False)
    op.create_index('audit_entries_of_submission', 'audit_entries', ['submission_id', 'leaf_index'], unique=False)
    op.create_table('audit_looks',
    sa.Column('look_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('credential_id', sa.Uuid(), nullable=False),
    sa.Column('holder', sa.Text(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('query', sa.Text(), nullable=False, comment='canonical JSON; the statement about it holds its SHA-256'),
    sa.PrimaryKeyConstraint('look_id'),
    comment='What auditors asked. Written before they are answered; never updated.'
    )
    op.create_index('audit_looks_by_time', 'audit_looks', ['at'], unique=False)


def downgrade() -> None:
    op.drop_table('audit_looks')
    op.drop_table('audit_entries')
