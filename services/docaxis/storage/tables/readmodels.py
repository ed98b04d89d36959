"""Read models: what members and people see. Only the projector writes them, from inboxes and evidence."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid
from sqlalchemy import text as sql

from docaxis.storage.tables import metadata

MOMENT = DateTime(timezone=True)

inbox_items = Table(
    "inbox_items",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("member", Text, nullable=False),
    Column("epoch", Integer, nullable=False, comment="rises when the inbox topic is made anew"),
    Column("offset", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("delivery_id", Uuid),
    Column("version", BigInteger, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("member", "epoch", "offset"),
    Index("inbox_items_of_delivery", "delivery_id"),
    Index("inbox_items_of_submission", "submission_id", "member"),
    Index("inbox_items_received", "member", "at", "delivery_id", postgresql_where=sql("kind = 'delivery'")),
    comment="Every entry of every member's inbox, in the order of its topic.",
)

timeline = Table(
    "timeline",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("submission_id", Uuid, nullable=False),
    Column("member", Text, nullable=False, comment="the sender, who sees the whole line"),
    Column("recipient", Text, comment="the recipient who sees this entry too"),
    Column("type", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("facts", LargeBinary, nullable=False),
    Index("timeline_of_submission", "submission_id", "at"),
    comment="What evidence says happened to a submission.",
)

delivery_lines = Table(
    "delivery_lines",
    metadata,
    Column("submission_id", Uuid, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("delivery_id", Uuid),
    Column("state", Text, nullable=False),
    Column("report", Text),
    Column("step", Text, comment="how the last report related to the one before"),
    Column("version", BigInteger, nullable=False),
    Column("consigned_at", MOMENT),
    Column("handed_over_at", MOMENT),
    Column("accepted_at", MOMENT, comment="first report 03"),
    Column("returned_at", MOMENT, comment="first report 02"),
    Column("finished_at", MOMENT, comment="first report 06"),
    Column("change_version", BigInteger, comment="of what was asked last; another slot may tell it"),
    Column("change", Text, comment="what the sender last asked: recall, update or replacement"),
    Column("change_state", Text, comment="asked, agreed or refused"),
    Column("changed_by", Uuid, comment="the submission that updates or replaces, or recalls by a document of its own"),
    Column("change_asked_at", MOMENT),
    Column("change_answered_at", MOMENT),
    Column("changed_at", MOMENT, nullable=False),
    comment="One line for each recipient of a submission, as evidence tells it; applied by version.",
)

projector_positions = Table(
    "projector_positions",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False, comment="next to read"),
    comment="How far the projector has come, kept in the transaction that wrote the rows.",
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("dead_letter_id", Uuid, primary_key=True),
    Column("stage", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("record_sha256", Text, nullable=False),
    Column("submission_id", Uuid),
    Column("attempt", Integer),
    Column("cause", Text, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("replayed_at", MOMENT),
    comment="What waits for an operator.",
)
