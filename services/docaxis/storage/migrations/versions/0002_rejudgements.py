"""Passed submissions are judged once more."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rejudgements',
    sa.Column('submission_id', sa.Uuid(), nullable=False),
    sa.Column('authority', sa.Text(), nullable=False, comment='whose first list after reception is awaited'),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('serials', sa.ARRAY(sa.Text()), nullable=False, comment="of the signers' certificates that it issued"),
    sa.PrimaryKeyConstraint('submission_id', 'authority'),
    comment='Passed submissions that are still to be judged once more; a row is removed when that is done.'
    )
    op.create_index('rejudgements_due', 'rejudgements', ['authority', 'received_at'], unique=False)


def downgrade() -> None:
    op.drop_index('rejudgements_due', table_name='rejudgements')
    op.drop_table('rejudgements')
