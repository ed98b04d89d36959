"""How far the signed trust directory went outlives a restart."""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('trust_in_force',
    sa.Column('key_sha256', sa.Text(), nullable=False, comment='thumbprint of the key that signs the directory'),
    sa.Column('serial', sa.Integer(), nullable=False, comment='of its last change'),
    sa.Column('change', sa.Text(), nullable=False, comment='SHA-256 of its last change'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='when a verifier first worked under it'),
    sa.PrimaryKeyConstraint('key_sha256'),
    comment='How far the signed trust directory went that a verifier worked under; it never goes back.'
    )


def downgrade() -> None:
    op.drop_table('trust_in_force')
