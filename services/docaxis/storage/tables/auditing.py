"""Tables of the auditor's desk: the index over the log, which can be emptied and fills again, and who looked."""

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, LargeBinary, Table, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("submission_id", Uuid, comment="null once nothing opens the leaf"),
    Column("type", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("indication", Text, comment="of a verdict"),
    Column("terms", ARRAY(Text), nullable=False, comment="what it is found by: kind:value"),
    Column("row", LargeBinary, nullable=False, comment="canonical JSON, as anybody derives it from leaf and openings"),
    Index("audit_entries_of_submission", "submission_id", "leaf_index"),
    Index("audit_entries_by_type", "type", "leaf_index"),
    Index("audit_entries_by_indication", "indication", "leaf_index", postgresql_where=sql("indication IS NOT NULL")),
    Index("audit_entries_by_time", "at", "leaf_index"),
    Index("audit_entries_by_term", "terms", postgresql_using="gin"),
    comment="The index over the log's leaves; derived from them, and filled again after it was emptied.",
)

audit_looks = Table(
    "audit_looks",
    metadata,
    Column("look_id", Uuid, primary_key=True),
    Column("at", MOMENT, nullable=False),
    Column("credential_id", Uuid, nullable=False),
    Column("holder", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("query", Text, nullable=False, comment="canonical JSON; the statement about it holds its SHA-256"),
    Index("audit_looks_by_time", "at"),
    comment="What auditors asked. Written before they are answered; never updated.",
)

revalidations = Table(
    "revalidations",
    metadata,
    Column("trust_sha256", Text, primary_key=True, comment="of the trust store that is judged under"),
    Column("authority", Text, primary_key=True),
    Column("leaf_index", BigInteger, nullable=False, comment="of the last verdict that was judged again"),
    Column("counts", JSONB, nullable=False, comment="what became of them"),
    Column("noted_at", MOMENT, nullable=False),
    comment="How far judging again has come after an authority was compromised.",
)
