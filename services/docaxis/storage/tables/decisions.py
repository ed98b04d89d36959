"""Tables of decisions: stored before the Kafka transaction that carries them, read back by every redo."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy import text as sql

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

decisions = Table(
    "decisions",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("decided_at", MOMENT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("decisions_of_submission", "submission_id", "version"),
    comment="What was decided once, by event id. Never updated.",
)

natural_keys = Table(
    "natural_keys",
    metadata,
    Column("natural_key", Text, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
    Column("contents_sha256", Text, nullable=False, comment="document_digest: main file and appendices"),
    Column("reserved_at", MOMENT, nullable=False),
    comment="Reserved by a delivered document; freed once every delivery under the key was returned or recalled.",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Uuid, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("member", Text, comment="of the recipient; null where nothing was delivered, so that nobody is authorised"),
    Column("sender", Text, nullable=False, comment="member that handed in"),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("report", Text),
    Column("version", BigInteger, nullable=False),
    Column("contents_sha256", Text, nullable=False, comment="contents_digest: all files"),
    Column("natural_key", Text),
    Column("standing", Boolean, nullable=False, comment="delivered, and neither returned nor given up since"),
    Column("answers_repeats", Boolean, nullable=False, comment="the same contents sent again are answered with this"),
    Column("consigned_at", MOMENT),
    Column("handed_over_at", MOMENT),
    Column("accepted_at", MOMENT, comment="first report 03"),
    Column("returned_at", MOMENT, comment="first report 02"),
    Column("finished_at", MOMENT, comment="first report 06"),
    Column("due_at", MOMENT),
    Column("change", Text, comment="what the sender last asked: recall, update or replacement"),
    Column("change_state", Text, comment="asked, agreed or refused"),
    Column("changed_by", Uuid, comment="the submission that updates or replaces, or recalls by a document of its own"),
    Column("change_asked_at", MOMENT),
    Column("change_answered_at", MOMENT),
    Index("deliveries_of_submission", "submission_id"),
    Index(
        "deliveries_same_contents",
        "recipient",
        "sender",
        "contents_sha256",
        unique=True,
        postgresql_where=sql("answers_repeats"),
    ),
    Index("deliveries_between", "member", "sender", "consigned_at", postgresql_where=sql("member IS NOT NULL")),
    Index("deliveries_of_natural_key", "natural_key", postgresql_where=sql("natural_key IS NOT NULL")),
    comment="The transport and business state of each delivery; only the router writes it, under the row.",
)

timers = Table(
    "timers",
    metadata,
    Column("timer_id", Uuid, primary_key=True),
    Column("due_at", MOMENT, nullable=False),
    Column("kind", Text, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("done_at", MOMENT),
    Index("timers_due", "due_at", postgresql_where=sql("done_at IS NULL")),
    comment="What is to happen later; served by the router, survives restarts.",
)

receipts = Table(
    "receipts",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("type", Text, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("member", Text, nullable=False),
    Column("recipient", Text),
    Column("at", MOMENT, nullable=False),
    Column("statement", LargeBinary, nullable=False),
    Column("receipt", Text, nullable=False, comment="compact JWS by the registrar"),
    Column("kid", Text, nullable=False),
    Column("signed_at", MOMENT, nullable=False),
    Column("topic_partition", Integer, nullable=False),
    Column("topic_offset", BigInteger, nullable=False),
    Index("receipts_of_submission", "submission_id"),
    comment="Evidence as signed by the registrar, one row a statement. Never updated.",
)

slots = Table(
    "slots",
    metadata,
    Column("stage", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("partition_function", Text, nullable=False),
    comment="How work is divided; a process with other settings refuses to start.",
)

rejudgements = Table(
    "rejudgements",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("authority", Text, primary_key=True, comment="whose first list after reception is awaited"),
    Column("received_at", MOMENT, nullable=False),
    Column("serials", ARRAY(Text), nullable=False, comment="of the signers' certificates that it issued"),
    Index("rejudgements_due", "authority", "received_at"),
    comment="Passed submissions that are still to be judged once more; a row is removed when that is done.",
)
