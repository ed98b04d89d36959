"""What the directory's keeper has signed of it."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('directory_attestations',
    sa.Column('version', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('token', sa.Text(), nullable=False, comment="compact JWS by the directory's keeper"),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('version'),
    comment='What the keeper has signed of the directory; the newest must be about what it holds.'
    )


def downgrade() -> None:
    op.drop_table('directory_attestations')
