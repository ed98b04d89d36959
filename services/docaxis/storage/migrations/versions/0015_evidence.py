"""What verdicts were drawn from is kept."""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('evidence_objects',
    sa.Column('sha256', sa.Text(), nullable=False, comment='of the content, lower-case hex'),
    sa.Column('content', sa.LargeBinary(), nullable=False, comment='list, OCSP answer, certificate, policy, trust store'),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('sha256'),
    comment='What verdicts rest on beside the documents, by content, once each. Never updated.'
    )
    op.create_table('verdict_inputs',
    sa.Column('event_id', sa.Uuid(), nullable=False, comment='of the decision'),
    sa.Column('submission_id', sa.Uuid(), nullable=False),
    sa.Column('shared', sa.Text(), nullable=False, comment='object that names policy, trust store and lists'),
    sa.Column('own', sa.LargeBinary(), nullable=False, comment='canonical JSON: files, register, parties, times'),
    sa.ForeignKeyConstraint(['shared'], ['evidence_objects.sha256']),
    sa.PrimaryKeyConstraint('event_id'),
    comment='What each verdict was drawn from, so that it can be drawn again. Never updated.'
    )
    op.create_index('ix_verdict_inputs_submission_id', 'verdict_inputs', ['submission_id'])


def downgrade() -> None:
    op.drop_table('verdict_inputs')
    op.drop_table('evidence_objects')
