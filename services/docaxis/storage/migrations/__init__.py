"""Migrations of the database; run by `docaxis.storage.migrate`."""
