"""Tables of the alerts: what was raised, whom it is to be told, and what the rules remember."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy import text as sql

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Uuid, primary_key=True, comment="follows from the rule and the occurrence"),
    Column("rule", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("raised_at", MOMENT, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="canonical JSON; its statement is made of it"),
    Index("alerts_by_time", "raised_at"),
    comment="What rules found, once per occurrence. Never updated.",
)

alert_calls = Table(
    "alert_calls",
    metadata,
    Column("alert_id", Uuid, primary_key=True),
    Column("webhook", Text, primary_key=True, comment="its name in the settings"),
    Column("attempts", Integer, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("done_at", MOMENT, comment="taken, or given up"),
    Column("outcome", Text),
    Index("alert_calls_due", "due_at", postgresql_where=sql("done_at IS NULL")),
    comment="Webhooks to be called, and what became of it.",
)

refused_numbers = Table(
    "refused_numbers",
    metadata,
    Column("natural_key", Text, primary_key=True),
    Column("document_sha256", Text, primary_key=True, comment="of the file that came under it, as in natural_keys"),
    Column("submission_id", Uuid, nullable=False, comment="of the first that was refused; it was never claimed"),
    Column("member", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Index("refused_numbers_by_time", "at"),
    comment="Numbers that came to the door with another file than the one delivered; for the alerts alone.",
)

alert_memory = Table(
    "alert_memory",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False, comment="canonical JSON"),
    Column("until", MOMENT, comment="when what it stands for ends"),
    Index("alert_memory_ending", "kind", "until", postgresql_where=sql("until IS NOT NULL")),
    comment="What rules remember of earlier leaves, and up to which leaf they have read.",
)
