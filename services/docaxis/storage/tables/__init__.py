"""The tables of the axis, by the room they belong to. Decision tables and read models are separate."""

from sqlalchemy import MetaData

metadata = MetaData()
"""All tables of the axis; migrations are checked against it."""
