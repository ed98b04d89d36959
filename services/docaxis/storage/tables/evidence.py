"""Tables of what verdicts were drawn from: shared things by their hash, once each, and what is of one verdict alone."""

from sqlalchemy import Column, DateTime, ForeignKey, LargeBinary, Table, Text, Uuid

from docaxis.storage.tables import metadata

evidence_objects = Table(
    "evidence_objects",
    metadata,
    Column("sha256", Text, primary_key=True, comment="of the content, lower-case hex"),
    Column("content", LargeBinary, nullable=False, comment="list, OCSP answer, certificate, policy, trust store"),
    Column("kept_at", DateTime(timezone=True), nullable=False),
    comment="What verdicts rest on beside the documents, by content, once each. Never updated.",
)

verdict_inputs = Table(
    "verdict_inputs",
    metadata,
    Column("event_id", Uuid, primary_key=True, comment="of the decision"),
    Column("submission_id", Uuid, nullable=False, index=True),
    Column(
        "shared",
        Text,
        ForeignKey("evidence_objects.sha256"),
        nullable=False,
        comment="object that names policy, trust store and lists",
    ),
    Column("own", LargeBinary, nullable=False, comment="canonical JSON: files, register, parties, times"),
    comment="What each verdict was drawn from, so that it can be drawn again. Never updated.",
)
