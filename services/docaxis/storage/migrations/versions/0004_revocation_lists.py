"""The revocation lists in force outlive a restart."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('revocation_lists',
    sa.Column('authority_sha256', sa.Text(), nullable=False, comment="of the authority's certificate, lower-case hex"),
    sa.Column('part', sa.Text(), nullable=False, comment='which of its certificates the list speaks for; empty: all'),
    sa.Column('this_update', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('list', sa.LargeBinary(), nullable=False, comment='DER, verified before it came here and again when it is read'),
    sa.PrimaryKeyConstraint('authority_sha256', 'part'),
    comment='The last list in force of each authority; replaced by a later one, never by an earlier.'
    )


def downgrade() -> None:
    op.drop_table('revocation_lists')
