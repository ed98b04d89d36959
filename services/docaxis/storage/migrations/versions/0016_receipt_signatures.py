"""Signatures of the axis's organisation on receipts."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('receipt_signatures',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=True, comment='CAdES B-T over the statement (DER); null while it waits'),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('trouble', sa.Text(), nullable=True, comment='why the last try failed'),
    sa.PrimaryKeyConstraint('event_id'),
    comment="Signatures of the axis's organisation on receipts, made once each when first asked for."
    )
    op.create_index('receipt_signatures_waiting', 'receipt_signatures', ['number'], unique=False, postgresql_where=sa.text('signature IS NULL'))


def downgrade() -> None:
    op.drop_index('receipt_signatures_waiting', table_name='receipt_signatures')
    op.drop_table('receipt_signatures')
