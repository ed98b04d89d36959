"""Changes after sending: recall, update and replacement, asked by the sender and answered by the recipient."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

_TABLES = ('deliveries', 'delivery_lines')
_BY = 'the submission that updates or replaces, or recalls by a document of its own'


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column('change', sa.Text(), nullable=True, comment='what the sender last asked: recall, update or replacement'))
        op.add_column(table, sa.Column('change_state', sa.Text(), nullable=True, comment='asked, agreed or refused'))
        op.add_column(table, sa.Column('changed_by', sa.Uuid(), nullable=True, comment=_BY))
        op.add_column(table, sa.Column('change_asked_at', sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column('change_answered_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('delivery_lines', sa.Column('change_version', sa.BigInteger(), nullable=True, comment='of what was asked last; another slot may tell it'))
    op.alter_column('deliveries', 'standing', existing_type=sa.Boolean(), existing_nullable=False, comment='delivered, and neither returned nor given up since', existing_comment='delivered, and neither returned nor recalled')
    op.alter_column('member_records', 'delivery_id', existing_type=sa.Uuid(), nullable=True, comment='null for a recall, which is about a submission')
    op.alter_column('member_records', 'recipient', existing_type=sa.Text(), nullable=True)
    op.alter_column('member_records', 'kind', existing_type=sa.Text(), existing_nullable=False, comment='handover, report or recall', existing_comment='handover or report')
    op.create_table_comment('member_records', 'What members signed about deliveries, bound to their own key; kept for the evidence.', existing_comment='What recipients signed about deliveries, bound to their own key; kept for the evidence.')


def downgrade() -> None:
    op.create_table_comment('member_records', 'What recipients signed about deliveries, bound to their own key; kept for the evidence.', existing_comment='What members signed about deliveries, bound to their own key; kept for the evidence.')
    op.alter_column('member_records', 'kind', existing_type=sa.Text(), existing_nullable=False, comment='handover or report', existing_comment='handover, report or recall')
    op.execute("DELETE FROM member_records WHERE kind = 'recall'")
    op.alter_column('member_records', 'recipient', existing_type=sa.Text(), nullable=False)
    op.alter_column('member_records', 'delivery_id', existing_type=sa.Uuid(), nullable=False, comment=None, existing_comment='null for a recall, which is about a submission')
    op.alter_column('deliveries', 'standing', existing_type=sa.Boolean(), existing_nullable=False, comment='delivered, and neither returned nor recalled', existing_comment='delivered, and neither returned nor given up since')
    op.drop_column('delivery_lines', 'change_version')
    for table in reversed(_TABLES):
        for column in ('change_answered_at', 'change_asked_at', 'changed_by', 'change_state', 'change'):
            op.drop_column(table, column)
