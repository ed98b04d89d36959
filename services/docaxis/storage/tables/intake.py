"""Tables of intake: contents as they arrive, claims, and the attempts to process them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

contents = Table(
    "contents",
    metadata,
    Column("member", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("location", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("stored_at", MOMENT, nullable=False),
    Column("leased_until", MOMENT),
    Column("pinned", Boolean, nullable=False, server_default="false"),
    Index("contents_leased", "leased_until", postgresql_where=sql("NOT pinned")),
    Index("contents_location", "location"),
    comment="A durable content in its sender's space. Leased while uploaded, pinned by the claim that names it.",
)

uploads = Table(
    "uploads",
    metadata,
    Column("member", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("location", Text, nullable=False),
    Column("declared", BigInteger, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("touched_at", MOMENT, nullable=False),
    comment="A content whose upload has begun and can be resumed. How far it came, its stored segments say.",
)

claims = Table(
    "claims",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("member", Text, nullable=False),
    Column("own_id", Text, nullable=False),
    Column("manifest_digest", Text, nullable=False),
    Column("manifest", LargeBinary, nullable=False, comment="the canonical manifest"),
    Column("record", Text, nullable=False, comment="the compact JWS as it came, or made by the gateway for a clerk"),
    Column("record_key", LargeBinary, nullable=False, comment="the public JWK it verified under, canonical"),
    Column("acted_by_gateway", Boolean, nullable=False),
    Column("resolution", LargeBinary, nullable=False, comment="canonical JSON: resolved recipients and notices"),
    Column("acknowledgement", Text, nullable=False, comment="the gateway's signed answer, returned to every repeat"),
    Column("lane", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("directory_version", BigInteger, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("deadline", MOMENT, nullable=False),
    Column("published_at", MOMENT, comment="when all in-sync replicas had the record; null: still to be published"),
    Column("decided_at", MOMENT, comment="when a final disposition was decided"),
    UniqueConstraint("member", "own_id"),
    Index("claims_unpublished", "received_at", postgresql_where=sql("published_at IS NULL")),
    Index("claims_undecided", "member", postgresql_where=sql("decided_at IS NULL")),
    Index("claims_of_member", "member", "received_at"),
    comment="Binds a submission for ever to one manifest digest and one acknowledgement.",
)

member_records = Table(
    "member_records",
    metadata,
    Column("member", Text, primary_key=True),
    Column("own_id", Text, primary_key=True),
    Column("kind", Text, nullable=False, comment="handover, report or recall"),
    Column("action_id", Uuid, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("delivery_id", Uuid, comment="null for a recall, which is about a submission"),
    Column("recipient", Text),
    Column("record_digest", Text, nullable=False, comment="of the record without its time: what a repeat must match"),
    Column("record_sha256", Text, nullable=False, comment="of the signed bytes: what evidence names"),
    Column("body", LargeBinary, nullable=False, comment="the signed bytes"),
    Column("record", Text, nullable=False, comment="the compact JWS as it came, or made by the gateway for a clerk"),
    Column("record_key", LargeBinary, nullable=False, comment="the public JWK it verified under, canonical"),
    Column("acted_by_gateway", Boolean, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("published_at", MOMENT, comment="when all in-sync replicas had the action; null: still to be published"),
    Index("member_records_of_submission", "submission_id"),
    Index("member_records_unpublished", "received_at", postgresql_where=sql("published_at IS NULL")),
    comment="What members signed about deliveries, bound to their own key; kept for the evidence.",
)

attempts = Table(
    "attempts",
    metadata,
    Column("submission_id", Uuid, ForeignKey("claims.submission_id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("begun", Integer, nullable=False, server_default="0", comment="how often a worker process took it"),
    comment="Binds one source record to each attempt: the same source is a redo, another one a duplicate.",
)
