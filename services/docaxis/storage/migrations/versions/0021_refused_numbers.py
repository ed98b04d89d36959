"""Numbers that came to the door with another file than the one delivered, for the alerts."""

import sqlalchemy as sa
from alembic import op
revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('refused_numbers',
    sa.Column('natural_key', sa.Text(), nullable=False),
    sa.Column('document_sha256', sa.Text(), nullable=False, comment='of the file that came under it, as in natural_keys'),
    sa.Column('submission_id', sa.Uuid(), nullable=False, comment='of the first that was refused; it was never claimed'),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('natural_key', 'document_sha256'),
    comment='Numbers that came to the door with another file than the one delivered; for the alerts alone.'
    )
    op.create_index('refused_numbers_by_time', 'refused_numbers', ['at'], unique=False)


def downgrade() -> None:
    op.drop_table('refused_numbers')
