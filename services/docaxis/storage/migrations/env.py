"""What alembic runs: the connection comes from `docaxis.storage.migrate`, never from a file."""

from alembic import context

from docaxis.storage.migrate import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    transactional_ddl=True,
    compare_server_default=True,
)
context.run_migrations()
