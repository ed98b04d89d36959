"""Tables of what is in force, revocation lists and trust directories: a restarted process takes no older one."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text

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

trust_in_force = Table(
    "trust_in_force",
    metadata,
    Column("key_sha256", Text, primary_key=True, comment="thumbprint of the key that signs the directory"),
    Column("serial", Integer, nullable=False, comment="of its last change"),
    Column("change", Text, nullable=False, comment="SHA-256 of its last change"),
    Column("at", DateTime(timezone=True), nullable=False, comment="when a verifier first worked under it"),
    comment="How far the signed trust directory went that a verifier worked under; it never goes back.",
)
