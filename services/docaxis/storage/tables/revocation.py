"""The table of revocation lists in force, so that a restarted process takes no older one."""

from sqlalchemy import Column, DateTime, LargeBinary, Table, Text

from docaxis.storage.tables import metadata

revocation_lists = Table(
    "revocation_lists",
    metadata,
    Column("authority_sha256", Text, primary_key=True, comment="of the authority's certificate, lower-case hex"),
    Column("part", Text, primary_key=True, comment="which of its certificates the list speaks for; empty: all"),
    Column("this_update", DateTime(timezone=True), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("list", LargeBinary, nullable=False, comment="DER, verified before it came here and again when it is read"),
    comment="The last list in force of each authority; replaced by a later one, never by an earlier.",
)
