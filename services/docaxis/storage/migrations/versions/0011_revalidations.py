"""How far judging again has come after an authority was compromised."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('revalidations',
    sa.Column('trust_sha256', sa.Text(), nullable=False, comment='of the trust store that is judged under'),
    sa.Column('authority', sa.Text(), nullable=False),
    sa.Column('leaf_index', sa.BigInteger(), nullable=False, comment='of the last verdict that was judged again'),
    sa.Column('counts', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='what became of them'),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('trust_sha256', 'authority'),
    comment='How far judging again has come after an authority was compromised.'
    )


def downgrade() -> None:
    op.drop_table('revalidations')
