"""What existing software says of messages it fetched."""

from sqlalchemy import Column, DateTime, Table, Text, Uuid

from docaxis.storage.tables import metadata

message_states = Table(
    "message_states",
    metadata,
    Column("member", Text, primary_key=True),
    Column("message_id", Uuid, primary_key=True, comment="the delivery's id, or the event id of a report"),
    Column("state", Text, nullable=False, comment="processing, done or fail"),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    comment="Transport states as clients of edXML mark them. No decision depends on them.",
)
