"""Tables of the transparency log: what waits for it, its order, and its head."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, Table, Text, Uuid, text

from docaxis.storage.tables import metadata

submission_secrets = Table(
    "submission_secrets",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("secret", LargeBinary, nullable=False, comment="32 random bytes; all salts of the submission come from it"),
    comment="A deleted row shreds what the log says of a submission: its commitments can no longer be opened.",
)

receipt_signatures = Table(
    "receipt_signatures",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("signature", LargeBinary, comment="CAdES B-T over the statement (DER); null while it waits"),
    Column("signed_at", DateTime(timezone=True)),
    Column("trouble", Text, comment="why the last try failed"),
    Index("receipt_signatures_waiting", "number", postgresql_where=text("signature IS NULL")),
    comment="Signatures of the axis's organisation on receipts, made once each when first asked for.",
)

log_queue = Table(
    "log_queue",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    comment="Entries that are still to be logged; written with their receipts, removed when they have their place.",
)

log_leaves = Table(
    "log_leaves",
    metadata,
    Column("leaf_index", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("leaf", LargeBinary, nullable=False),
    comment="The order of the log, from which its tiles can be written anew. Never updated.",
)

log_head = Table(
    "log_head",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("signed_size", BigInteger, nullable=False, comment="of the last checkpoint that was signed"),
    Column("signed_note", LargeBinary, nullable=False, comment="that checkpoint"),
    Column("moved_at", DateTime(timezone=True), nullable=False),
    comment="What the order ends with. Moved by compare-and-swap only, so that two writers cannot both go on.",
)
