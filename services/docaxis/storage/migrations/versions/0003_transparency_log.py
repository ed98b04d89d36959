"""The transparency log: what waits for it, its order and its head."""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('log_head',
    sa.Column('origin', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('signed_size', sa.BigInteger(), nullable=False, comment='of the last checkpoint that was signed'),
    sa.Column('signed_note', sa.LargeBinary(), nullable=False, comment='that checkpoint'),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('origin'),
    comment='What the order ends with. Moved by compare-and-swap only, so that two writers cannot both go on.'
    )
    op.create_table('log_leaves',
    sa.Column('leaf_index', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('leaf', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('leaf_index'),
    sa.UniqueConstraint('event_id'),
    comment='The order of the log, from which its tiles can be written anew. Never updated.'
    )
    op.create_table('log_queue',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('leaf', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('event_id'),
    comment='Entries that are still to be logged; written with their receipts, removed when they have their place.'
    )
    op.create_index('log_queue_order', 'log_queue', ['number'], unique=False)
    op.create_table('submission_secrets',
    sa.Column('submission_id', sa.Uuid(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False, comment='32 random bytes; all salts of the submission come from it'),
    sa.PrimaryKeyConstraint('submission_id'),
    comment='A deleted row shreds what the log says of a submission: its commitments can no longer be opened.'
    )


def downgrade() -> None:
    op.drop_table('submission_secrets')
    op.drop_index('log_queue_order', table_name='log_queue')
    op.drop_table('log_queue')
    op.drop_table('log_leaves')
    op.drop_table('log_head')
