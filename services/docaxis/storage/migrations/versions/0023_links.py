"""Documents of the registers are connected with the earlier ones that they name."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('clerk_documents', sa.Column('reference', sa.Text(), nullable=True, comment='how other documents name it, normalised; none: entered before links were kept'))
    op.create_index('clerk_documents_referred', 'clerk_documents', ['member', 'reference'], unique=False, postgresql_where=sa.text('reference IS NOT NULL'))
    op.create_table('clerk_links',
    sa.Column('register', sa.Text(), nullable=False),
    sa.Column('document_id', sa.Uuid(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False, comment='the earlier document, as `clerk_documents.reference` has it'),
    sa.Column('member', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False, comment='reply, reference, update, replace or revoke'),
    sa.PrimaryKeyConstraint('register', 'document_id', 'reference'),
    comment='Which earlier documents a document of the registers names, and what for.'
    )
    op.create_index('clerk_links_to', 'clerk_links', ['member', 'reference'], unique=False)


def downgrade() -> None:
    op.drop_index('clerk_links_to', table_name='clerk_links')
    op.drop_table('clerk_links')
    op.drop_index('clerk_documents_referred', table_name='clerk_documents', postgresql_where=sa.text('reference IS NOT NULL'))
    op.drop_column('clerk_documents', 'reference')
